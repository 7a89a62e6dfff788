"""Wheels, and cargo's target folder, in the package that is packed: each build packs what the last one wrote."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.project.edit import Edit
from xprov.project.finding import Finding, Place, Severity
from xprov.project.layout import MATURIN
from xprov.project.packing import is_packed, package_of, pinned_old

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.project.command import Command
    from xprov.project.facts import Facts, Project

_EXCLUDE = (*MATURIN, "exclude")
_SHOWN = 3


def check_output(facts: Facts) -> Iterator[Finding]:
    """Yield what is written, and what lies, where maturin packs it."""
    project = facts.project
    for command in project.own_commands("build", "publish", "sdist", "front-end", "pip"):
        yield from _of_command(project, command)
    yield from _lying(project)
    yield from _target_folder(project)


def _of_command(project: Project, command: Command) -> Iterator[Finding]:
    out = command.value("out")
    if out is None:
        return
    folder = Path(os.path.normpath(command.folder / out))
    if not is_packed(folder / "made.whl", project) or folder in project.ignored:
        return
    name = _named(folder, project)
    yield Finding(
        id="output-in-package",
        severity=Severity.BREAKS,
        place=Place(file=command.file, line=command.line),
        seen=f"`--out {out}` is below `{_named(package_of(folder, project) or folder, project)}`, which is packed",
        fix=f'write elsewhere: `--out dist`; or leave it out, by `exclude = ["{name}/**"]` below `[tool.maturin]`',
        edit=_exclusion(project, f"{name}/**"),
        safe=project.layout.pyproject is not None and folder not in project.layout.packages,
    )


def _lying(project: Project) -> Iterator[Finding]:
    """Yield one finding for each folder with wheels or sdists that would be packed."""
    lying: dict[Path, list[Path]] = {}
    for file in project.built:
        if is_packed(file, project) and not file.is_relative_to(project.target_folder):
            lying.setdefault(file.parent, []).append(file)
    for folder, files in lying.items():
        names = ", ".join(file.name for file in files[:_SHOWN]) + (", ..." if len(files) > _SHOWN else "")
        patterns = sorted({f"{_named(folder, project)}/*{_suffix(file)}" for file in files})
        yield Finding(
            id="wheel-in-package",
            severity=Severity.BREAKS,
            place=Place(file=files[0]),
            seen=f"`{_named(folder, project)}` holds {names}, and is packed",
            fix=f"remove them, and build with `--out dist`; or `exclude = {_as_toml(patterns)}` below `[tool.maturin]`",
            edit=_exclusion(project, *patterns),
            safe=project.layout.pyproject is not None,
        )


def _target_folder(project: Project) -> Iterator[Finding]:
    folder = project.target_folder
    if not is_packed(folder / "release/made", project) or folder in project.ignored:
        return
    old, name = pinned_old(project), _named(folder, project)
    yield Finding(
        id="target-folder-in-package",
        severity=Severity.BREAKS if old else Severity.RISK,
        place=_where_target_is_said(project),
        seen=f"cargo builds in `{name}`, in the package"
        + (", and maturin is pinned to a release that packs it" if old else ": maturin before 1.16 packs it"),
        fix='move it: `target-dir = "target"` below `[build]` in .cargo/config.toml, or CARGO_TARGET_DIR;'
        f' or `exclude = ["{name}/**"]` below `[tool.maturin]`',
        edit=_exclusion(project, f"{name}/**"),
        safe=project.layout.pyproject is not None,
    )


def _where_target_is_said(project: Project) -> Place:
    for config in project.configs:
        if config.at("build", "target-dir") is not None:
            return Place(file=config.path, line=config.line("build", "target-dir"))
    return Place(file=project.layout.manifest.path)


def _exclusion(project: Project, *patterns: str) -> Edit | None:
    pyproject = project.layout.pyproject
    return Edit(file=pyproject.path, keys=_EXCLUDE, values=patterns) if pyproject else None


def _named(path: Path, project: Project) -> str:
    folder = project.layout.folder
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _suffix(file: Path) -> str:
    return ".tar.gz" if file.name.endswith(".tar.gz") else file.suffix


def _as_toml(patterns: list[str]) -> str:
    return "[" + ", ".join(f'"{pattern}"' for pattern in patterns) + "]"
