"""$XPROV_HOME on disk: a folder per target that is there complete or not at all, changed by one process at a time."""

import contextlib
import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from xprov.errors import XprovError
from xprov.records import dataclass
from xprov.target import TARGETS, Target

_STAGING, _REPLACED = ".staging-", ".replaced-"

# Another xprov that works in the same folder is waited for: it may be fetching. In seconds.
LOCK_PATIENCE = 600.0
LOCK_INTERVAL = 0.2

# What the system says when a place cannot be written: by rights, by mount, or for want of space.
_UNWRITABLE = {errno.EACCES, errno.EDQUOT, errno.ENOSPC, errno.ENOTDIR, errno.EPERM, errno.EROFS}

# <linux/fs.h> and renameat2(2): swap two names in one step.
_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """The folder that holds every provisioned target."""

    path: Path

    def folder(self, target: Target) -> Path:
        """Return where the target's files are, or will be."""
        return self.path / target.name

    def provisioned(self) -> tuple[Target, ...]:
        """Return the targets that are complete here, in the order of the table."""
        return tuple(target for target in TARGETS if (self.folder(target) / "provision.json").is_file())

    @contextlib.contextmanager
    def locked(self, on_wait: Callable[[], None]) -> Iterator[None]:
        """Keep other xprov processes out, and mend first what an interrupted one left.

        `on_wait` is called once when another process holds the lock. Raises `XprovError` when the folder cannot be
        written, or the other process does not end.
        """
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / ".lock").open("w", encoding="ascii")
        with lock:
            self._wait(lock.fileno(), on_wait)
            self._mend()
            yield

    @contextlib.contextmanager
    def staged(self, target: Target) -> Iterator[Path]:
        """Give an empty folder in which the target's files are made; at the end it takes the target's place at once.

        When the block raises, the folder is removed and what was there before stays.
        """
        import tempfile  # noqa: PLC0415 - slow to import, and nothing is made where all is there

        with writing(self.path):
            staging = Path(tempfile.mkdtemp(prefix=f"{_STAGING}{target.name}-", dir=self.path))
        try:
            with writing(self.path):
                yield staging
                staging.chmod(0o755)
                _swap(staging, self.folder(target), self.path / f"{_REPLACED}{target.name}")
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def write(self, name: str, text: str) -> None:
        """Write the file `name`, which belongs to no target, at once."""
        with writing(self.path):
            fresh = self.path / f"{_STAGING}{name}"
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(self.path / name)

    def _wait(self, lock: int, on_wait: Callable[[], None]) -> None:
        deadline, told = time.monotonic() + LOCK_PATIENCE, False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not told:
                    on_wait()
                    told = True
            else:
                return
            if time.monotonic() > deadline:
                raise XprovError(
                    f"another xprov has been working in `{self.path}` for {LOCK_PATIENCE / 60:.0f} minutes",
                    hint="end it, or set XPROV_HOME to another folder",
                )
            time.sleep(LOCK_INTERVAL)

    def _mend(self) -> None:
        """Put back what an interrupted run had moved aside, and remove what it had begun."""
        for aside in self.path.glob(f"{_REPLACED}*"):
            place = self.path / aside.name.removeprefix(_REPLACED)
            if place.exists():
                shutil.rmtree(aside, ignore_errors=True)
            else:
                aside.rename(place)
        for begun in self.path.glob(f"{_STAGING}*"):
            if begun.is_dir():
                shutil.rmtree(begun, ignore_errors=True)
            else:
                begun.unlink(missing_ok=True)


def open_store(environ: Mapping[str, str]) -> Store:
    """Return the store in $XPROV_HOME, or ~/.xprov. Nothing is made yet."""
    named = environ.get("XPROV_HOME")
    path = Path(named).expanduser() if named else Path.home() / ".xprov"
    return Store(path=path.absolute())


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what the system says about a write below `folder` into an error for a person."""
    try:
        yield
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise XprovError(
            f"`{error.filename or folder}` cannot be written: {error.strerror or error}",
            hint="free some space, or set XPROV_HOME to a folder that can be written",
        ) from error


def _swap(fresh: Path, place: Path, aside: Path) -> None:
    """Put `fresh` where `place` is; what was there ends up in `fresh`, or nowhere."""
    if not place.exists():
        fresh.rename(place)
        return
    if _exchange(fresh, place):
        return
    # A file system without the exchange: two steps, and `Store._mend` for a death between them.
    shutil.rmtree(aside, ignore_errors=True)
    place.rename(aside)
    fresh.rename(place)
    shutil.rmtree(aside, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    import ctypes  # noqa: PLC0415 - slow to import

    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    names = (os.fsencode(one), os.fsencode(other))
    return bool(libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0)
