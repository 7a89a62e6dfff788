"""Crates that bind C libraries: whether these are there for the target."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from xprov.project.crates import Search, compiles_its_own, crate_table, described, recipes_by_crate
from xprov.project.features import resolve
from xprov.project.finding import Finding, Place, Severity
from xprov.project.selection import plain_build
from xprov.toolchain import scoped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xprov.project.facts import Facts
    from xprov.recipe import Recipe


def check_crates(facts: Facts) -> Iterator[Finding]:
    """Yield, for a cross build, the libraries that are missing."""
    if facts.is_cross:
        yield from _missing(facts, taken_crates(facts, build_scripts=False))


def taken_crates(facts: Facts, *, build_scripts: bool) -> dict[str, frozenset[str] | None]:
    """Return the crates that the plain build takes, with their features; None where the lock alone tells of them.

    What build scripts depend on is built for this machine, and links its libraries.
    """
    graph = facts.project.graph
    resolved = resolve(graph, replace(plain_build(facts).selection, build_scripts=build_scripts))
    known = graph.exact or facts.project.lock is None
    return {package.name: resolved.features_of(package.name) if known else None for package in resolved.packages()}


def waits_for_setup(facts: Facts) -> bool:
    """Return whether what is found of libraries already leads to the variables of a provision: compiler and linker."""
    wanting = _wanting(facts, taken_crates(facts, build_scripts=False))
    there = provisioned(facts)
    sure = (recipe for name, recipe in wanting.items() if _is_taken_for_sure(facts, name))
    return any(recipe.library not in there or not is_sourced(facts) for recipe in sure)


def _wanting(facts: Facts, crates: Mapping[str, frozenset[str] | None]) -> dict[str, Recipe]:
    """Return the crates that need the library of a recipe, with it."""
    served = recipes_by_crate(facts.recipes)
    return {name: served[name] for name, on in crates.items() if name in served and not vendors(facts, name, on)}


def provisioned(facts: Facts) -> set[str]:
    """Return the libraries that are set up for the target."""
    return {library.name for library in facts.provision.libraries} if facts.provision else set()


def is_sourced(facts: Facts) -> bool:
    """Return whether the environment names the target's pkg-config."""
    names = (*scoped("PKG_CONFIG", facts.target.rust), "TARGET_PKG_CONFIG")
    return any(facts.environ.get(name) for name in names)


def _missing(facts: Facts, crates: Mapping[str, frozenset[str] | None]) -> Iterator[Finding]:
    """Yield one finding with the line that provisions all that is missing, and one for each crate without a recipe."""
    there = provisioned(facts)
    served = recipes_by_crate(facts.recipes)
    wanting = _wanting(facts, crates)
    missing = {name: recipe for name, recipe in wanting.items() if recipe.library not in there}
    if missing:
        yield _library_missing(facts, missing, there)
    if len(missing) < len(wanting) and not is_sourced(facts):
        yield _not_sourced(facts, sorted({recipe.library for recipe in wanting.values()} & there))
    for name, features in crates.items():
        known = crate_table().get(name)
        binds = known is not None and known.debian and known.finds is not Search.DLOPEN
        if binds and name not in served and not vendors(facts, name, features):
            yield _without_recipe(facts, name)


def _library_missing(facts: Facts, missing: Mapping[str, Recipe], there: set[str]) -> Finding:
    libraries = sorted({recipe.library for recipe in missing.values()})
    crates = ", ".join(f"{name} ({recipe.library})" for name, recipe in missing.items())
    sure = any(_is_taken_for_sure(facts, name) for name in missing)
    return Finding(
        id="library-missing",
        severity=Severity.BREAKS if sure else Severity.RISK,
        place=place_of(facts, next(iter(missing))),
        seen=f"{crates}: not set up for {facts.target.name}, which has {', '.join(sorted(there)) or 'nothing'}",
        fix=f"`xprov setup {facts.target.name} {' '.join(libraries)}`{_or_from_lock(facts)}",
    )


def _is_taken_for_sure(facts: Facts, crate: str) -> bool:
    """Return whether a build takes a crate for sure: Cargo.lock alone has what features that are off would take too."""
    graph = facts.project.graph
    if graph.exact or facts.project.lock is None:
        return True
    known = (package for package in graph.packages.values() if package.is_known)
    direct = (dependency for package in known for dependency in package.dependencies)
    return any(dependency.package == crate and not dependency.optional for dependency in direct)


def _or_from_lock(facts: Facts) -> str:
    lock = facts.project.lock
    if lock is None:
        return ""
    return f" (all that the lock asks for: `--from {os.path.relpath(lock.path, facts.project.layout.folder)}`)"


def _not_sourced(facts: Facts, libraries: list[str]) -> Finding:
    return Finding(
        id="environment-not-sourced",
        severity=Severity.RISK,
        seen=f"{', '.join(libraries)} of {facts.target.name}: set up, and no pkg-config is named for"
        f" {facts.target.rust}",
        fix='`source "$HOME/.xprov/env"` (the file that `xprov setup` names) in the shell that builds',
    )


def _without_recipe(facts: Facts, name: str) -> Finding:
    return Finding(
        id="library-missing",
        severity=Severity.RISK,
        place=place_of(facts, name),
        seen=f"{name}: {described(name, crate_table())}, and xprov has no recipe for it",
        fix="write one (`--recipes DIR`, see recipes/README.md), or turn on a feature with which it compiles its own",
    )


def vendors(facts: Facts, name: str, features: frozenset[str] | None) -> bool:
    """Return whether a crate compiles its own copy of the library, as far as its features are known."""
    lock = facts.project.lock
    return compiles_its_own(crate_table().get(name), lock.find(name) if lock else None, features)


def place_of(facts: Facts, crate: str) -> Place | None:
    """Return where Cargo.lock has a crate, None where there is no lock."""
    lock = facts.project.lock
    found = lock.find(crate) if lock else None
    return Place(file=lock.path, line=found.line) if lock and found else None
