"""Folders that are filled under a name that nobody looks for, and what killed processes have left of them."""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

PRUNED = ".pruned-"
"""What `prune` is removing. It works alone: whoever meets one while the cache is in use knows that `prune` is dead."""

_STAGING = ".staging-"
# Inside of each: locked while somebody works there. A file, not the folder: over NFS only files are locked for all.
_LOCK = ".lock"

# What has no lock of its own and was not written to for so long, in seconds, is nobody's any more.
_FORGOTTEN = 86400.0


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Give a new folder in `folder` that no other process sweeps away. At the end it goes away with what is in it."""
    staging, lock = _locked(folder)
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        os.close(lock)


def _locked(folder: Path) -> tuple[Path, int]:
    import tempfile  # noqa: PLC0415 - slow to import, and nothing is made where all is there

    while True:
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=folder))
        lock = os.open(staging / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # Where a file system has no locks, nobody can sweep either.
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        # Another process may have swept the folder away between its lock's making and its locking.
        if (staging / _LOCK).exists():
            return staging, lock
        os.close(lock)


def sweep(folder: Path) -> None:
    """Remove from `folder` what processes that were killed have left, and nothing that one works in.

    The caller keeps `prune` away (`Cache.used`).
    """
    for path in leftovers(folder):
        # Another process may be sweeping too, or it is another user's.
        with contextlib.suppress(OSError):
            _sweep(path)


def leftovers(folder: Path) -> tuple[Path, ...]:
    """Return what is in `folder` under a name that nobody looks for: half done, by a process that works or is dead."""
    try:
        with os.scandir(folder) as entries:
            # Asked of names alone: there may be thousands of entries.
            return tuple(Path(entry.path) for entry in entries if entry.name.startswith("."))
    except FileNotFoundError:
        return ()


def _sweep(path: Path) -> None:
    if path.name.startswith(PRUNED):
        discard(path)
        return
    is_staging = path.name.startswith(_STAGING) and path.is_dir()
    try:
        # No link is followed, and nothing is made.
        lock = os.open(path / _LOCK if is_staging else path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        # A folder whose lock is not made yet, or one without.
        if _is_forgotten(path):
            discard(path)
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_staging or _is_forgotten(path):
            discard(path)
    finally:
        os.close(lock)


def discard(path: Path) -> None:
    """Remove a file or a folder, as far as that is possible."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_forgotten(path: Path) -> bool:
    return time.time() - path.lstat().st_mtime > _FORGOTTEN
