"""The Packages indices of an archive as small look-up files: a stanza by name, in a millisecond.

An index has some 60,000 stanzas, of which a library needs a few dozen. So it is split without being understood, once,
into an SQLite file that is named by the index's hash; python-debian reads only the stanzas that are asked for.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from xprov.archive.candidate import Candidate, parse_candidate
from xprov.errors import VerificationError, XprovError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

# Part of the file's name: a file of another form is not read.
_FORM = 1
_CHUNK = 1 << 20
_COMPLETE = 0x78707276  # "xprv": what a file says of itself, written last

_SCHEMA = """
CREATE TABLE stanza (name TEXT, raw BLOB);
CREATE TABLE offer (name TEXT, provider TEXT);
"""
_KEYS = f"""
CREATE INDEX stanza_name ON stanza (name);
CREATE INDEX offer_name ON offer (name);
PRAGMA application_id = {_COMPLETE};
"""

_NAME = re.compile(rb"^Package:[ \t]*(\S+)", re.MULTILINE)
_PROVIDES = re.compile(rb"\nProvides:((?:[^\n]|\n[ \t])*)")

_XZ, _GZIP = b"\xfd7zXZ\0", b"\x1f\x8b"


class Index:
    """One index, by way of its look-up file, which stays open until `close`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def stanzas(self, name: str) -> tuple[bytes, ...]:
        """Return the stanzas of the packages that are called `name`: as a rule one, in the order of the index."""
        return tuple(raw for (raw,) in self._ask("SELECT raw FROM stanza WHERE name = ? ORDER BY rowid", name))

    def providers(self, name: str) -> tuple[str, ...]:
        """Return the names of the packages that provide `name`, in the order of the index."""
        rows = self._ask("SELECT provider FROM offer WHERE name = ? ORDER BY rowid", name)
        return tuple(dict.fromkeys(str(provider) for (provider,) in rows))

    def close(self) -> None:
        self._connection.close()

    def _ask(self, question: str, name: str) -> list[tuple[bytes]]:
        import sqlite3  # noqa: PLC0415 - slow to import

        try:
            return self._connection.execute(question, (name,)).fetchall()
        except sqlite3.DatabaseError as error:
            hint = "remove xprov's cache of indices, and try again"
            raise XprovError(f"a cached package index is damaged: {error}", hint=hint) from error


def open_index(folder: Path, sha256: str) -> Index | None:
    """Return the index whose look-up file is in `folder`, or None when it has to be built.

    `sha256` is the hash of the index as it was fetched, in hexadecimal digits.
    """
    import sqlite3  # noqa: PLC0415 - slow to import

    path = _path(folder, sha256)
    if not path.is_file():
        return None
    # Nobody writes to the file once it has its name: no locks are needed, and a read-only cache will do.
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
    try:
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    except sqlite3.DatabaseError:
        mark = pages = size = 0
    if mark == _COMPLETE and pages * size == path.stat().st_size:
        return Index(connection)
    connection.close()
    return None


def build_index(folder: Path, sha256: str, content: bytes) -> Index:
    """Write the look-up file of an index that was verified, and open it; one that is there already is taken.

    `content` is the index as it was fetched, `sha256` its hash: compressed by xz, by gzip, or not at all.

    Raises `VerificationError` when it cannot be decompressed, `XprovError` when the file cannot be written.
    """
    import sqlite3  # noqa: PLC0415 - slow to import

    if (present := open_index(folder, sha256)) is not None:
        return present
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _replacing(_path(folder, sha256)) as path:
            _write(path, content)
    except (OSError, sqlite3.OperationalError) as error:
        reason = getattr(error, "strerror", None) or error
        raise XprovError(f"a package index cannot be written to `{folder}`: {reason}") from error
    built = open_index(folder, sha256)
    if built is None:
        raise XprovError(f"a package index that was written to `{folder}` cannot be read")
    return built


def _path(folder: Path, sha256: str) -> Path:
    return folder / f"{sha256}.{_FORM}.sqlite"


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a file of another name, which takes the place of `path` in one step, or goes away."""
    handle, name = tempfile.mkstemp(prefix=".index-", dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _write(path: Path, content: bytes) -> None:
    import sqlite3  # noqa: PLC0415 - slow to import

    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # A file that is not finished has no name that anyone looks for, so it needs no journal.
        connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA}")
        connection.execute("BEGIN")
        for stanzas in _split(_decompressed(content)):
            named = [(match[1].decode(), raw) for raw in stanzas if (match := _NAME.search(raw))]
            connection.executemany("INSERT INTO stanza VALUES (?, ?)", named)
            offers = ((offer, name) for name, raw in named if b"\nProvides:" in raw for offer in _offers(raw))
            connection.executemany("INSERT INTO offer VALUES (?, ?)", offers)
        connection.execute("COMMIT")
        connection.executescript(_KEYS)


def _split(chunks: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Yield the stanzas of each chunk, which empty lines part."""
    rest = b""
    for chunk in chunks:
        *stanzas, rest = (rest + chunk).split(b"\n\n")
        yield stanzas
    yield [rest]


def _offers(stanza: bytes) -> Iterator[str]:
    match = _PROVIDES.search(stanza)
    for word in match[1].decode("utf-8", "surrogateescape").split(",") if match else ():
        if name := re.split(r"[\s(:]", word.strip(), maxsplit=1)[0]:
            yield name


def _decompressed(content: bytes) -> Iterator[bytes]:
    import lzma  # noqa: PLC0415 - not needed once the file is there
    import zlib  # noqa: PLC0415

    try:
        with _opened(content) as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except (EOFError, lzma.LZMAError, zlib.error, OSError) as error:
        raise VerificationError(f"a package index cannot be decompressed: {error}") from error


def _opened(content: bytes) -> IO[bytes]:
    import gzip  # noqa: PLC0415 - not needed once the file is there
    import io  # noqa: PLC0415
    import lzma  # noqa: PLC0415

    file = io.BytesIO(content)
    if content.startswith(_XZ):
        return lzma.open(file)
    return gzip.open(file) if content.startswith(_GZIP) else file  # type: ignore[return-value]


class Archive:
    """Several indices as one: a suite with its updates and security, each of its components, for one architecture.

    Of packages of the same name the highest version counts, and of the same version the one of the first index.
    """

    def __init__(self, indices: Sequence[Index]) -> None:
        self._indices = tuple(indices)
        self._highest = functools.cache(self._find)

    def look_up(self, name: str) -> tuple[Candidate, ...]:
        """Return the package that is called `name`, and those that provide it."""
        providers = dict.fromkeys(provider for index in self._indices for provider in index.providers(name))
        found = (self._highest(each) for each in dict.fromkeys((name, *providers)))
        return tuple(candidate for candidate in found if candidate is not None and _is_or_provides(candidate, name))

    def _find(self, name: str) -> Candidate | None:
        from debian.debian_support import version_compare  # noqa: PLC0415 - slow to import

        best: Candidate | None = None
        for stanza in (stanza for index in self._indices for stanza in index.stanzas(name)):
            candidate = parse_candidate(stanza)
            if best is None or version_compare(candidate.package.version, best.package.version) > 0:
                best = candidate
        return best


def _is_or_provides(candidate: Candidate, name: str) -> bool:
    """Return whether `candidate` answers to `name`: a higher version may have ceased to provide it."""
    return name in (candidate.name, *(offer.name for offer in candidate.package.provides))
