"""Decide what stands where in a view. Pure: entries in, a `ViewPlan` out."""

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from xprov.records import dataclass
from xprov.target import Target
from xprov.view.layout import (
    MERGED,
    Shape,
    belongs,
    is_library_name,
    is_linkable,
    library_folders,
)
from xprov.view.model import Copy, Link, ViewPlan
from xprov.view.scan import MAX_LINKS, Entry, EntryKind


def plan_view(entries: Iterable[Entry], target: Target, shape: Shape = Shape.LIBS) -> ViewPlan:
    """Return what a view of `shape` that is made of `entries` holds.

    Links come out relative, and lead to something in the view. One that leaves the packages (an alternative) becomes
    a link to where it ends, or a copy of that; one that ends nowhere is left out: a note, or a problem where `-l`
    would take the static library in its place without a word.
    """
    draft = _Draft(target=target)
    names = _chosen(_wanted(entries, shape, draft), draft)
    for path in sorted(names.entries):
        entry = names.entries[path]
        if entry.kind is EntryKind.FILE:
            draft.copies.append(Copy(path=path, source=entry.source, package=entry.package))
        else:
            _place_link(entry, names, draft)
    return ViewPlan(
        shape=shape,
        target=target,
        copies=tuple(draft.copies),
        links=(*_merging_links(names), *_bundling_links(names, target), *draft.links),
        texts=(),
        problems=tuple(draft.problems),
        notes=tuple(draft.notes),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Draft:
    """A plan in the making."""

    target: Target
    copies: list[Copy] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    toolchain: set[str] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Names:
    """Every file and link of a view by its path, and the folders that hold them."""

    entries: Mapping[str, Entry]
    folders: frozenset[str]

    def resolve(self, path: str) -> str | None:
        """Return the file or folder of the view that `path` means, every link followed, or None."""
        done, waiting, links = "", path.split("/"), 0
        while waiting:
            done = posixpath.join(done, waiting.pop(0))
            entry = self.entries.get(done)
            if entry is not None and entry.kind is EntryKind.LINK:
                links += 1
                if links > MAX_LINKS:
                    return None
                done, waiting = "", [*entry.target.split("/"), *waiting]
        return done if done in self.folders or done in self.entries else None

    def canonical(self, path: str) -> str:
        """Return `path` with the links among its folders followed, and not itself."""
        folder, name = posixpath.split(path)
        return posixpath.join(self.resolve(folder) or folder, name)


def _names(entries: Mapping[str, Entry]) -> _Names:
    folders: set[str] = set()
    for path in entries:
        while path := posixpath.dirname(path):
            folders.add(path)
    return _Names(entries=entries, folders=frozenset(folders))


def _wanted(entries: Iterable[Entry], shape: Shape, draft: _Draft) -> list[Entry]:
    """Return the files and links that go into a view of `shape`; the others' paths are remembered."""
    wanted = []
    for entry in entries:
        if not (entry.sifted or belongs(entry.package, shape)):
            draft.toolchain.add(entry.path)
        elif entry.kind is not EntryKind.FOLDER:
            wanted.append(entry)
    return wanted


def _chosen(entries: Iterable[Entry], draft: _Draft) -> _Names:
    """Return one entry for each path, folders that are links followed."""
    raw: dict[str, Entry] = {}
    for entry in entries:
        raw[entry.path] = _either(raw.get(entry.path), entry, draft)
    names = _names(raw)
    chosen: dict[str, Entry] = {}
    for path, entry in raw.items():
        real = names.canonical(path)
        moved = entry if real == path else replace(entry, path=real)
        chosen[real] = _either(chosen.get(real), moved, draft)
    return _names(chosen)


def _either(first: Entry | None, second: Entry, draft: _Draft) -> Entry:
    """Return which of two entries with one path stands there: a file before a link, else the first."""
    if first is None or first.source == second.source:
        return second
    better, other = (second, first) if _is_link(first) and not _is_link(second) else (first, second)
    # /usr/lib/x -> /lib/x, from before the merge, has become a link to itself beside its file.
    to_itself = _is_link(other) and other.target == other.path
    same = _is_link(better) and _is_link(other) and better.target == other.target
    if not to_itself and not same:
        draft.notes.append(f"{better.path}: of {better.package}, not the one of {other.package}")
    return better


def _is_link(entry: Entry) -> bool:
    return entry.kind is EntryKind.LINK


def _place_link(entry: Entry, names: _Names, draft: _Draft) -> None:
    if names.resolve(entry.path) is not None:
        draft.links.append(_link(entry.path, entry.target))
    elif entry.final_path and (end := names.resolve(entry.final_path)) is not None:
        draft.links.append(_link(entry.path, end))
    elif entry.target in draft.toolchain or entry.final_path in draft.toolchain:
        draft.notes.append(f"{entry.path}: left out, it leads to the toolchain's own {entry.target}")
    elif entry.final is not None and entry.final.is_file():
        draft.copies.append(Copy(path=entry.path, source=entry.final, package=entry.package))
        draft.notes.append(f"{entry.path}: a copy of {entry.final_path}, which has no place of its own here")
    else:
        _leave_out(entry, draft)


def _leave_out(entry: Entry, draft: _Draft) -> None:
    message = f"{entry.path} of {entry.package} leads to {entry.target}, which no package here has"
    dangerous = is_library_name(entry.path) and is_linkable(entry.path, draft.target)
    (draft.problems if dangerous else draft.notes).append(message)


def _link(path: str, end: str) -> Link:
    return Link(path=path, target=posixpath.relpath(end, posixpath.dirname(path)))


def _merging_links(names: _Names) -> tuple[Link, ...]:
    """Return the links of a merged root, of which `lib` is always there: linkers and `.pc` files name it."""
    used = (name for name in MERGED if name == "lib" or f"usr/{name}" in names.folders)
    return tuple(Link(path=name, target=f"usr/{name}") for name in used)


def _bundling_links(names: _Names, target: Target) -> tuple[Link, ...]:
    """Return the link by which maturin finds a library that no build script named a folder for (a bare `-l`).

    Below TARGET_SYSROOT it looks into lib, lib64, usr/lib and usr/lib64 and nowhere else (lddtree 0.5, measured).
    """
    if "usr/lib64" in names.folders or "usr/lib64" in names.entries:
        return ()
    return (
        Link(path="lib64", target="usr/lib64"),
        Link(path="usr/lib64", target=posixpath.relpath(library_folders(target)[0], "usr")),
    )
