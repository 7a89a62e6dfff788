"""The entries that xprov writes: for an architecture that the user's own entries do not ask for."""

from collections.abc import Iterable, Sequence

from xprov.apt.entry import OPTION_OF_FIELD, Style, encode_text
from xprov.records import dataclass

# Say how much an archive is trusted without, or in spite of, its signature. The user said it of one place.
_TRUST = ("Trusted", "Allow-Insecure", "Allow-Weak", "Allow-Downgrade-To-Insecure")
# Say how that one place is laid out.
_LAYOUT = ("InRelease-Path", "Snapshot", "By-Hash", "PDiffs")
# Say what to read, which differs between the architectures of one archive.
_SELECTION = (
    "Languages",
    "Languages-Add",
    "Languages-Remove",
    "Targets",
    "Targets-Add",
    "Targets-Remove",
)
# apt reads these in the one-line style alone, and refuses two entries of one suite that differ in them
# (measured with apt 2.6; apt-pkg/sourcelist.cc maps no such field).
_ONE_LINE_ONLY = ("Allow-Insecure", "Allow-Weak", "Allow-Downgrade-To-Insecure", "InRelease-Path")

Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One package index that apt is to read, with the options of its entry (names of the stanza style)."""

    uri: str
    suite: str
    component: str
    architecture: str
    style: Style = Style.STANZA
    options: Options = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stanza:
    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    architectures: tuple[str, ...]
    style: Style
    options: Options


def carried_options(options: Options, *, home: bool, old: bool) -> Options:
    """Return those of an entry's options that hold for another architecture of the same archive.

    On the same host (`home`) apt demands the same ones; elsewhere trust and layout do not go along. The host of
    `old` releases signs them once and for all, so that the date until which they are valid has passed.
    """
    dropped = _SELECTION if home else (*_SELECTION, *_TRUST, *_LAYOUT)
    kept = tuple((name, value) for name, value in options if name in OPTION_OF_FIELD and name not in dropped)
    if home or not old:
        return kept
    return (*(pair for pair in kept if pair[0] != "Check-Valid-Until"), ("Check-Valid-Until", "no"))


def dropped_trust(options: Options) -> tuple[str, ...]:
    """Return the options by which the user lowered the trust that a place needs, as they were written."""
    return tuple(f"{name}: {value}" for name, value in options if name in _TRUST)


def style_of(style: Style, options: Options) -> Style:
    """Return the style to write a source in, when the user wrote its like in `style`.

    That is a stanza, but for options that only a line can have, and where no key is named: of a stanza without one
    apt complains (since 2.9, apt-private/private-update.cc), of a line it does not.
    """
    names = [name for name, _ in options]
    if style is Style.STANZA or ("Signed-By" in names and not any(name in _ONE_LINE_ONLY for name in names)):
        return Style.STANZA
    return Style.ONE_LINE


def foreign_stanzas(sources: Iterable[Source], *, native: str, header: str) -> bytes:
    """Return the content of a `.sources` file with `sources`, and `header` as the comment on top.

    Stanzas without `native` ask for package indices of their architectures and nothing else: what all
    architectures share is read by the native entry, and apt warns when two entries ask for one file.
    """
    stanzas = [_stanza_text(stanza, native) for stanza in _grouped(sources)]
    return encode_text("\n".join((f"# {header}\n", *stanzas)))


def foreign_lines(sources: Iterable[Source], *, native: str, header: str) -> bytes:
    """Return the same as `foreign_stanzas` in the one-line style."""
    lines = [_line(stanza, suite, native) for stanza in _grouped(sources) for suite in stanza.suites]
    return encode_text("".join((f"# {header}\n", *lines)))


def _grouped(sources: Iterable[Source]) -> tuple[_Stanza, ...]:
    """Return as few stanzas as say the same."""
    architectures: dict[tuple[str, str, str, Style, Options], dict[str, None]] = {}
    for source in sources:
        key = (source.uri, source.suite, source.component, source.style, source.options)
        architectures.setdefault(key, {})[source.architecture] = None
    components: dict[tuple[str, str, tuple[str, ...], Style, Options], list[str]] = {}
    for (uri, suite, component, style, options), names in architectures.items():
        components.setdefault((uri, suite, tuple(names), style, options), []).append(component)
    suites: dict[tuple[str, tuple[str, ...], tuple[str, ...], Style, Options], list[str]] = {}
    for (uri, suite, found, style, options), listed in components.items():
        suites.setdefault((uri, tuple(listed), found, style, options), []).append(suite)
    return tuple(
        _Stanza(uri=uri, suites=tuple(named), components=listed, architectures=found, style=style, options=options)
        for (uri, listed, found, style, options), named in suites.items()
    )


def _selection(stanza: _Stanza, native: str) -> Options:
    only = (("Languages", "none"), ("Targets", "Packages"))
    return only if native in stanza.architectures else (("Architectures-Remove", "all"), *only)


def _stanza_text(stanza: _Stanza, native: str) -> str:
    fields = (
        ("Types", "deb"),
        ("URIs", stanza.uri),
        ("Suites", " ".join(stanza.suites)),
        ("Components", " ".join(stanza.components)),
        ("Architectures", " ".join(stanza.architectures)),
        *_selection(stanza, native),
        *stanza.options,
    )
    return "".join(
        f"{name}: {value}\n" if not value.startswith("\n") else f"{name}:{value}\n" for name, value in fields
    )


def _line(stanza: _Stanza, suite: str, native: str) -> str:
    chosen: Sequence[tuple[str, str]] = (
        ("Architectures", ",".join(stanza.architectures)),
        *_selection(stanza, native),
        *stanza.options,
    )
    options = " ".join(f"{OPTION_OF_FIELD[name]}={value}" for name, value in chosen)
    return f"deb [{options}] {stanza.uri} {suite} {' '.join(stanza.components)}\n"
