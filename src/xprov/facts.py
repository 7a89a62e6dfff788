"""Gather the facts that a plan is made of: the machine, its toolchain, and what archives say."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from xprov.inquiry import inquire
from xprov.obstacles import obstacles
from xprov.package_manager import APT_DISTRIBUTIONS
from xprov.plan import Facts, packages_for, views_for
from xprov.records import dataclass
from xprov.request import Method, Request
from xprov.routes import Route, Wanted, wanted_glibc
from xprov.sites import HERE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from xprov.apt.entry import SourcesFile
    from xprov.apt.plan import SourcesPlan
    from xprov.archive.resolution import Resolution
    from xprov.cache import Cache
    from xprov.host import Host
    from xprov.inquiry import Inquiry
    from xprov.output import Output
    from xprov.recipe import Recipe
    from xprov.sites import Site
    from xprov.toolchain import Toolchain


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What is here, whatever route is taken. `image_sysroot` is the folder that the image's TARGET_SYSROOT names."""

    host: Host
    toolchain: Toolchain | None
    wanted: Wanted
    image_sysroot: Path | None


def inspect(
    request: Request, environ: Mapping[str, str], folder: Path, begun: Inquiry | None = None, site: Site = HERE
) -> Machine:
    """Return what this machine has for `request`, whose target's files are, or will be, in `folder`.

    Asks the compilers of `site`, unless they were asked already: then `begun` has their answers.
    """
    from xprov.environment.files import image_sysroot  # noqa: PLC0415 - keeps this module cheap to import

    with nullcontext(begun) if begun else inquire(request.target, environ, zig=request.zig, site=site) as inquiry:
        host, toolchain = inquiry.host(), inquiry.toolchain()
    return Machine(
        host=host,
        toolchain=toolchain,
        wanted=wanted_glibc(request, host, toolchain),
        image_sysroot=image_sysroot(request.target, folder, environ, site),
    )


def gather(  # noqa: PLR0913 - what was asked for, what is here, and where to ask and to tell
    request: Request,
    route: Route,
    machine: Machine,
    recipes: Sequence[Recipe],
    cache: Cache,
    output: Output,
    *,
    rehearsal: bool,
) -> Facts:
    """Return the facts for `request` by `route`.

    Asks package hosts, by the method's own way. Unless it is for a `rehearsal`, the first obstacle is raised before
    anybody is asked. Raises `UsageError` when a sources file cannot be read, `NetworkError` or `UnsatisfiableError`
    when no host has the target or the suite lacks a package, `VerificationError` when a host is not to be trusted.
    """
    host = machine.host
    found = obstacles(route, host)
    for obstacle in () if rehearsal else found:
        raise obstacle
    sources = resolution = None
    if route.method is Method.MULTIARCH and host.has_apt:
        with output.step(f"Asking package hosts for {request.target.debian}"):
            sources = _plan_sources(request, host)
    if route.method is Method.SYSROOT:
        resolution = _resolve(request, route, machine, recipes, cache, output)
    return Facts(
        host=host,
        route=route,
        wanted=machine.wanted,
        obstacles=found,
        toolchain=machine.toolchain,
        sources=sources,
        resolution=resolution,
        image_sysroot=machine.image_sysroot,
    )


def _resolve(
    request: Request, route: Route, machine: Machine, recipes: Sequence[Recipe], cache: Cache, output: Output
) -> Resolution:
    view = views_for(request, route.method, machine.toolchain)[-1]
    packages = packages_for(recipes, route, machine.host, request.target)
    if request.locked:
        from xprov.apt.sources import parse  # noqa: PLC0415 - of use with a lock alone
        from xprov.lockfile.use import locked_resolution  # noqa: PLC0415

        own = tuple(entry for file in own_sources(machine.host) for entry in parse(file))
        return locked_resolution(request.locked, packages, view, request.access, own, machine.host.suite)
    from xprov.archive.asking import Question, answer  # noqa: PLC0415 - of use to this method alone

    assert route.suite is not None  # noqa: S101 - every route of this method has one
    question = Question(
        suite=route.suite,
        target=request.target,
        packages=tuple(name.partition(":")[0] for name in packages),
        view=view,
        access=request.access,
        own=own_sources(machine.host),
        host_suite=machine.host.suite,
        without=route.without,
    )
    found = answer(question, cache, output)
    for warning in found.warnings:
        output.warning(warning)
    return found


def own_sources(host: Host) -> tuple[SourcesFile, ...]:
    """Return the files of this machine's apt sources, also where apt itself is not in PATH; none on other systems.

    Raises `XprovError` when one of them cannot be read.
    """
    from xprov.apt.sources import read_sources  # noqa: PLC0415 - of use to some methods alone

    return read_sources() if host.distribution in APT_DISTRIBUTIONS else ()


def _plan_sources(request: Request, host: Host) -> SourcesPlan:
    from xprov.apt.apply import STATE_FOLDER  # noqa: PLC0415 - slow, and of use to this method alone
    from xprov.apt.decide import SourcesRequest  # noqa: PLC0415
    from xprov.apt.plan import open_questions, plan_sources  # noqa: PLC0415
    from xprov.apt.probe import Prober, gather  # noqa: PLC0415
    from xprov.apt.reach import read_reach  # noqa: PLC0415
    from xprov.apt.sources import read_sources  # noqa: PLC0415
    from xprov.apt.state import read_state  # noqa: PLC0415

    added = read_state(STATE_FOLDER).architectures
    wanted = SourcesRequest(
        target=request.target.debian,
        native=host.architecture,
        others=tuple(name for name in host.foreign if name not in added),
        mirrors=(request.mirror,) if request.mirror else (),
    )
    files = read_sources()
    prober = Prober.of(read_reach())
    answers = gather(lambda known: open_questions(files, wanted, known), prober.answer)
    plan = plan_sources(files, wanted, answers)
    plan.check()
    return plan
