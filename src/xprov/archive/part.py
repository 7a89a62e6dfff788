"""The file that a download grows in, `.<sha256>.part`: held by one process at a time, taken up again by the next.

It gets its name only when its content was verified, by rename. There is no `fsync`: after a power cut a file may have
its name and not all its bytes, but then its size says so (ext4, xfs and btrfs count bytes when they are on the disk).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from typing import TYPE_CHECKING

from xprov.errors import XprovError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CHUNK = 1 << 20


class Part:
    """A part file that is open and locked. `size` is in bytes; `mixed` says that it has come in several pieces."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self.size = 0
        self._hash = hashlib.sha256()
        while data := os.read(descriptor, _CHUNK):
            self._count(data)
        self.mixed = self.size > 0

    @property
    def sha256(self) -> str:
        """The hash of what is there so far, in hexadecimal digits."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        """Add `data` at the end."""
        left = memoryview(data)
        while left:
            left = left[os.write(self._descriptor, left) :]
        self._count(data)

    def clear(self) -> None:
        """Begin again with nothing."""
        if self.size:
            # ext4 writes a file that was cut to nothing to the disk when it is closed (auto_da_alloc, ext4(5)), and
            # takes seconds of a processor for that where it was empty before, as for each of 200 packages.
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
        self.size, self.mixed, self._hash = 0, False, hashlib.sha256()

    def publish(self, place: Path) -> None:
        """Give the file its name."""
        self.path.rename(place)

    def _count(self, data: bytes) -> None:
        self._hash.update(data)
        self.size += len(data)


@contextlib.contextmanager
def held(path: Path, is_there: Callable[[], bool], wait: Callable[[], None]) -> Iterator[Part | None]:
    """Give the part file at `path`, which nobody else has until the block ends; None when `is_there` says so.

    `wait` is called again and again while another has it. One that is of no use is removed.
    """
    descriptor = _locked(path, wait)
    try:
        # Who had it may have finished, and this be the file itself under its own name: then it is not to be touched.
        while not _is_at(path, descriptor):
            os.close(descriptor)
            descriptor = -1
            descriptor = _locked(path, wait)
        if is_there():
            path.unlink()
            yield None
            return
        yield Part(path, descriptor)
    finally:
        if descriptor >= 0:
            _let_go(path, descriptor)


def _let_go(path: Path, descriptor: int) -> None:
    with contextlib.suppress(OSError):
        if os.fstat(descriptor).st_size == 0 and _is_at(path, descriptor):
            path.unlink()
    os.close(descriptor)


def _locked(path: Path, wait: Callable[[], None]) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        while not _lock(descriptor, path):
            wait()
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _lock(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise XprovError(
            f"`{path}` cannot be locked: {error.strerror}", hint="name a folder on a local disk in XPROV_CACHE_DIR"
        ) from error
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        there = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))
