"""Try the routes to what is wanted in turn, until one leads there."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from xprov.errors import (
    AbsentError,
    FloorError,
    NetworkError,
    SidePartError,
    UnsatisfiableError,
    VerificationError,
    XprovError,
)
from xprov.facts import gather, inspect
from xprov.plan import make_plan
from xprov.records import dataclass
from xprov.request import Method
from xprov.routes import routes
from xprov.sites import HERE
from xprov.standing import standing
from xprov.suite_choice import unsatisfied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from xprov.cache import Cache
    from xprov.facts import Machine
    from xprov.inquiry import Inquiry
    from xprov.output import Output
    from xprov.plan import Plan
    from xprov.provision import Provision
    from xprov.recipe import Recipe
    from xprov.request import Request
    from xprov.routes import Route
    from xprov.sites import Site
    from xprov.store import Store

_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """Where xprov works: its store, its cache, and the variables that it was started with.

    `inquiry` has asked about the target already, None where that is yet to be done. `site` is where the target's
    toolchain runs; `environ` are the variables there.
    """

    store: Store
    cache: Cache
    environ: Mapping[str, str]
    inquiry: Inquiry | None = None
    site: Site = HERE


def set_up(
    request: Request, recipes: tuple[Recipe, ...], surroundings: Surroundings, output: Output
) -> tuple[Plan, Provision]:
    """Provision what is asked for, and return the plan that was carried out and what is there.

    When a route does not lead there, the next is taken, and why is said. Raises the error of the first one.
    """
    told: set[str] = set()

    def carry_out(plan: Plan) -> tuple[Plan, Provision]:
        for warning in plan.warnings:
            if warning not in told:
                output.warning(warning)
        told.update(plan.warnings)
        if (there := standing(plan, surroundings.store, output)) is not None:
            return plan, there
        from xprov.provisioning import provision  # noqa: PLC0415 - slow to import: it builds views, and checks them

        return plan, provision(plan, surroundings.store, surroundings.cache, output, surroundings.site)

    return _first(request, recipes, surroundings, output, carry_out, rehearsal=False)


def rehearse(request: Request, recipes: tuple[Recipe, ...], surroundings: Surroundings, output: Output) -> Plan:
    """Return the plan that would be carried out first. Archives are asked; nothing is fetched from their pools."""
    return _first(request, recipes, surroundings, output, lambda plan: plan, rehearsal=True)


def settle(request: Request, recipes: tuple[Recipe, ...], surroundings: Surroundings, output: Output) -> Plan:
    """Return the plan that `set_up` would have carried out. Its packages are fetched where their files alone can tell.

    The method has to be `sysroot`. Raises the error of the first route.
    """
    from xprov.floors import require_floor  # noqa: PLC0415 - slow to import, and needed for this alone

    def ask(plan: Plan) -> Plan:
        if plan.route.strict and not plan.route.proven:
            require_floor(plan, surroundings.cache, output)
        return plan

    return _first(request, recipes, surroundings, output, ask, rehearsal=False)


def _first(
    request: Request,
    recipes: tuple[Recipe, ...],
    surroundings: Surroundings,
    output: Output,
    act: Callable[[Plan], _Result],
    *,
    rehearsal: bool,
) -> _Result:
    """Return what `act` makes of the first plan that works."""
    cache = surroundings.cache
    folder = surroundings.store.folder(request.target)
    machine = inspect(request, surroundings.environ, folder, surroundings.inquiry, surroundings.site)
    left = list(_routes(request, machine, recipes))
    failures: list[XprovError] = []
    while left:
        route = left.pop(0)
        try:
            with _used(cache, route, output):
                facts = gather(request, route, machine, recipes, cache, output, rehearsal=rehearsal)
                return act(make_plan(request, facts, recipes))
        except SidePartError as error:
            # A lock is to be met to the letter, and a part that is passed over already is not to blame.
            if request.locked or set(error.parts) <= set(route.without):
                raise
            output.warning(f"going on without {', '.join(error.parts)}: {error.message}")
            left.insert(0, replace(route, without=(*route.without, *error.parts)))
        except (NetworkError, UnsatisfiableError, VerificationError) as error:
            if isinstance(error, VerificationError) and not (route.suite and route.suite.keys_expired):
                raise
            failures.append(error)
            left = [other for other in left if not _is_futile(other, route, error)]
            if left:
                _tell(route, left[0], error, output)
    if len(failures) > 1 and all(isinstance(failure, FloorError) for failure in failures):
        raise unsatisfied(recipes, request.target, machine.wanted.version)
    # The first route was the best: what it lacks is to be mended, not what the way round the last corner lacks.
    raise failures[0]


def _routes(request: Request, machine: Machine, recipes: tuple[Recipe, ...]) -> tuple[Route, ...]:
    if request.locked is None:
        return routes(request, machine.host, machine.wanted, recipes)
    from xprov.lockfile.use import locked_route  # noqa: PLC0415 - of use with a lock alone

    return (locked_route(request.locked, request, machine.wanted),)


def _used(cache: Cache, route: Route, output: Output) -> AbstractContextManager[None]:
    """Keep others from freeing what `route` needs of the cache; those that need nothing leave it alone."""
    if route.method is not Method.SYSROOT:
        return nullcontext()
    return cache.used(lambda: output.say(f"Waiting for another xprov that frees space in {cache.path}"))


def _is_futile(other: Route, failed: Route, error: XprovError) -> bool:
    """Return whether `other` must fail as `failed` did: its packages lie on the hosts that did not answer."""
    if failed.suite is None or other.suite is None:
        return False
    if not isinstance(error, NetworkError) or isinstance(error, AbsentError):
        return False
    return (other.suite.distribution, other.suite.eol) == (failed.suite.distribution, failed.suite.eol)


def _tell(failed: Route, following: Route, error: XprovError, output: Output) -> None:
    what = failed.suite.name if failed.suite else f"method {failed.method.value}"
    then = following.suite.name if following.suite else f"method {following.method.value}"
    if following.suite and failed.method is not Method.SYSROOT:
        then = f"method sysroot with {then}"
    output.warning(f"{what} would not do: {error.message}\ngoing on with {then}")
