"""Unpack a package into a folder of its own in the cache, merged (`lib/x` in `usr/lib/x`), once for all who need it.

A tree is the folder `files`, and beside it a listing of what is in there: size, mode and time of each file. The two
get their name in one step. A tree is asked whether it is as listed each time it is used, which costs 5 microseconds a
file and makes two promises true without waiting for the disk (fsync takes longer than unpacking):

- After a power loss a file may be empty although the name of the tree is there: file systems write names before
  content. Then the size differs, or the listing itself is not complete.
- Views share the files of trees by hard links. They stay writable, since build scripts copy headers with their modes
  and expect to write to the copy, and root ignores modes anyway. What writes into a file of a view changes its time.

A tree that is not as listed is unpacked again; views that hold the old files keep them.
"""

import contextlib
import errno
import fcntl
import json
import os
import posixpath
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from xprov.archive.deb import LIMITS, DebMember, DebReader, Limits, MemberKind, open_data
from xprov.cache import explained, staged
from xprov.errors import VerificationError, XprovError
from xprov.records import dataclass
from xprov.target import Target
from xprov.view import PackageTree
from xprov.view.layout import is_kept, merged
from xprov.view.scan import linked

# Part of every tree's name: goes up when other files are kept, or when they are written in another way.
_FORMAT = 2
_FILES, _LISTING = "files", "listing.json"
_FILE, _RUNNABLE, _FOLDER = 0o644, 0o755, 0o755

Keep = Callable[[str], bool]
"""Says of a merged path whether it goes into a tree."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deb:
    """A package file whose SHA-256, 64 hexadecimal digits, was found to be `sha256`."""

    package: str
    sha256: str
    path: Path


def unpack(  # noqa: PLR0913 - what is kept, and where it is made, are options
    deb: Deb,
    trees: Path,
    target: Target,
    *,
    keep_all: bool = False,
    only: str | None = None,
    staging: Path | None = None,
    limits: Limits = LIMITS,
) -> PackageTree:
    """Return the tree of `deb` below the folder `trees`, unpacked now unless it is there.

    `staging` is the `working_folder` of several packages; without it one is made for this.

    In it is what a compiler, a linker, pkg-config, CMake or the loader of `target` reads, or everything with
    `keep_all`, or the one file `only`. A tree is there complete or not at all. `lib`, `lib64` and the like are in
    `usr`, links are as they were unless that would change where they lead.

    Raises `VerificationError` when the package is broken or hostile, `ToolMissingError` when nothing here reads its
    compression, `XprovError` when `trees` cannot be written.
    """
    found = find_tree(deb.package, deb.sha256, trees, target, keep_all=keep_all, only=only)
    if found is not None:
        return found
    place = _place(trees, deb.sha256, target, keep_all=keep_all, only=only)

    def keep(path: str) -> bool:
        return path == only if only is not None else keep_all or is_kept(path, target)

    with _reported(deb, trees), contextlib.nullcontext(staging) if staging else working_folder(trees) as folder:
        draft = Path(tempfile.mkdtemp(dir=folder))
        paths = _fill(draft, deb, keep, limits)
        _settle(draft, place)
    return PackageTree(package=deb.package, root=place / _FILES, paths=paths)


@contextlib.contextmanager
def working_folder(trees: Path) -> Iterator[Path]:
    """Give a folder in which packages are unpacked before they get their place below `trees`; then it goes away.

    It is made and locked once for all packages of a run: two hundred of their own are felt.

    Raises `XprovError` when `trees` cannot be written.
    """
    with contextlib.ExitStack() as kept:
        with explained(trees):
            trees.mkdir(parents=True, exist_ok=True)
            folder = kept.enter_context(staged(trees))
        yield folder


def find_tree(
    package: str, sha256: str, trees: Path, target: Target, *, keep_all: bool = False, only: str | None = None
) -> PackageTree | None:
    """Return the tree of the package file with that SHA-256 if it is there and undamaged: the file is not needed then.

    Raises `VerificationError` when `sha256` is none.
    """
    place = _place(trees, sha256, target, keep_all=keep_all, only=only)
    paths = _listed(place)
    return None if paths is None else PackageTree(package=package, root=place / _FILES, paths=paths)


def _place(trees: Path, sha256: str, target: Target, *, keep_all: bool, only: str | None) -> Path:
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise VerificationError(f"`{sha256}` is no SHA-256 of a package")
    kept = posixpath.basename(only) if only is not None else "all" if keep_all else target.debian
    return trees / f"{sha256}-{kept}-{_FORMAT}"


def _fill(place: Path, deb: Deb, keep: Keep, limits: Limits) -> tuple[str, ...]:
    """Make the tree of `deb` in the folder `place`, and return what is in it.

    It is written a second time when a hard link shares a file that was not wanted for itself.
    """
    place.chmod(_FOLDER)
    tree = _written(place / _FILES, deb, keep, limits)
    if tree.missing:
        shutil.rmtree(place / _FILES)
        missing = tree.missing
        tree = _written(place / _FILES, deb, lambda path: path in missing or keep(path), limits)
    _list(place, tree.paths)
    return tree.paths


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

    @property
    def paths(self) -> tuple[str, ...]:
        """Return what was written, without the root."""
        return tuple(sorted(self._kinds.keys() - {""}))

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


def _list(place: Path, paths: Iterable[str]) -> None:
    """Write what `_listed` compares: of each path the mode, size and time that this file system has kept of it."""
    entries = ((path, os.lstat(f"{place}/{_FILES}/{path}")) for path in paths)
    listing = [(path, facts.st_mode, facts.st_size, int(facts.st_mtime)) for path, facts in entries]
    # As ASCII: names that are not UTF-8 come back as they were.
    (place / _LISTING).write_text(json.dumps(listing), encoding="ascii")
    (place / _LISTING).chmod(_FILE)


def _listed(place: Path) -> tuple[str, ...] | None:
    """Return what is in the tree at `place`; None when it is not there, or not as it was written."""
    root = f"{place}/{_FILES}/"
    try:
        listing = json.loads((place / _LISTING).read_bytes())
        for path, mode, size, time in listing:
            facts = os.lstat(root + path)
            if facts.st_mode != mode:
                return None
            # Only files can be written to.
            if stat.S_ISREG(mode) and (facts.st_size != size or int(facts.st_mtime) != time):
                return None
    except (OSError, ValueError):
        return None
    return tuple(entry[0] for entry in listing)


def _settle(draft: Path, place: Path) -> None:
    """Put the tree in its place in one step; when another process was faster, its tree is the same."""
    while True:
        try:
            draft.rename(place)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return
        if _is_taken(place, draft.parent):
            return


def _is_taken(place: Path, staging: Path) -> bool:
    """Return whether a whole tree is at `place`; one that is damaged is moved out of the way, by one process."""
    try:
        lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # On a file system without locks two may mend one after the other.
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        if _listed(place) is not None:
            return True
        # What has the name now may be another than what was locked: somebody else is mending, too.
        if os.path.samestat(os.fstat(lock), place.stat()):
            place.rename(tempfile.mkdtemp(dir=staging))
    except FileNotFoundError:
        return False
    finally:
        os.close(lock)
    return False


@contextlib.contextmanager
def _reported(deb: Deb, trees: Path) -> Iterator[None]:
    """Turn what the system says into an error for a person."""
    try:
        with explained(trees):
            yield
    except OSError as error:
        raise XprovError(f"`{deb.path.name}` cannot be unpacked in `{trees}`: {error.strerror or error}") from error
