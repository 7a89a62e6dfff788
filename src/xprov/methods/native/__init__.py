"""Method `native`: the target is this machine, and its own package manager installs. Nothing else changes."""

from collections.abc import Callable

from xprov.cache import Cache
from xprov.methods import Arrival
from xprov.output import Output
from xprov.package_manager import Family
from xprov.plan import Plan


def carry_out(plan: Plan, cache: Cache, output: Output) -> Arrival:
    """Install the packages of `plan`, and pkg-config where there is none, and return what is there.

    Raises `UnsatisfiableError` when the package manager finds no way, `NetworkError` when it cannot fetch,
    `VerificationError` when it does not trust what it fetched.
    """
    assert plan.package_manager is not None  # noqa: S101 - else it is an obstacle
    return _family(plan.package_manager.family)(plan, cache, output)


def _family(family: Family) -> Callable[[Plan, Cache, Output], Arrival]:
    match family:
        case Family.DPKG:
            from xprov.methods.native import apt  # noqa: PLC0415 - each is of use to one kind of system

            return apt.carry_out
        case Family.RPM:
            from xprov.methods.native import rpm  # noqa: PLC0415

            return rpm.carry_out
        case Family.APK:
            from xprov.methods.native import apk  # noqa: PLC0415

            return apk.carry_out
