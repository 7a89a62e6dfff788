"""Decide what a workflow does: from the project, its lock and what was typed. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from xprov.archive.suites import suites
from xprov.ci.before_script import setup_options
from xprov.ci.images import choose_build
from xprov.ci.model import Workflow
from xprov.errors import UsageError
from xprov.glibc import format_tag, format_version
from xprov.lockfile.model import NAME
from xprov.lockfile.use import locked_target
from xprov.project.selection import plain_build
from xprov.project.stable_abi import interpreter_tag
from xprov.records import dataclass
from xprov.target import find_target
from xprov.wheel.names import parse_wheel_name
from xprov.wheel.proof.pythons import suite_pythons

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from xprov.ci.images import Build
    from xprov.ci.requirement import Requirement
    from xprov.glibc import Version
    from xprov.lockfile.model import Lock
    from xprov.project.facts import Facts
    from xprov.target import Target

USUAL = ("amd64", "arm64", "armhf")
"""The targets that a workflow has where nobody says which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What was asked for: `glibc` is the newest that wheels may need, `command` all that was typed.

    `recipes` are folders with recipes, as seen from the project's.
    """

    command: str
    targets: tuple[Target, ...]
    libraries: tuple[str, ...]
    recipes: tuple[str, ...]
    glibc: Version | None
    requirement: Requirement
    publishes: bool


def choose_targets(named: Sequence[Target], lock: Lock) -> tuple[Target, ...]:
    """Return the targets that were named, or else those of the lock, or else the usual ones."""
    return tuple(dict.fromkeys(named)) or tuple(find_target(name) for name in sorted(lock.targets) or USUAL)


def decide_workflow(facts: Facts, wish: Wish, lock: Lock, lock_file: Path) -> Workflow:
    """Return the workflow. Where there is a lock, its jobs use what it says.

    Raises `UsageError` where a target has no container, `VerificationError` where the lock lacks what is asked for.
    """
    project = facts.project
    builds = tuple(_build(target, wish, lock) for target in wish.targets)
    tag = interpreter_tag(project.graph, plain_build(facts).selection)
    cargo_lock = project.lock.path if project.lock else project.layout.manifest.path.with_name("Cargo.lock")
    return Workflow(
        command=wish.command,
        builds=builds,
        setup=_setup(wish, builds, locked=bool(lock.targets)),
        requirement=wish.requirement.text,
        folder=_below(project.layout.folder, project.top),
        locks=tuple(_below(file, project.top) for file in (lock_file, cargo_lock)),
        find_interpreter=tag is None,
        unproven=_unproven(facts, builds, tag),
        publishes=wish.publishes,
    )


def _build(target: Target, wish: Wish, lock: Lock) -> Build:
    if not lock.targets:
        return choose_build(target, wish.glibc)
    locked = locked_target(lock, target, wish.libraries)
    needed = locked.glibc or locked.suite.glibc_version
    if wish.glibc and needed and needed > wish.glibc:
        raise UsageError(
            f"what `{NAME}` has for {target.name} may need glibc {format_version(needed)}, and"
            f" {format_tag(wish.glibc)} promises less",
            hint=f"`xprov lock {target.name} --glibc {format_version(wish.glibc)}` locks what fits",
        )
    return choose_build(target, wish.glibc or needed)


def _setup(wish: Wish, builds: Sequence[Build], *, locked: bool) -> tuple[str, ...]:
    """Return what is typed behind the target. A container that was chosen for another tag must be told which."""
    told = not locked and any(build.container for build in builds)
    tag = ("--manylinux", "${{ matrix.manylinux }}") if told else ()
    return (*wish.libraries, *tag, *setup_options(wish.recipes, locked=locked))


def _below(path: Path, top: Path) -> PurePosixPath:
    if not path.is_relative_to(top):
        raise UsageError(f"`{path}` is not in the checkout `{top}`", hint="a job has nothing but the checkout")
    return PurePosixPath(path.relative_to(top))


def _unproven(facts: Facts, builds: Sequence[Build], tag: str | None) -> str | None:
    """Return why `check-wheel` cannot prove every wheel, or None: in words that follow a colon."""
    if tag is None:
        return "wheels are built for each Python, and not each one is in a suite"
    pyproject = facts.project.layout.pyproject
    about = pyproject.table("project") if pyproject else {}
    if about.get("dependencies") or "dependencies" in about.get("dynamic", ()):
        return "wheels require other packages, which `--with WHEEL` gives it"
    requires = str(about.get("requires-python", ""))
    lacking = [build.target.name for build in builds if not _has_python(build, tag, requires)]
    return f"no suite has a Python for {', '.join(lacking)}" if lacking else None


def _has_python(build: Build, tag: str, requires_python: str) -> bool:
    abi = "none" if tag == "py3" else "abi3"
    name = parse_wheel_name(f"any-0-{tag}-{abi}-{format_tag(build.glibc)}_{build.target.platform}.whl")
    return any(suite_pythons(name, platform, requires_python, suites()) for platform in name.platforms)
