"""Gather the facts about a project, and let every check judge them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.environment.choose import choose_view
from xprov.environment.model import View
from xprov.errors import UsageError
from xprov.host import inspect_host
from xprov.project.checks import CHECKS
from xprov.project.facts import Facts
from xprov.project.finding import Severity
from xprov.project.gather import read_project
from xprov.project.machine import inspect_machine
from xprov.provision import read_provision
from xprov.target import find_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from xprov.project.facts import Project
    from xprov.project.finding import Finding
    from xprov.recipe import Recipe
    from xprov.store import Store
    from xprov.target import Target
    from xprov.toolchain import Toolchain

_BUILD_TARGET = ("build", "target")


def gather_facts(
    folder: Path, target: Target | None, *, environ: Mapping[str, str], store: Store, recipes: Sequence[Recipe]
) -> Facts:
    """Return the facts about the project in `folder`, built for `target` or, where it is None, for what is usual.

    Raises `UsageError` when there is no project, or a file of it is not right.
    """
    here = inspect_host(environ)
    host = find_target(here.architecture).with_libc(here.libc)
    project = read_project(folder, environ, (target or host).rust)
    wanted = target or usual_target(project, environ, store.provisioned()) or host
    home = store.folder(wanted)
    machine = inspect_machine(wanted, environ, linkers=_linkers(project, wanted), host=host)
    return Facts(
        project=project,
        target=wanted,
        is_cross=wanted != host,
        environ=dict(environ),
        machine=machine,
        provision=read_provision(home),
        libraries=_libraries(home, wanted),
        view=_view(home, machine.toolchain),
        recipes=tuple(recipes),
    )


def usual_target(project: Project, environ: Mapping[str, str], provisioned: Sequence[Target]) -> Target | None:
    """Return the target that the project is built for where nobody says: by cargo's settings, or the only one set up.

    None where cargo builds for this machine, or for one that xprov does not know.
    """
    named = environ.get("CARGO_BUILD_TARGET")
    settings = (config.at(*_BUILD_TARGET) for config in project.configs)
    word = named or next((setting for setting in settings if isinstance(setting, str)), None)
    if word is not None:
        return _known(word)
    return provisioned[0] if len(provisioned) == 1 else None


def find_problems(facts: Facts) -> tuple[Finding, ...]:
    """Return all findings, the worst first, each kind in the order of the checks."""
    order = list(Severity)
    # Of the jobs that a matrix makes, several may have the same.
    found = dict.fromkeys(finding for check in CHECKS for finding in check(facts))
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))


def _libraries(folder: Path, target: Target) -> Path:
    """Return the view's folder of libraries below a target's folder."""
    view = View.LIBS
    if (folder / View.FULL.value).is_dir() and not (folder / view.value).is_dir():
        view = View.FULL
    return folder / view.value / "usr/lib" / target.triplet


def _view(folder: Path, toolchain: Toolchain | None) -> View:
    """Return the view that build tools are pointed at in a target's folder; without one, what `setup` would choose."""
    if not folder.is_dir():
        return choose_view(toolchain)
    return View.FULL if (folder / View.FULL.value).is_dir() else View.LIBS


def _linkers(project: Project, target: Target) -> Iterator[str]:
    """Yield the linkers that are named for the target by name; a path is relative to where cargo's file is."""
    for config in project.configs:
        linker = config.at("target", target.rust, "linker")
        if isinstance(linker, str):
            yield linker if "/" not in linker else str(config.path.parent.parent / linker)


def _known(word: str) -> Target | None:
    try:
        return find_target(word)
    except UsageError:
        return None
