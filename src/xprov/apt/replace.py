"""Replace files all at once or not at all, each in one step, with mode and owner kept.

Beside a file lie, for a moment, what it will be and what it was: under names that begin with a dot, which apt does
not read. `sweep` takes away what a process that was killed left of them.
"""

import contextlib
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from xprov.errors import XprovError
from xprov.records import dataclass

_FRESH = ".xprov-fresh."
_WAS = ".xprov-was."
_MODE = 0o644


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Who may do what with a file."""

    mode: int
    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Replacement:
    """What `path` (no link) is to hold, or None for no file; `owner` where the one it has is not to stay."""

    path: Path
    content: bytes | None
    owner: Owner | None = None


def replace_all(replacements: Sequence[Replacement]) -> None:
    """Make every file hold what it is to hold. Raises `XprovError` when one cannot be; then all are as before."""
    paths = [replacement.path for replacement in replacements]
    done: list[Path] = []
    try:
        for replacement in replacements:
            _prepare(replacement)
        for replacement in replacements:
            done.append(replacement.path)
            _put(replacement)
        for folder in {path.parent for path in paths}:
            sync_folder(folder)
    except BaseException as error:
        for path in reversed(done):
            _put_back(path)
        if isinstance(error, OSError):
            raise _unwritable(error, paths[0]) from error
        raise
    finally:
        sweep(paths)


def read_owner(path: Path) -> Owner:
    """Return who may do what with the file at `path`."""
    status = path.stat()
    return Owner(mode=stat.S_IMODE(status.st_mode), uid=status.st_uid, gid=status.st_gid)


def sweep(paths: Iterable[Path]) -> None:
    """Take away what is left beside `paths` of a replacement that did not come to its end."""
    for path in paths:
        for beside in (_fresh(path), _was(path)):
            with contextlib.suppress(OSError):
                beside.unlink()


def write_durably(path: Path, content: bytes, owner: Owner | None = None) -> None:
    """Write a new file at `path`, on the disk when this returns."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    with os.fdopen(handle, "wb") as file:
        if owner:
            _own(file.fileno(), owner)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Have the names in `folder` on the disk when this returns."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prepare(replacement: Replacement) -> None:
    """Do all that needs room on the disk, so that what is left are renames."""
    path, was = replacement.path, _was(replacement.path)
    sweep([path])
    if path.exists():
        _keep(path, was)
    if replacement.content is not None:
        owner = replacement.owner or (read_owner(path) if path.exists() else Owner(mode=_MODE, uid=-1, gid=-1))
        write_durably(_fresh(path), replacement.content, owner)


def _keep(path: Path, was: Path) -> None:
    try:
        was.hardlink_to(path)
    except OSError:
        # A file system without links, or a kernel that forbids this one.
        write_durably(was, path.read_bytes(), read_owner(path))


def _put(replacement: Replacement) -> None:
    if replacement.content is None:
        replacement.path.unlink(missing_ok=True)
    else:
        _fresh(replacement.path).replace(replacement.path)


def _put_back(path: Path) -> None:
    """Undo `_put`, or nothing where it did not come to anything. No content is written: the disk may be full."""
    with contextlib.suppress(OSError):
        if _was(path).exists():
            _was(path).replace(path)
        elif not _fresh(path).exists():
            path.unlink(missing_ok=True)


def _unwritable(error: OSError, path: Path) -> XprovError:
    place = Path(str(error.filename2 or error.filename or path))
    # A person knows the file, not what lies beside it for a moment.
    name = place.name.removeprefix(_FRESH).removeprefix(_WAS)
    return XprovError(
        f"`{place.with_name(name)}` cannot be written: {error.strerror}",
        hint="nothing was changed; make the place writable, or free some of the disk, and run xprov again",
    )


def _own(handle: int, owner: Owner) -> None:
    # Who is not root cannot give a file away, and does not have to: the file is then their own.
    with contextlib.suppress(PermissionError):
        os.fchown(handle, owner.uid, owner.gid)
    os.fchmod(handle, owner.mode)


def _fresh(path: Path) -> Path:
    return path.with_name(f"{_FRESH}{path.name}")


def _was(path: Path) -> Path:
    return path.with_name(f"{_WAS}{path.name}")
