"""The commands in YAML files of CI services: scripts, and steps of GitHub that use maturin-action."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from xprov.project.command import Site, Variable, parse_command
from xprov.project.matrix import combinations, mentions, substitute
from xprov.project.shell import commands_in_shell, hide_expressions, split_words
from xprov.project.yamlfile import Scalar, entries, read_yaml, scalars
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from xprov.project.command import Command
    from xprov.project.matrix import Combination
    from xprov.project.yamlfile import Node

_ACTION = re.compile(r"pyo3/maturin-action\b", re.IGNORECASE)
# How variables are called: GitHub, Cirrus and Task; GitLab and Azure; CircleCI.
_ENVIRONMENTS = ("env", "variables", "environment")
_FOLDERS = ("working-directory", "working_directory", "workingDirectory", "dir")
# Where people write of commands.
_PROSE = {"name", "description", "displayName", "desc", "summary", "title", "label", "if", "when"}
# Variables with these beginnings reach the action's container (its src/index.ts, May 2026).
_INTO_CONTAINER = (
    *("CARGO_", "CC", "CFLAGS", "CMAKE_", "CPPFLAGS", "CXX", "JEMALLOC_", "LDFLAGS", "LD_", "MATURIN_", "PYO3_"),
    *("RUST", "SCCACHE_", "TARGET_"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Around:
    """What the nodes around one say: variables, the folder of scripts, the combinations of the matrix, if told."""

    site: Site
    inside: str = "."
    matrix: tuple[Combination, ...] = ()


def commands_in_yaml(file: Path, text: str, folder: Path) -> Iterator[Command]:
    """Yield the commands of a file, each as often as the matrix of its job makes another of it."""
    site = Site(file=file, folder=folder, is_job=file.stem != "Taskfile")
    for document in read_yaml(text):
        yield from dict.fromkeys(_commands(document, _Around(site=site)))


def _commands(node: Node, around: _Around) -> Iterator[Command]:
    if isinstance(node, list):
        for item in node:
            yield from _in_script(item, {}, around) if isinstance(item, Scalar) else _commands(item, around)
    elif isinstance(node, dict):
        inner = _within(node, around)
        yield from _in_action(node, inner)
        for name, value in node.items():
            if not isinstance(value, Scalar):
                yield from _commands(value, inner)
            elif name not in _PROSE and (name == "run" or ".github" not in around.site.file.parts):
                yield from _in_script(value, node, inner)


def _within(node: Mapping[str, Node], around: _Around) -> _Around:
    """Return what counts below a mapping."""
    variables = {variable.name: variable for variable in around.site.environ}
    for name in _ENVIRONMENTS:
        for key, value in entries(node.get(name)).items():
            if isinstance(value, Scalar):
                variables[key] = Variable(name=key, value=value.text, line=value.line)
    defaults = entries(entries(node.get("defaults")).get("run"))
    strategy = entries(node.get("strategy"))
    return _Around(
        site=replace(around.site, environ=tuple(variables.values())),
        inside=_folder(defaults) or around.inside,
        matrix=combinations(strategy["matrix"]) if "matrix" in strategy else around.matrix,
    )


def _folder(node: Mapping[str, Node]) -> str | None:
    return next((value.text for name in _FOLDERS if isinstance(value := node.get(name), Scalar)), None)


def _in_script(script: Scalar, step: Mapping[str, Node], around: _Around) -> Iterator[Command]:
    inside = _folder(step) or around.inside
    for combination in _combinations(step, around, script.text, inside):
        site = _site(around.site, inside, combination)
        yield from commands_in_shell(_filled(script.text, combination), site, script.first)


def _in_action(step: Mapping[str, Node], around: _Around) -> Iterator[Command]:
    """Yield what a step with maturin-action runs: its `command`, `build` by default, with its inputs."""
    uses = step.get("uses")
    if not isinstance(uses, Scalar) or not _ACTION.match(uses.text):
        return
    given = {name: value for name, value in entries(step.get("with")).items() if isinstance(value, Scalar)}
    for combination in _combinations(step, around):
        inputs = {name: _filled(value.text, combination) for name, value in given.items()}
        site = _site(around.site, inputs.get("working-directory", "."), None)
        reached = tuple(_reaching(site.environ, inputs.get("container")))
        yield parse_command(
            _words(inputs), replace(site, environ=_filled_variables(reached, combination)), given.get("args", uses).line
        )


def _words(inputs: Mapping[str, str]) -> list[str]:
    """Return the words that maturin-action makes of its inputs."""
    words = [inputs.get("command") or "build", *split_words(inputs.get("args", ""))]
    if target := split_words(inputs.get("target", "")):
        words += ["--target", target[0]]
    if (tag := split_words(inputs.get("manylinux", ""))) and tag[0] not in {"auto", "off"}:
        words += ["--manylinux", tag[0]]
    return words


def _reaching(environ: tuple[Variable, ...], container: str | None) -> Iterator[Variable]:
    """Yield the variables that reach maturin: all where there is no container, those of the list where there may be."""
    for variable in environ:
        if container in {"off", "false"} or variable.name.startswith(_INTO_CONTAINER):
            yield variable


def _combinations(step: Mapping[str, Node], around: _Around, *texts: str) -> tuple[Combination | None, ...]:
    """Return what the matrix makes of a step; None where nothing is asked of it, or it is not told for which."""
    own = [*texts, *(scalar.text for node in step.values() for scalar in scalars(node))]
    condition = step.get("if")
    is_for_some = isinstance(condition, Scalar) and "matrix" in condition.text
    if is_for_some or not mentions([*own, *(variable.value for variable in around.site.environ)]):
        return (None,)
    return around.matrix or (None,)


def _site(site: Site, inside: str, combination: Combination | None) -> Site:
    folder = hide_expressions(_filled(inside, combination))
    return replace(site, folder=site.folder / folder, environ=_filled_variables(site.environ, combination))


def _filled_variables(environ: tuple[Variable, ...], combination: Combination | None) -> tuple[Variable, ...]:
    return tuple(replace(one, value=hide_expressions(_filled(one.value, combination))) for one in environ)


def _filled(text: str, combination: Combination | None) -> str:
    return text if combination is None else substitute(text, combination)
