"""Gather the facts that a plan is made of: the machine, its toolchain, its apt sources and what package hosts say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.host import inspect_host
from xprov.plan import Facts, choose_method, obstacles
from xprov.request import Method, Request
from xprov.toolchain import find_toolchain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xprov.apt.plan import SourcesPlan
    from xprov.host import Host
    from xprov.output import Output


def gather(request: Request, environ: Mapping[str, str], folder: Path, output: Output, *, rehearsal: bool) -> Facts:
    """Return the facts for `request`, whose target's files are, or will be, in `folder`.

    Asks the compilers, dpkg and, for method `multiarch`, the package hosts. Unless it is for a `rehearsal`, the first
    obstacle is raised before anybody is asked. Raises `UsageError` when no method serves
    the request or a sources file cannot be read, `NetworkError` or `UnsatisfiableError` when no host has the target.
    """
    from xprov.environment.files import image_sysroot  # noqa: PLC0415 - keeps this module cheap to import

    host = inspect_host(environ)
    choice = choose_method(request, host)
    found = obstacles(request, host)
    for obstacle in () if rehearsal else found:
        raise obstacle
    sources = None
    if choice.method is Method.MULTIARCH and host.has_apt:
        with output.step(f"Asking package hosts for {request.target.debian}"):
            sources = _plan_sources(request, host)
    return Facts(
        host=host,
        choice=choice,
        obstacles=found,
        toolchain=find_toolchain(request.target, environ),
        sources=sources,
        image_sysroot=image_sysroot(request.target, folder, environ),
    )


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
