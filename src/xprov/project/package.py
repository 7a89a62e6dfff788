"""A package of cargo's, as its Cargo.toml or `cargo metadata` describes it."""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xprov.project.tomlfile import Keys


class Kind(str, Enum):
    """What a dependency is for."""

    NORMAL = "dependencies"
    DEV = "dev-dependencies"
    BUILD = "build-dependencies"


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependency:
    """One entry of a table of dependencies.

    `key` is what it is called there, `package` the package that it is. `platform` is the triple or expression of
    `[target.<platform>]`, None for all. `at` is where it stands in Cargo.toml, empty where that was not read.
    """

    key: str
    package: str
    kind: Kind = Kind.NORMAL
    optional: bool = False
    default_features: bool = True
    features: tuple[str, ...] = ()
    platform: str | None = None
    path: Path | None = None
    at: Keys = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """A package: `id` tells it from all others, `crate_types` are what its library and programs are built as.

    Of a package that only Cargo.lock tells of, `is_known` is not set: its features are whatever was asked for, and all
    its dependencies count.
    """

    id: str
    name: str
    version: str = ""
    features: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dependencies: tuple[Dependency, ...] = ()
    crate_types: frozenset[str] = frozenset()
    is_known: bool = True

    @property
    def implicit_features(self) -> tuple[str, ...]:
        """The features that optional dependencies make: those that no feature calls by `dep:`."""
        hidden = {
            value.removeprefix("dep:") for values in self.features.values() for value in values if "dep:" in value
        }
        keys = (dependency.key for dependency in self.dependencies if dependency.optional)
        return tuple(dict.fromkeys(key for key in keys if key not in hidden))


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """Packages, and which of them each dependency is: by the package's id and the dependency's key.

    `root` is the package that maturin builds. `exact` is whether cargo has told, with every package's features;
    `is_workspace` whether the root is one of several packages of a workspace.
    """

    root: Package
    packages: Mapping[str, Package]
    edges: Mapping[tuple[str, str], str]
    exact: bool
    is_workspace: bool = False

    def behind(self, package: Package, dependency: Dependency) -> Package | None:
        """Return the package that a dependency is, None where it is not known."""
        return self.packages.get(self.edges.get((package.id, dependency.key), ""))
