"""A file of numbered blocks, each with a checksum: what is not as it was written is noticed, and not used.

    the blocks, one behind the other
    the directory: the length and the CRC-32 of each, and a few bytes for whoever writes the file
    the footer: how many blocks, the directory's length and CRC-32, a word

It is opened by reading its end alone. A file that was cut off, or never written out before a loss of power, has no
right footer; a block that changed later has the wrong sum. Nothing here is a secret: who may write to the cache may
write right sums.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import struct
import zlib
from typing import IO, TYPE_CHECKING

from xprov.errors import XprovError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FOOTER = struct.Struct("<IQI8s")
_WORD = b"xprov\0\r\n"
_ENTRY = 8


class BlockWriter:
    """Writes blocks to `file`, and at the end their directory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._lengths: list[int] = []
        self._sums: list[int] = []

    def __len__(self) -> int:
        return len(self._sums)

    def add(self, block: bytes) -> None:
        """Write the next block."""
        self._lengths.append(len(block))
        self._sums.append(zlib.crc32(block))
        self._file.write(block)

    def finish(self, note: bytes) -> None:
        """Write the directory, and `note` in it."""
        count = len(self)
        directory = struct.pack(f"<{2 * count}I", *self._lengths, *self._sums) + note
        self._file.write(directory)
        self._file.write(_FOOTER.pack(count, len(directory), zlib.crc32(directory), _WORD))


class BlockReader:
    """Reads blocks of the file at `path`, which is open until `close`. `note` is what was left for the reader."""

    def __init__(self, path: Path, file: IO[bytes], lengths: Sequence[int], sums: Sequence[int], note: bytes) -> None:
        self._path, self._file = path, file
        self._lengths, self._sums = lengths, sums
        self._starts = list(itertools.accumulate(lengths, initial=0))
        self.note = note

    def __len__(self) -> int:
        return len(self._sums)

    def read(self, number: int) -> bytes:
        """Return a block. Raises `XprovError`, and removes the file, when it is not as it was written."""
        with contextlib.suppress(OSError):
            block = os.pread(self._file.fileno(), self._lengths[number], self._starts[number])
            if zlib.crc32(block) == self._sums[number]:
                return block
        with contextlib.suppress(OSError):
            self._path.unlink()
        raise XprovError(f"`{self._path}` was damaged, and is removed", hint="run the same command again")

    def close(self) -> None:
        self._file.close()


def open_blocks(path: Path) -> BlockReader | None:
    """Return a reader of the file at `path`; None where there is no file, or one that is not complete."""
    try:
        file = path.open("rb", buffering=0)
    except OSError:
        return None
    with contextlib.ExitStack() as kept:
        kept.enter_context(file)
        found = _directory(file.fileno())
        if found is None:
            return None
        kept.pop_all()
    count, directory = found
    numbers = struct.unpack_from(f"<{2 * count}I", directory)
    return BlockReader(path, file, numbers[:count], numbers[count:], directory[count * _ENTRY :])


def _directory(file: int) -> tuple[int, bytes] | None:
    """Return how many blocks there are, and the directory, when all fits together to the last byte."""
    try:
        size = os.fstat(file).st_size
        end = os.pread(file, _FOOTER.size, max(size - _FOOTER.size, 0))
        if len(end) < _FOOTER.size:
            return None
        count, length, checksum, word = _FOOTER.unpack(end)
        start = size - _FOOTER.size - length
        if word != _WORD or start < 0 or length < count * _ENTRY:
            return None
        directory = os.pread(file, length, start)
    except OSError:
        return None
    if zlib.crc32(directory) != checksum or sum(struct.unpack_from(f"<{count}I", directory)) != start:
        return None
    return count, directory
