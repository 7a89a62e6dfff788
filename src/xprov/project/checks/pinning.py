"""Builds in environments that are made for one build: PyO3 is compiled again in each, unless its Python is pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.project.bindings import PYO3_CRATES
from xprov.project.features import resolve
from xprov.project.finding import Finding, Place, Severity
from xprov.project.selection import plain_build
from xprov.pyo3.obstacle import CONFIG_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.project.facts import Facts


def check_pinning(facts: Facts) -> Iterator[Finding]:
    """Yield one note, on the first command that makes an environment for each build."""
    if facts.is_cross or CONFIG_FILE in facts.environ:
        return
    resolved = resolve(facts.project.graph, plain_build(facts).selection)
    command = next(iter(facts.project.own_commands("front-end")), None)
    if command is not None and any(resolved.has(name) for name in PYO3_CRATES):
        yield Finding(
            id="pyo3-recompiled",
            severity=Severity.NOTE,
            place=Place(file=command.file, line=command.line),
            seen="this command builds in an environment of its own, whose Python has another path each time",
            fix='`eval "$(xprov pyo3-config --env)"` before it',
        )
