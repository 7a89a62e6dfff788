"""How much the cache holds, and freeing what was not used for a while."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

from xprov.cache.place import Cache
from xprov.cache.staging import PRUNED, discard, leftovers
from xprov.cache.trouble import explained
from xprov.records import dataclass

# What st_blocks counts in (stat(3type)).
_BLOCK = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class KindSize:
    """What the folder of one kind holds. `bytes` are those on the disk; `oldest` is the longest ago last use."""

    folder: Path
    entries: int
    bytes: int
    oldest: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheSize:
    """What the cache holds, by kind."""

    path: Path
    kinds: tuple[KindSize, ...]

    @property
    def entries(self) -> int:
        return sum(kind.entries for kind in self.kinds)

    @property
    def bytes(self) -> int:
        return sum(kind.bytes for kind in self.kinds)


@dataclass(frozen=True, kw_only=True, slots=True)
class KindPruned:
    """What was taken out of the folder of one kind. Files that a view shares are out of the cache and free nothing."""

    folder: Path
    entries: int
    bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Pruned:
    """What was taken out of the cache, by kind, and the entries of other users, which had to stay."""

    kinds: tuple[KindPruned, ...]
    refused: tuple[Path, ...]

    @property
    def entries(self) -> int:
        return sum(kind.entries for kind in self.kinds)

    @property
    def bytes(self) -> int:
        return sum(kind.bytes for kind in self.kinds)


def measure(cache: Cache) -> CacheSize:
    """Return what is in the cache; one that is not there is empty. What is under way counts as bytes, not as entries.

    Raises `XprovError` when a folder of it cannot be read.
    """
    with explained(cache.path):
        there = (*cache.kinds, *filter(Path.is_dir, cache.kept))
        # A view shares its files with the packages: they count there.
        counted: set[tuple[int, int]] = set()
        return CacheSize(path=cache.path, kinds=tuple(_measured(folder, counted) for folder in there))


def _measured(folder: Path, counted: set[tuple[int, int]]) -> KindSize:
    uses = [used for entry in _entries(folder) if (used := _last_use(entry)) is not None]
    oldest = datetime.fromtimestamp(min(uses), tz=timezone.utc) if uses else None
    return KindSize(folder=folder, entries=len(uses), bytes=_Blocks(_walk(folder), counted).all, oldest=oldest)


def prune(
    cache: Cache, older_than: timedelta, now: datetime, *, dry_run: bool = False, on_wait: Callable[[], None]
) -> Pruned:
    """Take out of the cache what was last used longer than `older_than` before `now`; with an age of zero, everything.

    What killed processes have left goes too. Waits until nobody uses the cache; `on_wait` is called when somebody does.
    With `dry_run`, nothing is changed or waited for. Killed in the middle, it leaves each entry whole or gone.

    Raises `XprovError` when the cache is in use for too long, or cannot be written to.
    """
    if not cache.path.is_dir():
        return Pruned(kinds=(), refused=())
    limit = now.timestamp() - older_than.total_seconds() if older_than else float("inf")
    with explained(cache.path):
        if dry_run:
            return _pruned(cache, limit, _may_take)
        with cache.alone(on_wait):
            return _pruned(cache, limit, _take)


def _pruned(cache: Cache, limit: float, take: Callable[[Path], bool]) -> Pruned:
    kinds, refused = [], []
    for folder in filter(Path.is_dir, (*cache.kinds, *cache.kept)):
        entries = freed = 0
        for path in leftovers(folder):
            size = _freed(path)
            freed += size if take(path) else 0
        for path in _entries(folder):
            used = _last_use(path)
            if used is None or used > limit:
                continue
            size = _freed(path)
            if take(path):
                entries, freed = entries + 1, freed + size
            else:
                refused.append(path)
        kinds.append(KindPruned(folder=folder, entries=entries, bytes=freed))
    return Pruned(kinds=tuple(kinds), refused=tuple(refused))


def _freed(path: Path) -> int:
    return _Blocks(_walk(path)).freed


def _may_take(path: Path) -> bool:
    """Return whether this user can remove `path`: a folder takes rights of its own, beside those in the cache."""
    return path.is_symlink() or not path.is_dir() or os.access(path, os.W_OK | os.X_OK)


def _take(path: Path) -> bool:
    """Remove `path`, which nobody uses; return whether that was allowed."""
    if not _may_take(path):
        return False
    try:
        # While a folder is being removed it is half there: not under a name that anybody looks for. Nor in a new
        # folder: the disk may be full.
        gone = path if path.name.startswith(".") else path.with_name(f"{PRUNED}{os.getpid()}-{path.name}")
        path.rename(gone)
        discard(gone)
    except PermissionError:
        return False
    return True


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return


def _last_use(path: Path) -> float | None:
    """Return when an entry was made or last touched; None when it is gone."""
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return None


def _walk(path: Path) -> Iterator[os.stat_result]:
    """Yield the facts of `path` and of all below it; what goes away meanwhile is left out."""
    pending = [str(path)]
    while pending:
        place = pending.pop()
        try:
            facts = os.lstat(place)
            if stat.S_ISDIR(facts.st_mode):
                with os.scandir(place) as entries:
                    pending += [entry.path for entry in entries]
        except FileNotFoundError:
            continue
        yield facts


class _Blocks:
    """The bytes of files on the disk, each once: `all`, and those `freed` when these names of them go away.

    Files that are `counted` already are left out of `all`, and those that are met are added.
    """

    def __init__(self, found: Iterable[os.stat_result], counted: set[tuple[int, int]] | None = None) -> None:
        sizes: dict[tuple[int, int], int] = {}
        names: dict[tuple[int, int], int] = {}
        for facts in found:
            key = (facts.st_dev, facts.st_ino)
            sizes[key] = facts.st_blocks * _BLOCK
            others = names.get(key, 1 if stat.S_ISDIR(facts.st_mode) else facts.st_nlink)
            names[key] = others - 1
        known = set() if counted is None else counted
        self.all = sum(size for key, size in sizes.items() if key not in known)
        known.update(sizes)
        self.freed = sum(size for key, size in sizes.items() if names[key] == 0)
