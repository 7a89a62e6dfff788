"""The builds that a project has: plain `maturin build`, and each command that its files hold, with its features."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xprov.project.command import UNKNOWN, Site, parse_command
from xprov.project.features import Selection
from xprov.project.front_end import ARGUMENTS, split_arguments
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.project.command import Command
    from xprov.project.facts import Facts, Project


FRONT_ENDS = ("front-end", "pip")
"""The verbs of commands that have maturin build by PEP 517: it is told the Python then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One way in which the project is built; `command` is None where it is not that of a command in a file.

    `is_told` is whether all stands there that decides what is built: no feature that only the job knows.
    """

    selection: Selection
    forced: str | None
    command: Command | None = None
    is_told: bool = True


def plain_build(facts: Facts) -> Build:
    """Return the build that pyproject.toml alone describes, which `pip install` does too."""
    project = facts.project
    bindings = project.maturin("bindings")
    selection = Selection(
        features=_plain_features(project),
        all_features=project.maturin("all-features") is True,
        default_features=project.maturin("no-default-features") is not True,
        target=facts.target,
        as_metadata=False,
    )
    return Build(selection=selection, forced=bindings if isinstance(bindings, str) else None)


def commanded_builds(facts: Facts) -> Iterator[Build]:
    """Yield the build of each command that says more than where the wheel goes, and that of this shell's front ends."""
    for command in facts.project.own_commands("build", "develop", "publish", *FRONT_ENDS):
        if command.verb not in FRONT_ENDS or any(name != "out" for name, _ in command.options):
            yield _of_command(facts, command)
    if words := split_arguments(facts.environ.get(ARGUMENTS, "")):
        site = Site(file=facts.project.layout.manifest.path, folder=facts.project.layout.folder)
        yield replace(_of_command(facts, parse_command(["front-end", *words], site, 1)), command=None)


def _of_command(facts: Facts, command: Command) -> Build:
    """Return the build of a command. Features that it names take the place of pyproject.toml's (maturin 1.16)."""
    plain = plain_build(facts)
    own = plain.selection
    selection = replace(
        own,
        features=command.features if command.has("features") else own.features,
        all_features=own.all_features or command.has("all-features"),
        default_features=own.default_features and not command.has("no-default-features"),
    )
    told = command.is_told("features", "bindings", "manifest") and UNKNOWN not in str(command.folder)
    forced = command.value("bindings") or plain.forced
    return Build(selection=selection, forced=forced, command=command, is_told=told)


def _plain_features(project: Project) -> tuple[str, ...]:
    """Return `features` of `[tool.maturin]` but for those with a condition, which maturin leaves out at this point."""
    features = project.maturin("features")
    return tuple(item for item in features if isinstance(item, str)) if isinstance(features, list) else ()
