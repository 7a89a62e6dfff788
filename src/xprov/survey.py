"""What each suite has of a library, and from which glibc on it can be used: the table of `xprov suites`. Pure."""

from __future__ import annotations

import re
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from xprov.archive.suites import Suite, suites
from xprov.errors import UnsatisfiableError, UsageError
from xprov.records import dataclass
from xprov.suite_choice import candidates
from xprov.target import Libc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from xprov.archive.candidate import Candidate
    from xprov.glibc import Version
    from xprov.recipe import Recipe
    from xprov.target import Target

_LIBC = "libc6"


class FloorSource(str, Enum):
    """Who says what glibc is needed."""

    MEASURED = "measured"
    """The ELF files did, when the recipe was measured."""
    PACKAGES = "packages"
    """The packages do: they depend on a version of libc6. It may be more than the libraries need."""
    SUITE = "suite"
    """Nobody; it cannot be more than the glibc of the suite."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteAnswer:
    """What the archive says: the version of each library's first package, and the libc6 that the closure depends on."""

    versions: Mapping[str, str]
    floor: Version | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteRow:
    """One suite: what it has, the glibc that is needed, and why it is not chosen by itself, if it is not (`marks`).

    `versions` is empty where the archive did not answer, `floor` None where the libraries are not to be had, and where
    nobody answered for a suite whose own glibc still moves.
    """

    suite: Suite
    floor: Version | None
    source: FloorSource
    marks: tuple[str, ...]
    versions: Mapping[str, str] = field(default_factory=dict)


def suites_for(recipes: Sequence[Recipe], target: Target) -> tuple[Suite, ...]:
    """Return the suites that have `recipes` for `target`, the newest glibc first.

    They are those that are maintained for years; for an architecture that none of them has, the others. Raises
    `UsageError` for a target without glibc, `UnsatisfiableError` when there is no suite.
    """
    if target.libc is not Libc.GLIBC:
        raise UsageError(
            f"no suite has libraries for `{target.name}`: those of Debian and Ubuntu are linked against glibc"
        )
    serving = [suite for suite in candidates() if target.debian in suite.architectures]
    serving = serving or [suite for suite in reversed(suites()) if target.debian in suite.architectures]
    found = tuple(suite for suite in serving if all(_packages(recipe, suite) for recipe in recipes))
    if not found:
        names = ", ".join(recipe.library for recipe in recipes)
        raise UnsatisfiableError(f"no suite has {names} for {target.name}")
    return found


def packages_in(recipes: Iterable[Recipe], suite: Suite) -> tuple[str, ...]:
    """Return the packages of `recipes` in `suite`, each once."""
    return tuple(dict.fromkeys(name for recipe in recipes for name in _packages(recipe, suite)))


def read_answer(recipes: Iterable[Recipe], suite: Suite, closure: Sequence[Candidate]) -> SuiteAnswer:
    """Return what `closure`, the packages of `recipes` and all that they need, says of them."""
    versions = {candidate.name: candidate.package.version for candidate in closure}
    named = {recipe.library: versions.get(_packages(recipe, suite)[0], "") for recipe in recipes}
    return SuiteAnswer(
        versions={library: version for library, version in named.items() if version},
        floor=max((floor for candidate in closure for floor in _libc_of(candidate)), default=None),
    )


def missing_row(suite: Suite, target: Target) -> SuiteRow:
    """Return the row of a suite whose archive says that it has not what is asked for."""
    marks = ("not to be had there", *_marks(suite, target))
    return SuiteRow(suite=suite, floor=None, source=FloorSource.PACKAGES, marks=marks)


def make_row(suite: Suite, recipes: Sequence[Recipe], target: Target, answer: SuiteAnswer | None) -> SuiteRow:
    """Return what is known of `suite`; `answer` is None where its archive gave none."""
    hints = [recipe.floor_hint(suite, target.debian) for recipe in recipes]
    measured = [hint for hint in hints if hint is not None]
    if len(measured) == len(hints):
        floor, source = max(measured, default=None), FloorSource.MEASURED
    elif answer and answer.floor:
        floor, source = max([answer.floor, *measured]), FloorSource.PACKAGES
    else:
        floor, source = suite.glibc_version, FloorSource.SUITE
    return SuiteRow(
        suite=suite,
        floor=floor,
        source=source,
        marks=tuple(_marks(suite, target)),
        versions=answer.versions if answer else {},
    )


def _marks(suite: Suite, target: Target) -> Iterator[str]:
    if target.debian == "armhf" and suite.time64_armhf:
        yield "64-bit time_t"
    if not suite.lts:
        yield "short-lived or still moving"
    if suite.eol:
        yield "no longer supported"
    if suite.keys_expired:
        yield "keys have expired"


def _packages(recipe: Recipe, suite: Suite) -> tuple[str, ...]:
    try:
        return recipe.packages_for(suite.distribution, suite.codename)
    except UnsatisfiableError:
        return ()


def _libc_of(candidate: Candidate) -> Iterator[Version]:
    """Yield the versions of libc6 that a package asks for; `2.34-1~` is 2.34."""
    for clause in candidate.package.depends:
        for relation in clause:
            match = re.match(r"([0-9]+)\.([0-9]+)", relation.version)
            if relation.name == _LIBC and relation.operator in (">=", ">>") and match:
                yield int(match[1]), int(match[2])
