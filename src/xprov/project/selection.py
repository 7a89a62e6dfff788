"""The builds that a project has: plain `maturin build`, and each command that its files hold, with its features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xprov.project.command import UNKNOWN
from xprov.project.features import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.project.command import Command
    from xprov.project.facts import Facts, Project


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One way in which the project is built; `command` is None for the plain one, which `pip install` does too.

    `is_told` is whether all stands there that decides what is built: no feature that only the job knows.
    """

    selection: Selection
    forced: str | None
    command: Command | None = None
    is_told: bool = True


def plain_build(facts: Facts) -> Build:
    """Return the build that pyproject.toml alone describes."""
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
    """Yield the build of each command. Features that one names take the place of pyproject.toml's (maturin 1.16)."""
    plain = plain_build(facts)
    for command in facts.project.own_commands("build", "develop", "publish"):
        own = plain.selection
        selection = replace(
            own,
            features=command.features if command.has("features") else own.features,
            all_features=own.all_features or command.has("all-features"),
            default_features=own.default_features and not command.has("no-default-features"),
        )
        told = command.is_told("features", "bindings", "manifest") and UNKNOWN not in str(command.folder)
        forced = command.value("bindings") or plain.forced
        yield Build(selection=selection, forced=forced, command=command, is_told=told)


def _plain_features(project: Project) -> tuple[str, ...]:
    """Return `features` of `[tool.maturin]` but for those with a condition, which maturin leaves out at this point."""
    features = project.maturin("features")
    return tuple(item for item in features if isinstance(item, str)) if isinstance(features, list) else ()
