"""The files that apt reads its sources from: find them, take them apart, keep foreign architectures off them."""

from collections.abc import Sequence
from pathlib import Path

from xprov.apt.entry import Entry, SourcesFile, Style
from xprov.errors import XprovError

MAIN_FILE = Path("etc/apt/sources.list")
PARTS_FOLDER = Path("etc/apt/sources.list.d")
_SUFFIXES = (Style.ONE_LINE.value, Style.STANZA.value)
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:.")


def read_sources(root: Path = Path("/")) -> tuple[SourcesFile, ...]:
    """Return the files that apt below `root` reads, in its order; those that it ignores are left out.

    Raises `XprovError` when one of them cannot be read.
    """
    main = root / MAIN_FILE
    parts = root / PARTS_FOLDER
    found = sorted(path for path in parts.iterdir() if is_read_by_apt(path.name)) if parts.is_dir() else []
    return tuple(_read(path) for path in (main, *found) if path.is_file())


def is_read_by_apt(name: str) -> bool:
    """Return whether apt reads a file called `name` in sources.list.d.

    As in apt-pkg/contrib/fileutl.cc (`GetListOfFilesInDir`): not hidden, ASCII letters, digits and `_-:.` alone,
    and one of two endings.
    """
    return (
        not name.startswith(".")
        and name.endswith(_SUFFIXES)
        and name not in _SUFFIXES
        and _NAME_CHARACTERS.issuperset(name)
    )


def parse(file: SourcesFile) -> tuple[Entry, ...]:
    """Return the entries of `file`, those that are switched off too, in its order.

    Raises `UsageError` that names file and line where apt could not read it.
    """
    from xprov.apt import oneline, stanza  # noqa: PLC0415 - not needed by who compares files only

    return stanza.parse(file) if file.style is Style.STANZA else oneline.parse(file)


def restrict(file: SourcesFile, architectures: Sequence[str]) -> bytes:
    """Return the bytes of `file` with `architectures` set in each entry that has none of its own.

    Entries that are switched off, or of source code alone, and every byte outside the addition stay. Where an entry
    only adds to or removes from the default, the default is what gets set: apt then adds and removes as before. Of
    a file that was restricted before, the same bytes come back.

    Raises `UsageError` that names file and line where apt could not read it.
    """
    from xprov.apt import oneline, stanza  # noqa: PLC0415 - see parse

    if file.style is Style.STANZA:
        return stanza.restrict(file, architectures)
    return oneline.restrict(file, architectures)


def _read(path: Path) -> SourcesFile:
    try:
        return SourcesFile(path=path, content=path.read_bytes())
    except OSError as error:
        raise XprovError(
            f"`{path}` cannot be read: {error.strerror}", hint="apt must be able to read it; see its permissions"
        ) from error
