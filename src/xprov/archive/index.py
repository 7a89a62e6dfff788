"""The Packages indices of an archive as look-up files: a stanza by name, in a fraction of a millisecond.

An index has some 60,000 stanzas, of which a library needs a few dozen. So it is decompressed once, without being
understood, into a file that is named by the index's hash: pieces of some 60 kB, and a sorted table of which names are
in which. python-debian reads only the stanzas that are asked for.
"""

from __future__ import annotations

import bisect
import contextlib
import functools
import itertools
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, final

from xprov.archive.blocks import BlockReader, BlockWriter, open_blocks
from xprov.archive.candidate import Candidate, parse_candidate
from xprov.archive.stanzas import names_in, pieces, providers_of, stanzas_of
from xprov.cache.trouble import explained
from xprov.errors import VerificationError, XprovError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import IO

# Part of the file's name: a file of another form is not read.
_FORM = 2
# How many lines of the table are a block.
_LINES = 256
# Lines of the table: the largest index has 130,000.
_MOST = 1_000_000
# A package and what it provides are asked for one after the other.
_KEPT = 8


@final
class Index:
    """One index, by way of its look-up file, which stays open until `close` or the end of a `with`.

    Raises `XprovError` from a look-up that meets damage; the file is removed then, to be built again.
    """

    def __init__(self, blocks: BlockReader) -> None:
        self._blocks = blocks
        # The first line of each block of the table, which follows the pieces.
        self._firsts = blocks.note.splitlines()
        self._piece = functools.lru_cache(_KEPT)(blocks.read)

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def stanzas(self, name: str) -> tuple[bytes, ...]:
        """Return the stanzas of the packages that are called `name`: as a rule one, in the order of the index."""
        key = _key(name)
        return tuple(stanza for piece in self._pieces(key) for stanza in stanzas_of(piece, key))

    def providers(self, name: str) -> tuple[str, ...]:
        """Return the names of the packages that provide `name`, in the order of the index."""
        key = _key(name)
        owners = (owner for piece in self._pieces(key) for owner in providers_of(piece, key))
        return tuple(owner.decode("utf-8", "surrogateescape") for owner in dict.fromkeys(owners))

    def close(self) -> None:
        self._blocks.close()

    def _pieces(self, key: bytes) -> Iterator[bytes]:
        """Yield the pieces in which `key` is the name of a package, or is provided by one."""
        # A name stands in the table as often as in a piece: sets would cost the order in which it is quick to sort.
        numbers = dict.fromkeys(int(line[len(key) + 1 :], 16) for line in self._lines(key + b"\t"))
        return map(self._piece, numbers)

    def _lines(self, head: bytes) -> Iterator[bytes]:
        """Yield the lines of the table that begin with `head`."""
        table = len(self._blocks) - len(self._firsts)
        first = max(bisect.bisect_left(self._firsts, head) - 1, 0)
        for number, opening in enumerate(self._firsts[first:], first):
            if number > first and not opening.startswith(head):
                return
            lines = self._blocks.read(table + number).split(b"\n")
            for line in itertools.islice(lines, bisect.bisect_left(lines, head), None):
                if not line.startswith(head):
                    return
                yield line


def open_index(folder: Path, sha256: str) -> Index | None:
    """Return the index whose look-up file is in `folder`, or None when it has to be built.

    `sha256` is the hash of the index as it was fetched, in hexadecimal digits.
    """
    blocks = open_blocks(_path(folder, sha256))
    return Index(blocks) if blocks is not None else None


def build_index(folder: Path, sha256: str, packed: Path) -> Index:
    """Write the look-up file of an index that was verified, and open it; one that is there already is taken.

    `packed` is the index as it was fetched, `sha256` its hash: compressed by xz, by gzip, or not at all.

    Raises `VerificationError` when it cannot be decompressed, or is absurdly large; `XprovError` when it cannot be
    read, or the look-up file not written.
    """
    from xprov.archive.chunks import chunks  # noqa: PLC0415 - not needed once the file is there

    if (present := open_index(folder, sha256)) is not None:
        return present
    try:
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with _replacing(_path(folder, sha256)) as file:
                _write(file, chunks(packed))
    except OSError as error:
        place = error.filename or folder
        raise XprovError(f"a package index cannot be unpacked: `{place}`: {error.strerror or error}") from error
    built = open_index(folder, sha256)
    if built is None:
        raise XprovError(f"a package index that was written to `{folder}` cannot be read")
    return built


def _path(folder: Path, sha256: str) -> Path:
    return folder / f"{sha256}.{_FORM}.index"


def _key(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """Give a file of another name, which takes the place of `path` in one step, or goes away."""
    handle, name = tempfile.mkstemp(prefix=".index-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _write(file: IO[bytes], chunks: Iterable[bytes]) -> None:
    blocks = BlockWriter(file)
    table: list[bytes] = []
    for piece in pieces(chunks):
        # Of one width, so that lines of the same name sort by their pieces.
        number = b"\t%06x" % len(blocks)
        table += [name + number for name in names_in(piece)]
        if len(table) > _MOST:
            raise VerificationError(f"a package index has more than {_MOST:,} names")
        blocks.add(piece)
    table.sort()
    for start in range(0, len(table), _LINES):
        blocks.add(b"\n".join(table[start : start + _LINES]))
    blocks.finish(b"\n".join(table[::_LINES]))


class Archive:
    """Several indices as one: a suite with its updates and security, each of its components, for one architecture.

    Each comes with a label of where its packages are fetched from, which their candidates bear as `origin`. Of
    packages of the same name the highest version counts, and of the same version the one of the first index.
    """

    def __init__(self, parts: Sequence[tuple[str, Index]]) -> None:
        self._parts = tuple(parts)
        self._highest = functools.cache(self._find)

    def look_up(self, name: str) -> tuple[Candidate, ...]:
        """Return the package that is called `name`, and those that provide it."""
        providers = dict.fromkeys(provider for _, index in self._parts for provider in index.providers(name))
        found = (self._highest(each) for each in dict.fromkeys((name, *providers)))
        return tuple(candidate for candidate in found if candidate is not None and _is_or_provides(candidate, name))

    def _find(self, name: str) -> Candidate | None:
        from debian.debian_support import version_compare  # noqa: PLC0415 - slow to import

        best: Candidate | None = None
        for origin, stanza in ((origin, stanza) for origin, index in self._parts for stanza in index.stanzas(name)):
            candidate = parse_candidate(stanza, origin)
            if best is None or version_compare(candidate.package.version, best.package.version) > 0:
                best = candidate
        return best


def _is_or_provides(candidate: Candidate, name: str) -> bool:
    """Return whether `candidate` answers to `name`: a higher version may have ceased to provide it."""
    return name in (candidate.name, *(offer.name for offer in candidate.package.provides))
