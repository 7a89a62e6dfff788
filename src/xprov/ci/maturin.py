"""Decide what `[tool.maturin.generate-ci.github]` has to say: for which targets, by which tag. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xprov.ci.before_script import before_script, setup_options
from xprov.ci.generate_ci import TABLES, GenerateCi
from xprov.ci.images import Build, choose_build, images
from xprov.errors import UsageError
from xprov.glibc import format_version, parse_version
from xprov.lockfile.use import locked_target
from xprov.target import find_target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xprov.ci.requirement import Requirement
    from xprov.lockfile.model import Lock
    from xprov.project.tomlfile import TomlFile
    from xprov.target import Target

# What maturin builds for Linux where nobody says for what (1.16, `Platform::default_targets`).
_USUAL = ("x86_64", "x86", "aarch64", "armv7", "s390x", "ppc64le")
# Its own names of targets; the others are those of wheels.
_NAMES = {"i386": "x86", "armhf": "armv7"}
# What maturin-action has containers of too, of some targets, that xprov takes for nothing by itself.
_FURTHER = ((2, 12), (2, 24), (2, 39))
_TARGET = "${{ matrix.platform.target }}"


def decide_change(
    pyproject: TomlFile, libraries: Sequence[str], recipes: Sequence[str], requirement: Requirement, lock: Lock
) -> GenerateCi:
    """Return the change of pyproject.toml that has the workflow set up `libraries`, by the lock where there is one.

    `recipes` are folders with recipes, as seen from the project's. Raises `UsageError` where the workflow would build
    on the runner itself, or for what xprov does not know.
    """
    settings = pyproject.table(*TABLES)
    if settings.get("zig") is True:
        raise _on_runner(pyproject, "`zig = true`", "take it out: the containers have a compiler")
    linux = pyproject.table(*TABLES, "linux")
    rows = _rows(linux)
    fresh = tuple(_NAMES.get(name, find_target(name).platform) for name in sorted(lock.targets)) if not rows else ()
    wanted = [(find_target(word), row) for word, row in (rows or dict.fromkeys(fresh or _USUAL, linux)).items()]
    builds = [_build(target, {**linux, **row}, libraries, lock) for target, row in wanted]
    for target, row in wanted:
        _require_container(pyproject, target, {**linux, **row})
    tags = {build.manylinux for build in builds}
    words = (*libraries, *setup_options(recipes, locked=bool(lock.targets)))
    return GenerateCi(
        file=pyproject.path,
        script="; ".join(before_script(_TARGET, requirement.text, words)),
        targets=fresh,
        manylinux=tags.pop() if len(tags) == 1 else None,
    )


def _rows(linux: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return what the project says of each target that it names."""
    rows: list[Mapping[str, Any]] = [row for row in linux.get("target", ()) if isinstance(row, dict) and "arch" in row]
    return {str(row["arch"]): row for row in rows or [{"arch": word} for word in linux.get("targets", ())]}


def _build(target: Target, row: Mapping[str, Any], libraries: Sequence[str], lock: Lock) -> Build:
    if not lock.targets:
        return choose_build(target, None)
    locked = locked_target(lock, target, libraries)
    build = choose_build(target, locked.glibc or locked.suite.glibc_version)
    if build.container is None or row.get("container"):
        return build
    usual = choose_build(target, None).manylinux
    raise UsageError(
        f"what is locked for {target.name} may need glibc {format_version(build.glibc)}, and maturin-action has no"
        " container for that",
        hint=f"`xprov lock {target.name} --manylinux {usual}`, or `xprov ci github`, which names the container",
    )


def _require_container(pyproject: TomlFile, target: Target, row: Mapping[str, Any]) -> None:
    """Raise `UsageError` where maturin-action finds no container for what the project says, and builds without one."""
    tag, container = str(row.get("manylinux", "auto")), row.get("container")
    if tag == "off" or container == "off":
        setting = "container" if container == "off" else "manylinux"
        raise _on_runner(pyproject, f'`{setting} = "off"`', "take it out")
    if container is None and tag != "auto" and parse_version(tag) not in (*images()[target.name], *_FURTHER):
        known = choose_build(target, parse_version(tag)).container
        seen = f'`manylinux = "{tag}"`, for which there is no container of {target.name},'
        raise _on_runner(pyproject, seen, f'name one beside it: `container = "{known}"`')


def _on_runner(pyproject: TomlFile, seen: str, hint: str) -> UsageError:
    return UsageError(
        f"`{pyproject.path}`: {seen} has maturin-action build on the runner, where a before-script cannot tell maturin"
        " of anything",
        hint=hint,
    )
