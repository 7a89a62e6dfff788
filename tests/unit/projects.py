"""Projects for tests: the files of one, and the facts that doctor would judge it by."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

from xprov.catalog import load_catalog
from xprov.environment import View
from xprov.project.checks import CHECKS
from xprov.project.commands import find_commands, find_variables, read_texts
from xprov.project.facts import Facts, Machine, Project
from xprov.project.finding import Finding
from xprov.project.layout import find_layout
from xprov.project.lock import read_cargo_lock
from xprov.project.manifest import find_workspace, graph_from_files, package_from_manifest
from xprov.project.tomlfile import read_toml_file
from xprov.target import find_target

PACKAGE = """\
[package]
name = "demo"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["cdylib"]
"""
PYPROJECT = """\
[build-system]
requires = ["maturin>=1.9,<2"]
build-backend = "maturin"

[project]
name = "demo"
version = "0.1.0"
"""
OPTIONAL = '[dependencies]\npyo3 = { version = "0.26", optional = true }\n\n[features]\npython = ["dep:pyo3"]\n'
"""pyo3 behind the feature `python`."""


def write_project(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a project with `files`, by their paths; a Cargo.toml and a pyproject.toml begin as those above do."""
    for name, text in {"Cargo.toml": "", "pyproject.toml": "", "src/lib.rs": "", **files}.items():
        head = {"Cargo.toml": PACKAGE, "pyproject.toml": PYPROJECT}.get(name, "")
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{head}\n{dedent(text)}" if head else dedent(text), encoding="utf-8")
    return folder


def lock_of(*crates: str, below: Mapping[str, Iterable[str]] | None = None) -> str:
    """Return a Cargo.lock with the crates, and what each depends on."""
    parts = ["version = 4\n"]
    for name in crates:
        parts.append(f'[[package]]\nname = "{name}"\nversion = "1.0.0"\nsource = "registry+https://example.test"\n')
        if names := list((below or {}).get(name, ())):
            parts.append(f"dependencies = {names}\n".replace("'", '"'))
    return "\n".join(parts)


def facts_of(folder: Path, *, target: str = "amd64", environ: Mapping[str, str] | None = None) -> Facts:
    """Return the facts about the project in `folder` on an amd64 machine, from its files, with no more there."""
    layout = find_layout(folder)
    workspace = find_workspace(layout.manifest)
    home = workspace.path.parent if workspace else layout.manifest.path.parent
    lock = read_cargo_lock(home / "Cargo.lock") if (home / "Cargo.lock").is_file() else None
    config = folder / ".cargo/config.toml"
    texts = read_texts(folder)
    project = Project(
        top=folder,
        layout=layout,
        own=package_from_manifest(layout.manifest, workspace),
        graph=graph_from_files(layout.manifest, lock),
        lock=lock,
        configs=(read_toml_file(config),) if config.is_file() else (),
        commands=find_commands(texts, folder),
        target_folder=folder / "target",
        built=tuple(sorted(folder.rglob("*.whl"))),
        variables=find_variables(texts.values()),
    )
    found = find_target(target)
    return Facts(
        project=project,
        target=found,
        is_cross=found.debian != "amd64",
        environ=dict(environ or {}),
        machine=Machine(),
        provision=None,
        libraries=Path("/home/me/.xprov", found.name, "libs/usr/lib", found.triplet),
        view=View.LIBS,
        recipes=load_catalog([]).recipes(),
    )


def with_machine(facts: Facts, machine: Machine) -> Facts:
    """Return the facts as they are with another machine."""
    return replace(facts, machine=machine)


def with_target_folder(facts: Facts, folder: Path) -> Facts:
    """Return the facts as they are where cargo builds in `folder`."""
    return replace(facts, project=replace(facts.project, target_folder=folder))


def findings_of(facts: Facts, id_: str | None = None) -> list[Finding]:
    """Return what the checks find, or what they find of one kind."""
    found = [finding for check in CHECKS for finding in check(facts)]
    return [finding for finding in found if id_ in (None, finding.id)]
