"""The libraries that the crates of a Cargo.lock bind: what `--from` sets up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.errors import UsageError
from xprov.project.crates import Search, compiles_its_own, crate_table, described, recipes_by_crate
from xprov.project.lock import CargoLock, read_cargo_lock
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from xprov.recipe import Recipe

_NAME = "Cargo.lock"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a lock asks for: `libraries` with recipes, and of each crate without one, what is known of it."""

    libraries: tuple[str, ...]
    without_recipe: tuple[str, ...]


def find_libraries(path: Path, recipes: Sequence[Recipe]) -> Found:
    """Return what the lock at `path` (the file, or its folder) asks for.

    Raises `UsageError` when it cannot be read, or has no crate that a recipe serves.
    """
    file = path / _NAME if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"there is no `{file}`", hint="`cargo generate-lockfile` writes one")
    lock = read_cargo_lock(file)
    found = Found(libraries=tuple(_libraries(lock, recipes)), without_recipe=tuple(_unserved(lock, recipes)))
    if not found.libraries:
        raise UsageError(
            f"no crate of `{file}` binds a library that xprov has a recipe for",
            hint="; ".join([*found.without_recipe, "`xprov list` prints the libraries"]),
        )
    return found


def _libraries(lock: CargoLock, recipes: Sequence[Recipe]) -> Iterator[str]:
    """Yield the libraries of the lock's crates, each once, but for crates that compile theirs."""
    served, table = recipes_by_crate(recipes), crate_table()
    crates = [crate for crate in lock.crates if crate.name in served]
    linking = [crate for crate in crates if not compiles_its_own(table.get(crate.name), crate, None)]
    yield from dict.fromkeys(served[crate.name].library for crate in linking)


def _unserved(lock: CargoLock, recipes: Sequence[Recipe]) -> Iterator[str]:
    """Yield what is known of each crate that binds a library of the system's and has no recipe."""
    served, table = recipes_by_crate(recipes), crate_table()
    for crate in lock.crates:
        known = table.get(crate.name)
        if known is None or crate.name in served or not known.debian or known.finds is Search.DLOPEN:
            continue
        if not compiles_its_own(known, crate, None):
            yield f"`{crate.name}`: {described(crate.name, table)}"
