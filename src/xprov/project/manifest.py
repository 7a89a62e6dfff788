"""Cargo.toml without cargo: packages, workspaces and what members inherit, from the files alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xprov.project.package import Dependency, Graph, Kind, Package
from xprov.project.tomlfile import TomlFile, read_toml_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.project.lock import CargoLock

NAME = "Cargo.toml"


def find_workspace(manifest: TomlFile) -> TomlFile | None:
    """Return the Cargo.toml of the workspace that a package is of, itself where it is one, or None."""
    if manifest.at("workspace") is not None:
        return manifest
    named = manifest.at("package", "workspace")
    folder = manifest.path.parent
    candidates = [folder / named] if isinstance(named, str) else folder.parents
    for candidate in candidates:
        if (candidate / NAME).is_file():
            file = read_toml_file(candidate / NAME)
            if file.at("workspace") is not None:
                return file
    return None


def graph_from_files(manifest: TomlFile, lock: CargoLock | None) -> Graph:
    """Return the packages that the package of `manifest` may take: its own and those by path with their features.

    Of those from a registry the lock tells which there are; without a lock they have nothing behind them.
    """
    reading = _Reading(lock)
    root = reading.local(manifest)
    workspace = find_workspace(manifest)
    is_workspace = workspace is not None and bool(workspace.texts("workspace", "members"))
    return Graph(root=root, packages=reading.packages, edges=reading.edges, exact=False, is_workspace=is_workspace)


class _Reading:
    """Files under way: each package is read once."""

    def __init__(self, lock: CargoLock | None) -> None:
        self._lock = lock
        self.packages: dict[str, Package] = {}
        self.edges: dict[tuple[str, str], str] = {}

    def local(self, manifest: TomlFile) -> Package:
        """Return the package of a Cargo.toml, and read what it depends on."""
        id_ = str(manifest.path.parent)
        if id_ in self.packages:
            return self.packages[id_]
        package = package_from_manifest(manifest, find_workspace(manifest))
        self.packages[id_] = package
        for dependency in package.dependencies:
            self.edges[id_, dependency.key] = self._behind(dependency)
        return package

    def _behind(self, dependency: Dependency) -> str:
        if dependency.path is not None and (dependency.path / NAME).is_file():
            return self.local(read_toml_file(dependency.path / NAME)).id
        return self._locked(dependency.package)

    def _locked(self, word: str) -> str:
        """Return the id of a package that the lock alone tells of; of several versions, of the first."""
        crate = self._lock.find(word) if self._lock else None
        id_ = crate.id if crate else word.partition(" ")[0]
        if id_ in self.packages:
            return id_
        names = crate.dependencies if crate else ()
        dependencies = tuple(Dependency(key=name, package=name.partition(" ")[0]) for name in names)
        self.packages[id_] = Package(
            id=id_,
            name=id_.partition(" ")[0],
            version=crate.version if crate else "",
            dependencies=dependencies,
            is_known=False,
        )
        for dependency in dependencies:
            self.edges[id_, dependency.key] = self._locked(dependency.key)
        return id_


def package_from_manifest(manifest: TomlFile, workspace: TomlFile | None) -> Package:
    """Return the package that a Cargo.toml describes; what it inherits comes from `workspace`."""
    features = {
        name: tuple(value for value in values if isinstance(value, str))
        for name, values in manifest.table("features").items()
        if isinstance(values, list)
    }
    return Package(
        id=str(manifest.path.parent),
        name=str(manifest.at("package", "name") or ""),
        version=str(manifest.at("package", "version") or ""),
        features=features,
        dependencies=tuple(_dependencies(manifest, workspace)),
        crate_types=_crate_types(manifest),
    )


def _dependencies(manifest: TomlFile, workspace: TomlFile | None) -> Iterator[Dependency]:
    for platform in (None, *manifest.table("target")):
        for kind in Kind:
            at = (kind.value,) if platform is None else ("target", platform, kind.value)
            for key, entry in manifest.table(*at).items():
                yield _dependency(key, entry, (*at, key), manifest, workspace)


def _dependency(
    key: str,
    entry: Any,  # noqa: ANN401 - a version, or a table
    at: tuple[str, ...],
    manifest: TomlFile,
    workspace: TomlFile | None,
) -> Dependency:
    own = entry if isinstance(entry, dict) else {}
    shared, folder = own, manifest.path.parent
    if own.get("workspace") is True and workspace is not None:
        inherited = workspace.at("workspace", "dependencies", key)
        shared, folder = (inherited if isinstance(inherited, dict) else {}), workspace.path.parent
    path = shared.get("path")
    return Dependency(
        key=key,
        package=str(shared.get("package", key)),
        kind=next(kind for kind in Kind if kind.value in at),
        optional=own.get("optional") is True,
        # A member may turn them on where the workspace has them off, not the other way round.
        default_features=shared.get("default-features", True) is not False or own.get("default-features") is True,
        features=tuple(dict.fromkeys([*_texts(shared, "features"), *_texts(own, "features")])),
        platform=at[1] if at[0] == "target" else None,
        path=Path(os.path.normpath(folder / path)) if isinstance(path, str) else None,
        at=at,
    )


def _texts(entry: dict[str, Any], key: str) -> list[str]:
    """Return the strings of a list. What cargo would refuse counts as nothing: cargo says it better."""
    value = entry.get(key)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _crate_types(manifest: TomlFile) -> frozenset[str]:
    """Return what the package is built as: cargo finds a library and programs by where their files lie."""
    folder = manifest.path.parent
    types: set[str] = set()
    if manifest.at("lib") is not None or (folder / "src/lib.rs").is_file():
        types.update(manifest.texts("lib", "crate-type") or manifest.texts("lib", "crate_type") or ("lib",))
    if manifest.at("bin") or (folder / "src/main.rs").is_file() or (folder / "src/bin").is_dir():
        types.add("bin")
    return frozenset(types)
