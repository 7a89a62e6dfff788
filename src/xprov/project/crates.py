"""What is known of crates that bind C libraries: recipes say it of those that they serve, `crates.toml` the rest."""

from __future__ import annotations

from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.project.finding import Severity
from xprov.recipe import Finds
from xprov.records import dataclass
from xprov.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xprov.project.lock import LockedCrate
    from xprov.recipe import Recipe
    from xprov.toml import Table


class Search(str, Enum):
    """How a crate's build script finds its library: the words of `recipe.Finds`, and one for those that need none."""

    PKG_CONFIG = "pkg-config"
    LINK = "link"
    ENVIRONMENT = "environment"
    PROGRAM = "program"
    DLOPEN = "dlopen"
    BUNDLED = "bundled"


@dataclass(frozen=True, kw_only=True, slots=True)
class CrateNeeds:
    """One row: see `crates.toml`. `library` and `finds` are None where a recipe has them."""

    name: str
    library: str | None
    finds: Search | None
    system: tuple[str, ...]
    debian: tuple[str, ...]
    vendored: tuple[str, ...]
    source: str | None
    needs: str | None
    fix: str | None
    severity: Severity
    when: tuple[str, ...]
    unless: tuple[tuple[str, ...], ...]
    programs: tuple[str, ...]


@cache
def crate_table() -> dict[str, CrateNeeds]:
    """Return the table, by crate."""
    table = read_toml(Path(__file__).with_name("crates.toml"))
    return {name: _crate(name, table.table(name)) for name in table.keys()}  # noqa: SIM118 - a Table, not a dict


def recipes_by_crate(recipes: Iterable[Recipe]) -> dict[str, Recipe]:
    """Return each crate that needs a recipe's library to be built, with the recipe."""
    crates = ((crate, recipe) for recipe in recipes for crate in recipe.crates)
    return {crate.name: recipe for crate, recipe in crates if crate.finds is not Finds.DLOPEN}


def compiles_its_own(known: CrateNeeds | None, crate: LockedCrate | None, features: frozenset[str] | None) -> bool:
    """Return whether a crate compiles its library: by its features, or by the lock where those are not known (None)."""
    if known is None:
        return False
    if known.finds is Search.BUNDLED:
        return not (features or frozenset()).intersection(known.system)
    if features is not None:
        return bool(features.intersection(known.vendored))
    names = (word.partition(" ")[0] for word in crate.dependencies) if crate else ()
    return known.source is not None and known.source in names


def described(crate: str, table: Mapping[str, CrateNeeds]) -> str | None:
    """Return what is known of a crate that no recipe serves, for people, or None where that is nothing."""
    known = table.get(crate)
    if known is None or known.library is None:
        return None
    if known.finds is Search.BUNDLED:
        return f"it compiles {known.library} itself"
    packages = f" (Debian: {', '.join(known.debian)})" if known.debian else ""
    return f"it binds {known.library}{packages}"


def _crate(name: str, table: Table) -> CrateNeeds:
    keys = table.keys()
    crate = CrateNeeds(
        name=name,
        library=table.optional_text("library"),
        finds=table.choice("finds", Search) if "finds" in keys else None,
        system=table.optional_texts("system"),
        debian=table.optional_texts("debian"),
        vendored=table.optional_texts("vendored"),
        source=table.optional_text("source"),
        needs=table.optional_text("needs"),
        fix=table.optional_text("fix"),
        severity=table.choice("severity", Severity) if "severity" in keys else Severity.RISK,
        when=table.optional_texts("when"),
        unless=tuple(tuple(words.split()) for words in table.optional_texts("unless")),
        programs=table.optional_texts("programs"),
    )
    table.end()
    return crate
