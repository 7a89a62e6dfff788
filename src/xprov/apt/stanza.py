"""Sources in the stanza style (`*.sources`): fields and values, stanzas parted by empty lines.

Taken apart here and not by python-debian, whose byte-keeping parser (`debian._deb822_repro` 1.1.1) ends a stanza at a
line of blanks where apt goes on, gives a file without a final newline one, and refuses bytes that are not UTF-8. The
rules are those of apt-pkg/tagfile.cc: a line that starts with `#` is not there, a line that starts with a blank
belongs to the field above, a line with nothing in it (a carriage return is nothing) ends the stanza, and of two
fields of one name the last one counts.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field  # noqa: TID251 - it has what changes

from xprov.apt.entry import ADD, ARCHITECTURES, FIELD_OF_OPTION, REMOVE, Entry, SourcesFile, Style, encode_text

_BLANK = " \t\v\f\r"
_WORD = re.compile(r"[^ \t\n\v\f\r]+")
_TYPES = ("deb", "deb-src")
# What apt takes for no (apt-pkg/contrib/strutl.cc, `StringToBool`); anything else leaves the stanza switched on.
_NO = ("no", "false", "without", "off", "disable", "0")
_OWN_FIELDS = ("enabled", "types", "uris", "suites", "components")
_FIELD_NAMES = {name.lower(): name for name in FIELD_OF_OPTION.values()}


@dataclass(kw_only=True, slots=True)
class _Field:
    """A field: its name as written, its value lines without comments, and the index of its last line in the file."""

    name: str
    values: list[str]
    last: int

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(_WORD.findall("\n".join(self.values)))

    @property
    def text(self) -> str:
        first, *rest = self.values
        return "\n".join((first.strip(), *(line.rstrip() for line in rest))).rstrip()


@dataclass(kw_only=True, slots=True)
class _Stanza:
    """A stanza: where it begins, and its fields by their name in small letters."""

    line: int
    fields: dict[str, _Field] = field(default_factory=dict)

    def words(self, name: str) -> tuple[str, ...]:
        found = self.fields.get(name.lower())
        return found.words if found else ()


def parse(file: SourcesFile) -> tuple[Entry, ...]:
    """Return the entries of a file in the stanza style. Raises `UsageError` naming file and line."""
    return tuple(_entry(file, stanza) for stanza in _stanzas(file))


def restrict(file: SourcesFile, architectures: Sequence[str]) -> bytes:
    """Return the file's bytes with `architectures` set wherever packages are read and none are set."""
    lines = file.text.split("\n")
    for stanza in _stanzas(file):
        entry = _entry(file, stanza)
        if entry.is_binary and entry.architectures is None:
            last = (stanza.fields.get("components") or stanza.fields["suites"]).last
            lines[last] = _followed(lines, last, f"{ARCHITECTURES}: {' '.join(architectures)}")
    return encode_text("\n".join(lines))


def _followed(lines: Sequence[str], index: int, added: str) -> str:
    """Return a line and the one added below it; where the file ends without a newline, it still does."""
    line = lines[index]
    ending = "\r" if line.endswith("\r") else ""
    is_unfinished = index == len(lines) - 1
    between = "\r" if ending or (is_unfinished and lines[index - 1].endswith("\r")) else ""
    return f"{line.removesuffix(ending)}{between}\n{added}{ending}"


def _stanzas(file: SourcesFile) -> Iterator[_Stanza]:
    stanza: _Stanza | None = None
    current: _Field | None = None
    for index, line in enumerate(file.text.split("\n")):
        if line.startswith("#"):
            continue
        if not line.strip("\r"):
            if stanza:
                yield stanza
            stanza = current = None
        elif line[0] in _BLANK:
            if current:
                current.values.append(line.removesuffix("\r"))
                current.last = index if line.strip(_BLANK) else current.last
        else:
            current = _field(file, index, line)
            stanza = stanza or _Stanza(line=index + 1)
            stanza.fields[current.name.lower()] = current
    if stanza:
        yield stanza


def _field(file: SourcesFile, index: int, line: str) -> _Field:
    name, colon, value = line.partition(":")
    if not colon:
        raise file.error(index + 1, f"`{line.strip()}` is not of the form `Field: value`")
    return _Field(name=name.rstrip(_BLANK), values=[value.removesuffix("\r")], last=index)


def _entry(file: SourcesFile, stanza: _Stanza) -> Entry:
    has_base = ARCHITECTURES.lower() in stanza.fields
    entry = Entry(
        path=file.path,
        line=stanza.line,
        style=Style.STANZA,
        enabled=" ".join(stanza.words("enabled")).lower() not in _NO,
        types=stanza.words("types"),
        uris=stanza.words("uris"),
        suites=stanza.words("suites"),
        components=stanza.words("components"),
        architectures=stanza.words(ARCHITECTURES) if has_base else None,
        architectures_add=stanza.words(ADD),
        architectures_remove=stanza.words(REMOVE),
        options=tuple(_options(stanza)),
    )
    _check(file, entry)
    return entry


def _options(stanza: _Stanza) -> Iterator[tuple[str, str]]:
    not_options = (*_OWN_FIELDS, ARCHITECTURES.lower(), ADD.lower(), REMOVE.lower())
    for key, found in stanza.fields.items():
        if key not in not_options:
            yield _FIELD_NAMES.get(key, found.name), found.text


def _check(file: SourcesFile, entry: Entry) -> None:
    """Raise `UsageError` where apt could not read the stanza; what is switched off needs types alone."""
    if not entry.types:
        raise file.error(entry.line, "the stanza has no `Types`")
    if unknown := [kind for kind in entry.types if kind not in _TYPES]:
        raise file.error(entry.line, f"the type `{unknown[0]}` is not one that apt knows (`deb`, `deb-src`)")
    if not entry.enabled:
        return
    for name, words in (("URIs", entry.uris), ("Suites", entry.suites)):
        if not words:
            raise file.error(entry.line, f"the stanza has no `{name}`")
    if wrong := [uri for uri in entry.uris if ":" not in uri]:
        raise file.error(entry.line, f"`{wrong[0]}` is not a URI")
    paths = [suite for suite in entry.suites if suite.endswith("/")]
    if paths and entry.components:
        raise file.error(entry.line, f"`{paths[0]}` ends with a slash, which is a path, and a path has no components")
    if len(paths) < len(entry.suites) and not entry.components:
        raise file.error(entry.line, "the stanza has no `Components`")
