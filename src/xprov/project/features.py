"""Which packages a build takes, with which features: cargo's resolution for the one package that is built.

The rules are those of The Cargo Book, "Features" and "Feature resolver version 2": optional dependencies are there
when a feature says so, `dep:NAME` hides the feature of the same name, `NAME?/FEATURE` does not make the dependency be
there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.project.package import Kind
from xprov.project.platform import applies
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from xprov.project.package import Dependency, Graph, Package
    from xprov.target import Target

_DEFAULT = "default"


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """The features that a build asks for.

    `target` is None where none was said: cargo's own view is then of all. `as_metadata` has more count than a build
    takes, as `cargo metadata` does, by which maturin decides: dependencies for tests, and, in a package that is no
    workspace's, `NAME?/FEATURE` brings NAME (measured with cargo 1.95; in workspaces maturin asks `cargo tree`).
    `build_scripts` is whether what they depend on counts: it is built for this machine.
    """

    features: tuple[str, ...] = ()
    all_features: bool = False
    default_features: bool = True
    target: Target | None = None
    as_metadata: bool = True
    build_scripts: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """The packages that a build takes, each with its features, by id."""

    graph: Graph
    features: Mapping[str, frozenset[str]]

    def packages(self) -> Iterator[Package]:
        """Yield every package but the one that is built."""
        return (self.graph.packages[id_] for id_ in self.features if id_ != self.graph.root.id)

    def features_of(self, name: str) -> frozenset[str]:
        """Return the features of the package `name`, those of all its versions together."""
        return frozenset().union(*(on for id_, on in self.features.items() if self.graph.packages[id_].name == name))

    def has(self, name: str) -> bool:
        """Return whether a package of that name is taken."""
        return any(package.name == name for package in self.packages())


def resolve(graph: Graph, selection: Selection) -> Resolved:
    """Return what a build of the graph's root takes by `selection`."""
    work = _Resolution(graph, selection)
    asked = graph.root.features if selection.all_features else selection.features
    work.take(graph.root, (*asked, *((_DEFAULT,) if selection.default_features else ())))
    if selection.all_features:
        for dependency in graph.root.dependencies:
            work.enter(graph.root, dependency)
    return Resolved(graph=graph, features={id_: frozenset(on) for id_, on in work.features.items()})


class _Resolution:
    """Resolution under way: features and dependencies that are on, and weak ones that wait for theirs."""

    def __init__(self, graph: Graph, selection: Selection) -> None:
        self._graph = graph
        self._target = selection.target
        self._as_metadata = selection.as_metadata
        self._build_scripts = selection.build_scripts
        self.features: dict[str, set[str]] = {}
        self._entered: set[tuple[str, Dependency]] = set()
        self._waiting: list[tuple[Package, str, str]] = []

    def take(self, package: Package, features: Iterable[str]) -> None:
        """Have the package be there, with `features`."""
        if package.id not in self.features:
            self.features[package.id] = set()
            for dependency in package.dependencies:
                if not dependency.optional:
                    self.enter(package, dependency)
        for feature in features:
            self._turn_on(package, feature)

    def enter(self, package: Package, dependency: Dependency) -> None:
        """Have a dependency be there, where it is one of the target's, with the features that its entry names."""
        if (package.id, dependency) in self._entered or not self._counts(package, dependency):
            return
        self._entered.add((package.id, dependency))
        behind = self._graph.behind(package, dependency)
        if behind is not None:
            self.take(behind, (*dependency.features, *((_DEFAULT,) if dependency.default_features else ())))
        for waiting, key, feature in tuple(self._waiting):
            if waiting.id == package.id and key == dependency.key and behind is not None:
                self.take(behind, (feature,))

    def _counts(self, package: Package, dependency: Dependency) -> bool:
        if dependency.kind is Kind.DEV and (package.id != self._graph.root.id or not self._as_metadata):
            return False
        if dependency.kind is Kind.BUILD and not self._build_scripts:
            return False
        return dependency.platform is None or self._target is None or applies(dependency.platform, self._target)

    def _turn_on(self, package: Package, value: str) -> None:
        """Do what a feature's value says: a feature, `dep:NAME`, `NAME/FEATURE` or `NAME?/FEATURE`."""
        key, slash, feature = value.partition("/")
        if key.startswith("dep:"):
            self._enter_all(package, key.removeprefix("dep:"))
        elif slash:
            self._turn_on_behind(package, key.removesuffix("?"), feature, weak=key.endswith("?"))
        elif value not in self.features[package.id]:
            self._turn_on_own(package, value)

    def _turn_on_own(self, package: Package, feature: str) -> None:
        if not package.is_known:
            self.features[package.id].add(feature)
        elif feature in package.features:
            self.features[package.id].add(feature)
            for value in package.features[feature]:
                self._turn_on(package, value)
        elif feature in package.implicit_features:
            self.features[package.id].add(feature)
            self._enter_all(package, feature)

    def _turn_on_behind(self, package: Package, key: str, feature: str, *, weak: bool) -> None:
        if weak and not (self._as_metadata and not self._graph.is_workspace):
            self._waiting.append((package, key, feature))
        else:
            self._enter_all(package, key)
            if key in package.features:
                self._turn_on(package, key)
        for dependency in _called(package, key):
            behind = self._graph.behind(package, dependency)
            if behind is not None and (package.id, dependency) in self._entered:
                self.take(behind, (feature,))

    def _enter_all(self, package: Package, key: str) -> None:
        for dependency in _called(package, key):
            self.enter(package, dependency)


def _called(package: Package, key: str) -> Iterator[Dependency]:
    return (dependency for dependency in package.dependencies if dependency.key == key)
