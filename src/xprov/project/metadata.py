"""What `cargo metadata` says of a project, without asking the network and without writing Cargo.lock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from xprov import process
from xprov.errors import ToolMissingError
from xprov.project.package import Dependency, Graph, Kind, Package

if TYPE_CHECKING:
    from pathlib import Path

_KINDS = {None: Kind.NORMAL, "dev": Kind.DEV, "build": Kind.BUILD}

# Targets of a package that no build of maturin's makes (maturin 1.16, `find_bridge_with_deps`).
_NOT_BUILT = {"bench", "custom-build", "example", "proc-macro", "test"}


def read_metadata(manifest: Path, triple: str | None) -> Graph | None:
    """Return what cargo says of the package of `manifest`, None where it cannot say it from what is on this machine.

    All features are on, so that whatever a build may select is known. Where packages of other platforms were never
    fetched, those for `triple` have to do.
    """
    command = ["cargo", "metadata", "--format-version=1", "--all-features", "--locked", "--offline"]
    attempts: list[list[str]] = [[], *([["--filter-platform", triple]] if triple else [])]
    for platform in attempts:
        try:
            done = process.run([*command, "--manifest-path", manifest, *platform], check=False)
        except ToolMissingError:
            return None
        if done.ok:
            return graph_from_metadata(json.loads(done.stdout))
    return None


def graph_from_metadata(content: dict[str, Any]) -> Graph | None:
    """Return the graph that the output of `cargo metadata` holds, None for a workspace without a package of its own."""
    packages = {package["id"]: _package(package) for package in content["packages"]}
    resolve = content.get("resolve") or {}
    root = packages.get(resolve.get("root") or "")
    if root is None:
        return None
    nodes = {node["id"]: node for node in resolve["nodes"]}
    edges = {
        (id_, dependency.key): behind
        for id_, package in packages.items()
        if id_ in nodes
        for dependency in package.dependencies
        if (behind := _behind(nodes[id_], dependency, packages))
    }
    return Graph(
        root=root, packages=packages, edges=edges, exact=True, is_workspace=len(content["workspace_members"]) > 1
    )


def _package(content: dict[str, Any]) -> Package:
    targets = [target for target in content["targets"] if not _NOT_BUILT.intersection(target["kind"])]
    return Package(
        id=content["id"],
        name=content["name"],
        version=content["version"],
        features={name: tuple(values) for name, values in content["features"].items()},
        dependencies=tuple(_dependency(dependency) for dependency in content["dependencies"]),
        crate_types=frozenset(kind for target in targets for kind in target["crate_types"]),
    )


def _dependency(content: dict[str, Any]) -> Dependency:
    return Dependency(
        key=content["rename"] or content["name"],
        package=content["name"],
        kind=_KINDS[content["kind"]],
        optional=content["optional"],
        default_features=content["uses_default_features"],
        features=tuple(content["features"]),
        platform=content["target"],
    )


def _behind(node: dict[str, Any], dependency: Dependency, packages: dict[str, Package]) -> str | None:
    """Return the id of the package that a dependency is. Where several have its name, the one that is called so."""
    same = [entry for entry in node["deps"] if packages[entry["pkg"]].name == dependency.package]
    called = [entry for entry in same if entry["name"] == dependency.key.replace("-", "_")]
    return next((entry["pkg"] for entry in (*called, *same)), None)
