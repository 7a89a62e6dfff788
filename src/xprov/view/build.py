"""Write a view to the disk."""

from __future__ import annotations

import errno
import os
import posixpath
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.errors import XprovError
from xprov.view.layout import library_folders
from xprov.view.model import require_sound

if TYPE_CHECKING:
    from xprov.view.model import ViewPlan

Place = Callable[[Path, Path], None]
"""Makes a file appear at its second argument, with the content of the first."""

_FOLDER_MODE = 0o755
_FILE_MODE = 0o644
_RUNNABLE = 0o111
_MODES = {_FILE_MODE, _FILE_MODE | _RUNNABLE}

# What a hard link is refused with where a copy may be made: another file system, one without links (FAT, some shares),
# one with enough of them (EMLINK), another user's file (protected_hardlinks, proc_sys_fs(5)).
_NO_LINK = {
    *(errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EACCES, errno.EINVAL),
    *(errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP),
}
# Progress is told this often, in files.
_STRIDE = 50


def copy_file(source: Path, destination: Path) -> None:
    """Copy `source` to `destination`: readable by all, written by its owner, no set-id bits, the same time stamp."""
    facts = source.stat()
    shutil.copyfile(source, destination)
    runnable = _RUNNABLE if facts.st_mode & stat.S_IXUSR else 0
    destination.chmod(_FILE_MODE | runnable)
    os.utime(destination, ns=(facts.st_mtime_ns, facts.st_mtime_ns))


def link_file(source: Path, destination: Path) -> None:
    """Make `destination` a hard link to `source`: no time, no space. Where that cannot be, copy it as `copy_file` does.

    A file whose mode is not one that files of a view have is copied, and so is what a link leads to. The two share
    their content from then on: what writes into one writes into the other.
    """
    facts = source.lstat()
    if not stat.S_ISREG(facts.st_mode) or stat.S_IMODE(facts.st_mode) not in _MODES:
        copy_file(source, destination)
        return
    try:
        os.link(source, destination)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        copy_file(source, destination)


def build_view(
    plan: ViewPlan,
    destination: Path,
    *,
    place: Place = copy_file,
    progress: Callable[[str], None] = lambda _text: None,
) -> None:
    """Write `plan` into the folder `destination`, which is made if it is not there. `place` puts each file there.

    The caller builds in a folder that nobody uses yet: what is written when an error comes stays.

    Raises `XprovError` when the plan has problems, when the disk is full, or when something cannot be read or written.
    """
    require_sound(plan)
    try:
        _build(plan, destination, place, progress)
    except shutil.SameFileError as error:
        raise XprovError(f"`{destination}` holds the packages' own files, a view cannot be built there") from error
    except OSError as error:
        raise _explained(error, destination) from error


def _build(plan: ViewPlan, destination: Path, place: Place, progress: Callable[[str], None]) -> None:
    for folder in _folders(plan):
        (destination / folder).mkdir(exist_ok=True, parents=not folder)
        (destination / folder).chmod(_FOLDER_MODE)
    for number, copy in enumerate(plan.copies, start=1):
        place(copy.source, destination / copy.path)
        if number % _STRIDE == 0 or number == len(plan.copies):
            progress(f"{number} of {len(plan.copies)} files")
    for text in plan.texts:
        (destination / text.path).write_text(text.content, encoding="utf-8", errors="surrogateescape", newline="")
        (destination / text.path).chmod(_FILE_MODE)
    for link in plan.links:
        (destination / link.path).symlink_to(link.target)


def _folders(plan: ViewPlan) -> list[str]:
    """Return every folder of the view, each after the one it stands in; the empty name is the view itself."""
    links = {link.path for link in plan.links}
    # Those of libraries are there even when nothing is in them: links lead there.
    libraries = (f"{folder}/" for folder in library_folders(plan.target) if folder not in links)
    found = {""}
    for path in ("usr/", *libraries, *plan.paths):
        folder = posixpath.dirname(path)
        while folder not in found:
            found.add(folder)
            folder = posixpath.dirname(folder)
    return sorted(found)


def _explained(error: OSError, destination: Path) -> XprovError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return XprovError(
            f"no space is left for the view in `{destination}`",
            hint="free some, or name a folder on another disk in XPROV_HOME",
        )
    about = error.filename2 or error.filename or destination
    return XprovError(f"the view cannot be written: `{about}`: {error.strerror}")
