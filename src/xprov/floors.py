"""Ask the files of a plan's packages what they need of glibc, before anything is built of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.errors import FloorError
from xprov.glibc import format_version
from xprov.measure import measure_floor
from xprov.methods.sysroot import carry_out

if TYPE_CHECKING:
    from xprov.cache import Cache
    from xprov.output import Output
    from xprov.plan import Plan


def require_floor(plan: Plan, cache: Cache, output: Output) -> None:
    """Raise `FloorError` when the libraries of `plan`, of method `sysroot`, need a newer glibc than it wants.

    Their packages are in the cache then. Raises what fetching them does too.
    """
    if plan.wanted.version is None:
        return
    trees = carry_out(plan, cache, output).trees
    floors = [measure_floor(recipe, trees, plan.target, cache.trees) for recipe in plan.recipes]
    floor = max((found for found in floors if found), key=lambda found: found.version, default=None)
    if floor is None or floor.version[:2] <= plan.wanted.version[:2]:
        return
    raise FloorError(
        f"{plan.suite}'s libraries need glibc {format_version(floor.version)} ({floor.why}), and"
        f" {plan.wanted.said_by} is {format_version(plan.wanted.version)}",
        hint="`--glibc` or `--manylinux` says what they may need, `xprov suites` what each suite's do",
    )
