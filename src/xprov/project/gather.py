"""Read a project: its files, what cargo says of it, what git leaves out. Nothing is written, and no host is asked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from xprov import process
from xprov.errors import ToolMissingError
from xprov.project.commands import find_commands, find_variables, read_texts
from xprov.project.facts import Project
from xprov.project.layout import find_layout
from xprov.project.lock import read_cargo_lock
from xprov.project.manifest import find_workspace, graph_from_files, package_from_manifest
from xprov.project.metadata import read_metadata
from xprov.project.tomlfile import read_toml_file
from xprov.settings import folders_up, is_top

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from xprov.project.command import Command
    from xprov.project.layout import Layout
    from xprov.project.tomlfile import TomlFile

LOCK = "Cargo.lock"
_CONFIGS = ("config", "config.toml")
_BUILT = (".whl", ".tar.gz")
# A package with more files than this is not looked through to its end.
_MANY_FILES = 50_000


def read_project(folder: Path, environ: Mapping[str, str], triple: str | None) -> Project:
    """Return the project in `folder`; `triple` is what it is built for, where cargo has not fetched all platforms.

    Raises `UsageError` when there is none, or one of its files is not right.
    """
    layout = find_layout(folder.resolve())
    workspace = find_workspace(layout.manifest)
    home = workspace.path.parent if workspace else layout.manifest.path.parent
    top = top_of(layout.folder, home)
    lock = read_cargo_lock(home / LOCK) if (home / LOCK).is_file() else None
    configs = tuple(configs_of(layout.folder, environ))
    texts = {place: read_texts(place) for place in dict.fromkeys((layout.folder, top))}
    found = (command for place, files in texts.items() for command in find_commands(files, place))
    commands = tuple(dict.fromkeys(found))
    target_folder = target_folder_of(home, configs, environ)
    graph = read_metadata(layout.manifest.path, triple) if lock else None
    written = _written(layout, commands, target_folder)
    ignored = _ignored(layout.folder, top, [*written, *(made := tuple(_built(layout)))])
    return Project(
        top=top,
        layout=layout,
        own=package_from_manifest(layout.manifest, workspace),
        graph=graph or graph_from_files(layout.manifest, lock),
        lock=lock,
        configs=configs,
        commands=commands,
        target_folder=target_folder,
        built=tuple(file for file in made if file not in ignored),
        ignored=frozenset(folder for probe, folder in written.items() if probe in ignored),
        variables=find_variables(text for files in texts.values() for text in files.values()),
    )


def top_of(folder: Path, home: Path) -> Path:
    """Return the top of the checkout that `folder` is in; in none, the folder of its workspace, or itself."""
    *_, last = folders_up(folder)
    if is_top(last):
        return last
    return home if folder.is_relative_to(home) else folder


def configs_of(folder: Path, environ: Mapping[str, str]) -> Iterator[TomlFile]:
    """Yield cargo's configuration files that count in `folder`, the nearest first, and last that of cargo's home."""
    home = Path(environ["CARGO_HOME"]) if environ.get("CARGO_HOME") else Path.home() / ".cargo"
    above = [place / ".cargo" for place in (folder, *folder.parents)]
    for place in dict.fromkeys([*above, home]):
        file = next((place / name for name in _CONFIGS if (place / name).is_file()), None)
        if file is not None:
            yield read_toml_file(file)


def target_folder_of(home: Path, configs: Iterable[TomlFile], environ: Mapping[str, str]) -> Path:
    """Return where cargo builds; a path in a configuration file is relative to the folder that `.cargo` is in."""
    for variable in ("CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"):
        if environ.get(variable):
            return Path(os.path.normpath(home / environ[variable]))
    for config in configs:
        named = config.at("build", "target-dir")
        if isinstance(named, str):
            return Path(os.path.normpath(config.path.parent.parent / named))
    return home / "target"


def _written(layout: Layout, commands: Iterable[Command], target_folder: Path) -> dict[Path, Path]:
    """Return a file that would be written for each folder of a package that is written to, with the folder."""
    outs = (command.folder / out for command in commands if (out := command.value("out")))
    folders = [target_folder, *(Path(os.path.normpath(out)) for out in outs)]
    inside = [path for path in folders if any(path.is_relative_to(package) for package in layout.packages)]
    return {path / "made.whl": path for path in inside}


def _built(layout: Layout) -> Iterator[Path]:
    left = _MANY_FILES
    for package in layout.packages:
        for folder, _, names in os.walk(package):
            left -= len(names)
            if left < 0:
                return
            yield from (Path(folder, name) for name in sorted(names) if name.endswith(_BUILT))


def _ignored(folder: Path, top: Path, files: list[Path]) -> frozenset[Path]:
    """Return those of `files` that maturin leaves out because git ignores them.

    It reads the `.gitignore` of the project and of folders below, in a checkout; none above, and no other file of
    git's (measured with maturin 1.16).
    """
    if not files:
        return frozenset()
    try:
        done = process.run(
            ["git", "-C", folder, "-c", "core.excludesFile=", "check-ignore", "--verbose", "-z", "--stdin"],
            stdin="\0".join(str(file) for file in files),
            check=False,
        )
    except ToolMissingError:
        return frozenset()
    fields = done.stdout.split("\0")
    said = zip(fields[0::4], fields[2::4], fields[3::4], strict=False)
    return frozenset(Path(name) for source, pattern, name in said if _counts(top / source, pattern, folder))


def _counts(source: Path, pattern: str, folder: Path) -> bool:
    """Return whether the pattern of a file that git has read is one that ignores something for maturin too."""
    return source.name == ".gitignore" and source.is_relative_to(folder) and not pattern.startswith("!")
