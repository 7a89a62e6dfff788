"""How files arrive. Each method carries out a plan and returns what arrived; after that there is one path for all."""

from collections.abc import Callable

from xprov.cache import Cache
from xprov.output import Output
from xprov.plan import Plan
from xprov.provision import ProvisionedPackage
from xprov.records import dataclass
from xprov.request import Method
from xprov.view import PackageTree


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """What a method brought: the packages that the libraries need, and where the files of each are."""

    packages: tuple[ProvisionedPackage, ...]
    trees: tuple[PackageTree, ...]


def carry_out(plan: Plan, cache: Cache, output: Output) -> Arrival:
    """Make the files of `plan` arrive, by its method.

    Raises the first of the plan's obstacles, and whatever error the method ends with; then all is as it was before.
    """
    for obstacle in plan.obstacles:
        raise obstacle
    output.say(f"Target {plan.target.name}, method {plan.method.value}: {plan.route.reason}")
    return _method(plan.method)(plan, cache, output)


def _method(method: Method) -> Callable[[Plan, Cache, Output], Arrival]:
    # Imported when it is used: a plan that is only shown needs none of them.
    match method:
        case Method.NATIVE:
            from xprov.methods import native  # noqa: PLC0415

            return native.carry_out
        case Method.MULTIARCH:
            from xprov.methods import multiarch  # noqa: PLC0415

            return multiarch.carry_out
        case Method.SYSROOT:
            from xprov.methods import sysroot  # noqa: PLC0415

            return sysroot.carry_out
