"""Use a lock: what a plan leaves to be locked, and what a lock gives to a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xprov.archive.locations import locations, parts_of
from xprov.archive.resolution import Resolution
from xprov.environment.model import View
from xprov.errors import VerificationError
from xprov.lockfile.model import NAME, LockedTarget
from xprov.lockfile.reading import read_lock
from xprov.request import Method
from xprov.routes import Route
from xprov.view.layout import Shape, belongs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from xprov.apt.entry import Entry
    from xprov.archive.locations import Access
    from xprov.lockfile.model import Lock
    from xprov.plan import Plan
    from xprov.request import Request
    from xprov.routes import Wanted
    from xprov.target import Target


def lock_of(plan: Plan) -> LockedTarget:
    """Return what is to be locked of `plan`, whose packages are known: its method is `sysroot`."""
    resolution, suite = plan.resolution, plan.route.suite
    assert resolution is not None  # noqa: S101 - the planner gives every plan of this method its packages
    assert suite is not None  # noqa: S101 - and every route of it has a suite
    return LockedTarget(
        target=plan.target,
        libraries=tuple(sorted(plan.libraries)),
        suite=suite,
        glibc=plan.wanted.version[:2] if plan.route.strict and plan.wanted.version else None,
        view=plan.views[-1],
        asked=tuple(sorted(_names(plan.packages))),
        released=resolution.released,
        packages=tuple(replace(package, bases=()) for package in resolution.packages),
    )


def _names(packages: Iterable[str]) -> list[str]:
    """Return the names of packages in apt's spelling, which has the architecture behind them."""
    return [package.partition(":")[0] for package in packages]


def locked_target(lock: Lock, target: Target, libraries: Iterable[str]) -> LockedTarget:
    """Return what is locked for `target`. Raises `VerificationError` when that is nothing, or lacks `libraries`."""
    libraries = tuple(libraries)
    again = f"xprov lock {target.name} -- {' '.join(libraries) or 'LIBRARY...'}"
    locked = lock.targets.get(target.name)
    if locked is None:
        raise VerificationError(f"`{NAME}` has nothing for {target.name}", hint=f"`{again}` adds it")
    lacking = [library for library in libraries if library not in locked.libraries]
    if lacking:
        every = " ".join((*locked.libraries, *lacking))
        raise VerificationError(
            f"`{NAME}` has for {target.name} no {', '.join(lacking)}",
            hint=f"`xprov lock {target.name} -- {every}` adds it; `--locked` takes nothing that is not in the lock",
        )
    return locked


def locked_request(request: Request, file: Path) -> Request:
    """Return `request` for exactly what the lock in `file` has. Raises what `read_lock` and `locked_target` do."""
    locked = locked_target(read_lock(file), request.target, request.libraries)
    return replace(request, method=Method.SYSROOT, libraries=locked.libraries, locked=locked)


def locked_route(locked: LockedTarget, request: Request, wanted: Wanted) -> Route:
    """Return the only route that a lock leaves. Raises `VerificationError` when another suite was asked for."""
    suite = locked.suite
    if request.suite not in (None, suite):
        raise VerificationError(
            f"`{NAME}` has {suite.name} for {locked.target.name}, and {request.suite.name} was asked for",
            hint="leave `--suite` or `--locked` out",
        )
    glibc = suite.glibc_version
    return Route(
        method=Method.SYSROOT,
        suite=suite,
        reason=f"`{NAME}` has {suite.name}",
        proven=wanted.version is None or (glibc is not None and glibc <= wanted.version),
        strict=locked.glibc is not None or request.glibc is not None,
    )


def locked_resolution(
    locked: LockedTarget, packages: Iterable[str], view: View, access: Access, own: tuple[Entry, ...], host_suite: str
) -> Resolution:
    """Return the locked packages that `view` is made of, each with the archives that may have it. Nobody is asked.

    Raises `VerificationError` when they are not for what is wanted now: for the `packages` that recipes name, or for a
    larger view.
    """
    _require_same(locked, _names(packages))
    if view is View.FULL and locked.view is not View.FULL:
        raise VerificationError(
            f"`{NAME}` has the libraries for {locked.target.name}, and the full view that is wanted needs libc too",
            hint=f"lock what it takes: `xprov lock {locked.target.name} --view full`",
        )
    shape = Shape.SYSROOT if view is View.FULL else Shape.LIBS
    bases = _bases(locked, access, own, host_suite)
    return Resolution(
        suite=locked.suite.name,
        architecture=locked.target.debian,
        released=dict(locked.released),
        packages=tuple(
            replace(package, bases=bases[package.part]) for package in locked.packages if belongs(package.name, shape)
        ),
    )


def _require_same(locked: LockedTarget, wanted: Iterable[str]) -> None:
    """Raise `VerificationError` unless the recipes name the same packages as when they were locked."""
    before, now = set(locked.asked), set(wanted)
    if before == now:
        return
    told = [f"it lacks {', '.join(sorted(now - before))}"] if now - before else []
    told += [f"they no longer name {', '.join(sorted(before - now))}"] if before - now else []
    raise VerificationError(
        f"`{NAME}` is not what the recipes say for {locked.target.name}: {'; '.join(told)}",
        hint=f"lock it again: `xprov lock {locked.target.name}`",
    )


def _bases(
    locked: LockedTarget, access: Access, own: tuple[Entry, ...], host_suite: str
) -> Mapping[str, tuple[str, ...]]:
    """Return the addresses of the archives that may have a part, by its name."""
    return {
        part.name: tuple(
            location.uri for location in locations(locked.suite, part, locked.target.debian, access, own, host_suite)
        )
        for part in parts_of(locked.suite)
    }
