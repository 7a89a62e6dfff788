"""The ways by which what is wanted may arrive, the best first: DESIGN.md, "Which method, which suite". Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xprov.archive.suites import find_suite
from xprov.errors import UsageError
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

APT_DISTRIBUTIONS = ("debian", "ubuntu")


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
    return Wanted(version=own.glibc_version if own else None, said_by="this machine's")


def routes(request: Request, host: Host, wanted: Wanted, recipes: Sequence[Recipe]) -> tuple[Route, ...]:
    """Return the routes for `request`, the best first: with `--method` those of one method, else what falls over.

    Raises `UsageError` when no method serves the target, or the one that was named does not; `UnsatisfiableError`
    when no suite fits and nothing else is left.
    """
    _require_glibc(request)
    native = request.target.debian == host.architecture
    match request.method:
        case Method.NATIVE if not native:
            raise UsageError(
                f"method `native` is for {host.architecture}, this machine's own architecture, not for"
                f" {request.target.name}",
                hint="leave `--method` out",
            )
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
            return (Route(method=Method.NATIVE, suite=None, reason="the target is this machine's own architecture"),)
        case None:
            return _foreign(request, host, wanted, recipes)


def _require_glibc(request: Request) -> None:
    target = request.target
    if target.libc is Libc.MUSL:
        raise UsageError(
            f"no method serves `{target.rust}` yet: the libraries of Debian and Ubuntu are linked against glibc",
            hint=f"build for `{target.debian}`, or let the crate compile its library (most have a `vendored` feature)",
        )


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
        (not host.has_apt or host.distribution not in APT_DISTRIBUTIONS, f"{host.pretty_name} has no apt to ask"),
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
