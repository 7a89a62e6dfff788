"""pyo3 that is a dependency and is not built: behind a feature that is off, or of another platform."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xprov.project.bindings import PYO3_CRATES, Bindings, decide
from xprov.project.edit import Edit
from xprov.project.features import resolve
from xprov.project.finding import Finding, Place, Severity
from xprov.project.front_end import ARGUMENTS
from xprov.project.layout import MATURIN
from xprov.project.selection import Build, commanded_builds, plain_build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.project.facts import Facts
    from xprov.project.features import Selection
    from xprov.project.package import Dependency

_ID = "pyo3-feature-off"
_FEATURES = (*MATURIN, "features")


def check_pyo3_feature(facts: Facts) -> Iterator[Finding]:
    """Yield a finding for the plain build, and one for each command that turns off what the plain build has on."""
    if not facts.project.is_built_by_maturin:
        return
    plain = plain_build(facts)
    commanded = tuple(commanded_builds(facts))
    if _lacks_pyo3(facts, plain):
        # Where all commands turn it on, only builds without one fail: those of pip, from the sdist.
        turned_on = bool(commanded) and not any(_lacks_pyo3(facts, build) for build in commanded)
        turned_on = turned_on or ARGUMENTS in facts.project.variables
        yield from _of_plain(facts, plain, Severity.RISK if turned_on else Severity.BREAKS)
        return
    for build in commanded:
        if _lacks_pyo3(facts, build):
            yield _of_build(facts, build)


def _lacks_pyo3(facts: Facts, build: Build) -> bool:
    """Return whether the build is one of a module that is meant to have pyo3, and has not.

    Where not all of its features are told, it has not if none of the package's would bring it.
    """
    if not build.is_told:
        build = replace(build, selection=replace(build.selection, all_features=True), is_told=True)
    resolved = resolve(facts.project.graph, build.selection)
    if any(resolved.has(name) for name in PYO3_CRATES) or build.forced in {"cffi", "uniffi", "bin"}:
        return False
    if build.forced is None and ("cdylib" not in facts.project.graph.root.crate_types or resolved.has("uniffi")):
        return False
    return bool(_features_with_pyo3(facts, build.selection)) or _elsewhere(facts, build.selection)


def _features_with_pyo3(facts: Facts, selection: Selection) -> list[str]:
    """Return the features of the package that bring pyo3, that which brings least besides first."""
    graph, found = facts.project.graph, []
    for name in (*graph.root.features, *graph.root.implicit_features):
        resolved = resolve(graph, replace(selection, features=(*selection.features, name)))
        if any(resolved.has(crate) for crate in PYO3_CRATES):
            # `default` is on already, or was turned off on purpose.
            found.append((name == "default", sum(len(on) + 1 for on in resolved.features.values()), name))
    return [name for *_, name in sorted(found)]


def _elsewhere(facts: Facts, selection: Selection) -> bool:
    """Return whether pyo3 is there for another platform."""
    resolved = resolve(facts.project.graph, replace(selection, target=None))
    return any(resolved.has(name) for name in PYO3_CRATES)


def _of_plain(facts: Facts, build: Build, severity: Severity) -> Iterator[Finding]:
    taken = _taken_for(facts, build)
    features = [name for name in _features_with_pyo3(facts, build.selection) if name != "default"]
    pyproject = facts.project.layout.pyproject
    place = _place(facts)
    if not features:
        yield Finding(
            id=_ID,
            severity=severity,
            place=place,
            seen=f"pyo3 is a dependency of other platforms than {facts.target.rust}: {taken}",
            fix="have pyo3 in `[dependencies]`, or say for this target too that it is one",
        )
        return
    line = f'features = ["{features[0]}"]'
    edit = Edit(file=pyproject.path, keys=_FEATURES, values=(features[0],)) if pyproject else None
    yield Finding(
        id=_ID,
        severity=severity,
        place=place,
        seen=f"pyo3 is there with the feature `{features[0]}` alone, which {_nobody(severity)} turns on: {taken}",
        fix=f"`{line}` below `[tool.maturin]` in pyproject.toml, or `{features[0]}` among the features of `default`",
        edit=edit,
        safe=edit is not None,
    )


def _of_build(facts: Facts, build: Build) -> Finding:
    """Return the finding for a command, or for what this shell has for front ends."""
    command, features = build.command, _features_with_pyo3(facts, build.selection)
    who = "this command builds" if command else f"{ARGUMENTS}={facts.environ.get(ARGUMENTS)} has pip and others build"
    add = f"add `{features[0]}` to its `--features`" if features else "have pyo3 in `[dependencies]`"
    return Finding(
        id=_ID,
        severity=Severity.BREAKS,
        place=Place(file=command.file, line=command.line) if command else None,
        seen=f"{who} without pyo3: {_taken_for(facts, build)}",
        fix=f"{add}; features that are named there take the place of those of pyproject.toml",
    )


def _nobody(severity: Severity) -> str:
    return "neither `default` nor pyproject.toml" + (", only commands," if severity is Severity.RISK else "")


def _taken_for(facts: Facts, build: Build) -> str:
    """Return what maturin makes of the build. It looks at all platforms, and at what tests need, too."""
    target = build.selection.target if build.command and build.command.has("target") else None
    view = replace(build.selection, as_metadata=True, target=target)
    bindings = decide(resolve(facts.project.graph, view), build.forced)
    if bindings is Bindings.PYO3:
        return "the wheel lacks the module"
    return "maturin gives up" if bindings is Bindings.NONE else f"maturin takes it for {bindings.value}"


def _place(facts: Facts) -> Place:
    """Return where pyo3 stands in Cargo.toml, or the package that brings it, or the file."""
    manifest = facts.project.layout.manifest
    found = next((entry for entry in facts.project.own.dependencies if entry.package in PYO3_CRATES), None)
    return Place(file=manifest.path, line=_line(facts, found))


def _line(facts: Facts, dependency: Dependency | None) -> int | None:
    manifest = facts.project.layout.manifest
    return manifest.line(*dependency.at) if dependency else manifest.line("features")
