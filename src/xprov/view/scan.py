"""Read from the disk what packages own: names, kinds and where links lead. No file is opened."""

import os
import posixpath
import stat
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path

from xprov.errors import XprovError
from xprov.records import dataclass
from xprov.target import Target
from xprov.view.layout import is_kept, merged

# As many links in a row as Linux follows (path_resolution(7)).
MAX_LINKS = 40


class EntryKind(str, Enum):
    FILE = "file"
    LINK = "link"
    FOLDER = "folder"


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageTree:
    """The paths that `package` owns, as seen from `root`: `/` where it is installed, or where it was unpacked.

    `sifted` says that it holds libraries and goes into every view. Which of Debian's packages do is told by their
    names; other systems have other packages by some of these.
    """

    package: str
    root: Path
    paths: tuple[str, ...]
    sifted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One path of a package that a view has a use for.

    `path` is its place in a view (see layout.py), `source` where it is on the disk. Of a link, `target` is the place
    it names, `final` the file or folder at which it ends on the disk and `final_path` that one's place, if there is
    one. `sifted` is what its package is.
    """

    path: str
    kind: EntryKind
    source: Path
    package: str
    target: str = ""
    final: Path | None = None
    final_path: str = ""
    sifted: bool = False


def folder_tree(package: str, root: Path) -> PackageTree:
    """Return the tree of a package that was unpacked into the folder `root` of its own."""
    paths = []
    for folder, names, files in os.walk(root):
        names.sort()
        paths += [os.path.relpath(Path(folder, name), root) for name in (*names, *files)]
    return PackageTree(package=package, root=root, paths=tuple(sorted(paths)))


def scan(trees: Iterable[PackageTree], target: Target, *, keep_all: bool = False) -> tuple[Entry, ...]:
    """Return what `trees` hold of use for a view of `target`, in their order; with `keep_all` the rest, too.

    A path that is listed and not there (dpkg's `path-exclude`) is left out. Raises `XprovError` when a path leads out
    of its tree, or cannot be read.
    """
    return tuple(entry for tree in trees for entry in _entries(tree, target, keep_all=keep_all))


def _entries(tree: PackageTree, target: Target, *, keep_all: bool) -> Iterator[Entry]:
    disk = _Disk(tree.root)
    for listed in tree.paths:
        path = listed.strip("/")
        if ".." in path.split("/"):
            raise XprovError(f"`{listed}` of `{tree.package}` leads out of its folder")
        if not (keep_all or is_kept(merged(path), target)):
            continue
        try:
            entry = _entry(disk, path, tree)
        except OSError as error:
            raise XprovError(f"`{listed}` of `{tree.package}` cannot be read: {error.strerror}") from error
        if entry is not None:
            yield entry


def _entry(disk: "_Disk", path: str, tree: PackageTree) -> Entry | None:
    parent = disk.resolve(posixpath.dirname(path))
    if parent is None:
        return None
    real = posixpath.join(parent, posixpath.basename(path))
    source = disk.root / real
    kind = _kind(source)
    if kind is None:
        return None
    if kind is not EntryKind.LINK:
        return Entry(path=merged(path), kind=kind, source=source, package=tree.package, sifted=tree.sifted)
    final = disk.resolve(real)
    return Entry(
        path=merged(path),
        kind=kind,
        source=source,
        package=tree.package,
        sifted=tree.sifted,
        # From where the link really is: a relative one means another place when its folder is reached by a link.
        target=merged(linked(real, source.readlink().as_posix())),
        final=None if final is None else disk.root / final,
        final_path="" if final is None else merged(final),
    )


def _kind(source: Path) -> EntryKind | None:
    """Return what `source` is; None when it is not there, or a device, a socket, a pipe."""
    try:
        mode = source.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    kinds = ((stat.S_ISREG, EntryKind.FILE), (stat.S_ISLNK, EntryKind.LINK), (stat.S_ISDIR, EntryKind.FOLDER))
    return next((kind for test, kind in kinds if test(mode)), None)


def linked(path: str, text: str) -> str:
    """Return the place that a link at `path` with `text` in it names; `..` stops at the root, as it does in `/`."""
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(path), text)).lstrip("/")


class _Disk:
    """Paths below a root that is treated as `/`: links in it never lead out of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folders: dict[str, str | None] = {"": ""}

    def resolve(self, path: str, links: int = 0) -> str | None:
        """Return `path` with every link followed; None when it leads nowhere or in a circle."""
        if path in self._folders:
            return self._folders[path]
        resolved = self._resolve(path, links)
        # Only with links left to follow is the answer the same for whoever asks.
        if resolved is not None or links == 0:
            self._folders[path] = resolved
        return resolved

    def _resolve(self, path: str, links: int) -> str | None:
        parent = self.resolve(posixpath.dirname(path), links)
        if parent is None or links > MAX_LINKS:
            return None
        real = posixpath.join(parent, posixpath.basename(path))
        kind = _kind(self.root / real)
        if kind is EntryKind.LINK:
            return self.resolve(linked(real, (self.root / real).readlink().as_posix()), links + 1)
        return None if kind is None else real
