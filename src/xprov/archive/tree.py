"""Unpack a package into a folder of its own in the cache, merged (`lib/x` in `usr/lib/x`), once for all who need it."""

import contextlib
import fcntl
import os
import posixpath
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from xprov.archive.deb import LIMITS, DebMember, DebReader, Limits, MemberKind, open_data
from xprov.errors import VerificationError, XprovError
from xprov.store import writing
from xprov.target import Target
from xprov.view import PackageTree, folder_tree
from xprov.view.layout import is_kept, merged
from xprov.view.scan import linked

# Part of every tree's name: goes up when other files are kept, or when they are written in another way.
_FORMAT = 1
_STAGING = ".staging-"
_FILE, _RUNNABLE, _FOLDER = 0o644, 0o755, 0o755

Keep = Callable[[str], bool]
"""Says of a merged path whether it goes into a tree."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deb:
    """A package file whose SHA-256, 64 hexadecimal digits, was found to be `sha256`."""

    package: str
    sha256: str
    path: Path


def unpack(deb: Deb, trees: Path, target: Target, *, keep_all: bool = False, limits: Limits = LIMITS) -> PackageTree:
    """Return the tree of `deb` below the folder `trees`, unpacked now unless it is there.

    In it is what a compiler, a linker, pkg-config, CMake or the loader of `target` reads, or everything with
    `keep_all`. A tree is there complete or not at all. `lib`, `lib64` and the like are in `usr`, links are as they
    were unless that would change where they lead.

    Raises `VerificationError` when the package is broken or hostile, `ToolMissingError` when nothing here reads its
    compression, `XprovError` when `trees` cannot be written.
    """
    if not re.fullmatch("[0-9a-f]{64}", deb.sha256):
        raise VerificationError(f"`{deb.path.name}` comes with `{deb.sha256}`, which is no SHA-256")
    place = trees / f"{deb.sha256}-{'all' if keep_all else target.debian}-{_FORMAT}"
    if not place.is_dir():
        with _explained(deb, trees), _staged(trees) as staging:
            _fill(staging, deb, lambda path: keep_all or is_kept(path, target), limits)
            _settle(staging, place)
    return folder_tree(deb.package, place)


def _fill(staging: Path, deb: Deb, keep: Keep, limits: Limits) -> None:
    """Write the files of `deb`; a second time when a hard link shares a file that was not wanted for itself."""
    files = _written(staging / "once", deb, keep, limits)
    if files.missing:
        shutil.rmtree(staging / "once")
        missing = files.missing
        _written(staging / "once", deb, lambda path: path in missing or keep(path), limits)


def _written(root: Path, deb: Deb, keep: Keep, limits: Limits) -> "_Tree":
    root.mkdir(mode=_FOLDER)
    root.chmod(_FOLDER)
    tree = _Tree(root, deb.path.name, keep)
    with open_data(deb.path, limits) as reader:
        for member in reader:
            tree.add(member, reader)
    return tree


class _Tree:
    """A folder that is being filled, and what is in it so far: nobody else writes there, so the disk is not asked."""

    def __init__(self, root: Path, name: str, keep: Keep) -> None:
        self._root, self._name, self._keep = root, name, keep
        self._kinds: dict[str, MemberKind] = {"": MemberKind.FOLDER}
        # Where the content of a file or of a hard link is, by the path it has in the package.
        self._origins: dict[str, str] = {}
        self.missing: set[str] = set()

    def add(self, member: DebMember, reader: DebReader) -> None:
        """Write `member`, or leave it out."""
        path = merged(member.path)
        if member.kind is MemberKind.FILE:
            self._origins[member.path] = path
        elif member.kind is MemberKind.HARD_LINK:
            self._origins[member.path] = self._origins[member.target]
        if not self._keep(path) or _is_merge(member):
            return
        if member.kind is MemberKind.FOLDER:
            self._folder(path)
            return
        self._folder(posixpath.dirname(path))
        if path in self._kinds:
            raise VerificationError(f"`{self._name}` holds `{path}` twice, in `/` and in `/usr`")
        self._kinds[path] = member.kind
        self._write(path, member, reader)

    def _write(self, path: str, member: DebMember, reader: DebReader) -> None:
        if member.kind is MemberKind.LINK:
            (self._root / path).symlink_to(_text(member))
        elif member.kind is MemberKind.FILE:
            _write_file(self._root / path, member, reader)
        elif self._origins[member.path] in self._kinds:
            os.link(self._root / self._origins[member.path], self._root / path, follow_symlinks=False)
        else:
            self.missing.add(self._origins[member.path])

    def _folder(self, path: str) -> None:
        """Make a folder and those above it; never where something else was written."""
        kind = self._kinds.get(path)
        if kind is MemberKind.FOLDER:
            return
        if kind is not None:
            raise VerificationError(f"`{self._name}` holds `{path}` as a folder and as a {kind.value}")
        self._folder(posixpath.dirname(path))
        (self._root / path).mkdir(mode=_FOLDER)
        (self._root / path).chmod(_FOLDER)
        self._kinds[path] = MemberKind.FOLDER


def _write_file(place: Path, member: DebMember, reader: DebReader) -> None:
    # No set-id bits, whatever the package says. O_EXCL: it is a new file, or none.
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(reader.content())
        file.flush()
        os.fchmod(file.fileno(), _RUNNABLE if member.runnable else _FILE)
        os.utime(file.fileno(), (member.mtime, member.mtime))


def _is_merge(member: DebMember) -> bool:
    """Return whether a link is for unmerged folders: `lib -> usr/lib`, or `usr/lib/x -> /lib/x`, which is itself."""
    return member.kind is MemberKind.LINK and merged(linked(member.path, member.target)) == merged(member.path)


def _text(member: DebMember) -> str:
    """Return the text of a link, changed only where the merge would make it lead elsewhere."""
    path, named = merged(member.path), merged(linked(member.path, member.target))
    if linked(path, member.target) == named:
        return member.target
    return f"/{named}" if member.target.startswith("/") else posixpath.relpath(named, posixpath.dirname(path))


@contextlib.contextmanager
def _staged(trees: Path) -> Iterator[Path]:
    """Give a folder to unpack in that no other process sweeps away, and remove what is left of it at the end."""
    trees.mkdir(parents=True, exist_ok=True)
    sweep(trees)
    staging, lock = _locked_folder(trees)
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        os.close(lock)


def _locked_folder(trees: Path) -> tuple[Path, int]:
    while True:
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=trees))
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(staging, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another process may have swept the folder away before it was locked.
            if staging.is_dir():
                return staging, lock
            os.close(lock)


def sweep(trees: Path) -> None:
    """Remove what processes that were killed have left in `trees`; what is locked is being worked in."""
    for folder in trees.glob(f"{_STAGING}*"):
        with contextlib.suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _settle(staging: Path, place: Path) -> None:
    """Put the tree in its place at once; when another process was faster, its tree is the same."""
    try:
        (staging / "once").rename(place)
    except OSError:
        if not place.is_dir():
            raise


@contextlib.contextmanager
def _explained(deb: Deb, trees: Path) -> Iterator[None]:
    """Turn what the system says into an error for a person; what has to do with rights or space, `writing` says."""
    try:
        with writing(trees):
            yield
    except OSError as error:
        raise XprovError(f"`{deb.path.name}` cannot be unpacked in `{trees}`: {error.strerror or error}") from error
