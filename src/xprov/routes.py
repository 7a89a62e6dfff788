"""The ways by which what is wanted may arrive, the best first: DESIGN.md, "Which method, which suite". Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xprov.archive.suites import find_suite
from xprov.errors import UsageError
from xprov.package_manager import Family
from xprov.records import dataclass
from xprov.request import Method
from xprov.suite_choice import Standing, fitting_suites, judge_suite, unsatisfied
from xprov.target import Libc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xprov.archive.suites import Suite
    from xprov.glibc import Version
    from xprov.host import Host
    from xprov.recipe import Recipe
    from xprov.request import Request
    from xprov.suite_choice import Fit
    from xprov.toolchain import Toolchain


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A method and the suite that it takes packages from, and why it is these.

    `suite` is None where the machine's own package manager decides. `proven` says that nothing in it can need a newer
    glibc than is wanted; otherwise the ELF files are asked when they are there. `strict` says that a route whose files
    do need one is left. `without` are parts of the suite that are passed over: their packages could not be had.
    """

    method: Method
    suite: Suite | None
    reason: str
    proven: bool = True
    strict: bool = False
    without: tuple[str, ...] = ()


_NATIVE = Route(method=Method.NATIVE, suite=None, reason="the target is this machine's own architecture")
_OTHERS = "this machine's own packages would not do"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """The newest glibc that libraries may need, None where nobody knows, and who says so."""

    version: Version | None
    said_by: str


def wanted_glibc(request: Request, host: Host, toolchain: Toolchain | None) -> Wanted:
    """Return what libraries may need: what was asked for, else what the toolchain has, else what this machine has."""
    if request.glibc:
        return Wanted(version=request.glibc, said_by="asked for")
    if toolchain and toolchain.glibc:
        return Wanted(version=toolchain.glibc, said_by="your toolchain's")
    own = find_suite(host.distribution, host.codename)
    return Wanted(version=own.glibc_version if own else host.glibc, said_by="this machine's")


def routes(request: Request, host: Host, wanted: Wanted, recipes: Sequence[Recipe]) -> tuple[Route, ...]:
    """Return the routes for `request`, the best first: with `--method` those of one method, else what falls over.

    Raises `UsageError` when no method serves the target, or the one that was named does not; `UnsatisfiableError`
    when no suite fits and nothing else is left.
    """
    native = (request.target.debian, request.target.libc) == (host.architecture, host.libc)
    if request.target.libc is Libc.MUSL:
        return (_musl(request, host, native=native),)
    match request.method:
        case Method.NATIVE if not native:
            raise _not_native(request, host)
        case Method.MULTIARCH if native:
            raise UsageError(
                f"method `multiarch` is for foreign architectures, and {request.target.name} is this machine's own",
                hint="leave `--method` out",
            )
        case Method.NATIVE | Method.MULTIARCH as method:
            return (Route(method=method, suite=None, reason=request.method_said_by),)
        case Method.SYSROOT:
            return _sysroot(request, wanted, recipes, request.method_said_by)
        case None if native and request.suite is None:
            return (_NATIVE, *_after_native(request, host, wanted, recipes))
        case None:
            return _foreign(request, host, wanted, recipes)


def _not_native(request: Request, host: Host) -> UsageError:
    own = host.architecture if host.libc is Libc.GLIBC else f"{host.architecture} with musl"
    return UsageError(
        f"method `native` is for {own}, this machine's own architecture, not for {request.target.name}",
        hint="leave `--method` out",
    )


def _musl(request: Request, host: Host, *, native: bool) -> Route:
    """Return the one route for a target of musl: the machine's own packages, where that is what they are linked to."""
    target = request.target
    if native and request.method in (None, Method.NATIVE) and request.suite is None:
        if request.glibc:
            raise UsageError(
                f"`{target.rust}` has musl and no glibc: wheels for it are musllinux ones",
                hint="leave `--manylinux` and `--glibc` out",
            )
        return replace(_NATIVE, reason=request.method_said_by) if request.method else _NATIVE
    why = "the libraries of Debian and Ubuntu, which all methods but `native` take, are linked against glibc"
    if native:
        hint = "leave `--method` and `--suite` out: this machine's own packages are musl's"
    elif request.target.debian == host.architecture:
        hint = f"run xprov in an Alpine container, or build for `{target.debian}`"
    else:
        hint = (
            f"run xprov in an Alpine container of that architecture, build for `{target.debian}`, or let the crate"
            " compile its library (most have a `vendored` feature)"
        )
    raise UsageError(f"nothing serves `{target.rust}` here: {why}", hint=hint)


def _after_native(request: Request, host: Host, wanted: Wanted, recipes: Sequence[Recipe]) -> tuple[Route, ...]:
    """Return what is tried after this machine's own packages.

    Where they are Debian's or Ubuntu's, other suites of these have no other libraries. Red Hat's, and those like it,
    lack many, and may have gone from their mirrors.
    """
    if host.package_manager is None or host.package_manager.family is not Family.RPM or wanted.version is None:
        return ()
    return _routes(fitting_suites(recipes, request.target, wanted.version), _OTHERS, strict=True)


def _foreign(request: Request, host: Host, wanted: Wanted, recipes: Sequence[Recipe]) -> tuple[Route, ...]:
    against = _against_multiarch(request, host, wanted, recipes)
    if against is not None:
        return _sysroot(request, wanted, recipes, against)
    reason = f"{host.throwaway}, {host.suite}: its apt installs the foreign packages"
    first = Route(method=Method.MULTIARCH, suite=None, reason=reason)
    fits = fitting_suites(recipes, request.target, wanted.version)
    return (first, *_routes(fits, "apt could not", strict=True))


def _against_multiarch(request: Request, host: Host, wanted: Wanted, recipes: Sequence[Recipe]) -> str | None:
    """Return why the machine's own apt is not asked, or None where it is."""
    reasons = (
        (request.suite is not None, ""),
        (request.wants_full, "the full view was asked for"),
        (not host.has_apt, f"{host.pretty_name} has no apt to ask"),
        (not host.is_root, "only root can have apt install packages"),
        (host.throwaway is None, "this may be a person's own machine, whose apt is left alone"),
    )
    found = next((reason for holds, reason in reasons if holds), None)
    return _unfit(request, host, wanted, recipes) if found is None else found


def _unfit(request: Request, host: Host, wanted: Wanted, recipes: Sequence[Recipe]) -> str | None:
    """Return why the libraries of the machine's own suite would not do, None where they will, or nobody knows."""
    suite = find_suite(host.distribution, host.codename)
    if suite is None or wanted.version is None:
        return None
    verdict = judge_suite(suite, recipes, request.target, wanted.version)
    return None if verdict.standing in (Standing.PROVEN, Standing.HINTED) else verdict.reason


def _sysroot(request: Request, wanted: Wanted, recipes: Sequence[Recipe], reason: str) -> tuple[Route, ...]:
    fits = fitting_suites(recipes, request.target, wanted.version, named=request.suite)
    if not fits:
        raise unsatisfied(recipes, request.target, wanted.version)
    # A suite that was named is taken with a warning, unless the glibc was named too.
    return _routes(fits, reason, strict=request.suite is None or request.glibc is not None)


def _routes(fits: Sequence[Fit], reason: str, *, strict: bool) -> tuple[Route, ...]:
    return tuple(
        Route(
            method=Method.SYSROOT,
            suite=fit.suite,
            reason="; ".join(dict.fromkeys(filter(None, (reason, fit.reason)))),
            proven=fit.proven,
            strict=strict,
        )
        for fit in fits
    )
