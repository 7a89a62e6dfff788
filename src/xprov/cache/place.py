"""Where the cache is, and the lock that everybody who uses it holds together, and `prune` alone."""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from xprov.cache.staging import sweep
from xprov.cache.trouble import VARIABLE, explained
from xprov.errors import XprovError
from xprov.records import dataclass

# The tag by which backup programs know a cache, and what it has to begin with (https://bford.info/cachedir/).
_TAG = "CACHEDIR.TAG"
_TAG_TEXT = b"""Signature: 8a477f597d28d172789f06886806bc55
# What xprov has fetched. It can be removed at any time: `xprov cache prune` does so while nobody uses it.
"""

_LOCK = ".lock"

# For how long a run waits for `prune`, which takes seconds, and `prune` for those who fetch. In seconds.
USE_PATIENCE = 300.0
PRUNE_PATIENCE = 60.0
LOCK_INTERVAL = 0.05

# A file system that knows no locks says one of these.
_LOCKLESS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cache:
    """The folder of what was fetched, by kind. What is in it never changes: it is there complete or not at all."""

    path: Path

    @property
    def releases(self) -> Path:
        return self.path / "releases"

    @property
    def indices(self) -> Path:
        return self.path / "indices"

    @property
    def debs(self) -> Path:
        return self.path / "debs"

    @property
    def trees(self) -> Path:
        return self.path / "trees"

    @property
    def kinds(self) -> tuple[Path, ...]:
        """Return the folder of every kind, in the order in which a run needs them."""
        return (self.releases, self.indices, self.debs, self.trees)

    @property
    def kept(self) -> tuple[Path, ...]:
        """Return the folder of every kind that builds in containers leave for the next one. Made when it is needed.

        What was provisioned for an image, what an image answered, cargo's downloads, what cargo compiled, and tools
        that images lack.
        """
        return tuple(self.path / name for name in ("homes", "images", "cargo", "targets", "rustup", "rust", "tools"))

    @contextlib.contextmanager
    def used(self, on_wait: Callable[[], None]) -> Iterator[None]:
        """Make the cache if it is not there, and keep `prune` away until the block ends. Many may use it at once.

        One that is complete and read-only is used as it is. `on_wait` is called once when another process is pruning.
        Raises `XprovError` when the cache can neither be made nor read, or the other process does not end.
        """
        with explained(self.path):
            self._make()
            lock = self._open_lock()
        if lock is None:
            yield
            return
        try:
            self._wait(lock, fcntl.LOCK_SH, on_wait)
            for folder in self.kinds:
                sweep(folder)
            yield
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def alone(self, on_wait: Callable[[], None]) -> Iterator[None]:
        """Keep all others out until the block ends: what is taken away now is missed by nobody.

        `on_wait` is called once when the cache is in use. Raises `XprovError` when it stays so, or cannot be locked.
        """
        with explained(self.path):
            try:
                # Over NFS only who may write can lock others out.
                lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            except PermissionError:
                lock = os.open(self.path / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._wait(lock, fcntl.LOCK_EX, on_wait)
            yield
        finally:
            os.close(lock)

    def touch(self, path: Path) -> None:
        """Remember that the entry at `path`, or that `path` is in, was used now. Its files stay as they are.

        Who may not write to it, cannot: then the entry is as old as its last use by somebody who may.
        """
        kind, *name = path.relative_to(self.path).parts
        with contextlib.suppress(OSError):
            os.utime(self.path.joinpath(kind, *name[:1]))

    def _make(self) -> None:
        for folder in self.kinds:
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
        # The tag is for others: a cache without one works as well.
        with contextlib.suppress(OSError):
            tag = self.path / _TAG
            if not tag.is_file() or tag.stat().st_size != len(_TAG_TEXT):
                tag.write_bytes(_TAG_TEXT)

    def _open_lock(self) -> int | None:
        """Return the open lock file; None where it is not there and cannot be made: then nobody can prune either."""
        path = self.path / _LOCK
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            lock = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            if error.errno in (errno.EROFS, errno.EACCES):
                return None
            raise
        # Other users share the lock, whatever this one's umask is.
        with contextlib.suppress(OSError):
            os.fchmod(lock, 0o644)
        return lock

    def _wait(self, lock: int, operation: int, on_wait: Callable[[], None]) -> None:
        shared = operation == fcntl.LOCK_SH
        patience = USE_PATIENCE if shared else PRUNE_PATIENCE
        deadline, told = time.monotonic() + patience, False
        while True:
            try:
                fcntl.flock(lock, operation | fcntl.LOCK_NB)
            except BlockingIOError:
                if not told:
                    on_wait()
                    told = True
            except OSError as error:
                # Nobody prunes where nobody can lock the others out.
                if shared and error.errno in _LOCKLESS:
                    return
                raise XprovError(f"the cache `{self.path}` cannot be locked: {error.strerror}") from error
            else:
                return
            if time.monotonic() > deadline:
                doing = "been pruning" if shared else "been using"
                raise XprovError(
                    f"another xprov has {doing} the cache `{self.path}` for {patience:.0f} seconds",
                    hint="try again when it has ended" if not shared else f"end it, or set {VARIABLE}",
                )
            time.sleep(LOCK_INTERVAL)


def open_cache(environ: Mapping[str, str]) -> Cache:
    """Return the cache in $XPROV_CACHE_DIR, $XDG_CACHE_HOME/xprov or ~/.cache/xprov. Nothing is made yet.

    A relative XDG_CACHE_HOME does not count (XDG Base Directory Specification).
    """
    if named := environ.get(VARIABLE):
        return Cache(path=Path(named).expanduser().absolute())
    base = environ.get("XDG_CACHE_HOME", "")
    return Cache(path=(Path(base) if base.startswith("/") else Path.home() / ".cache") / "xprov")
