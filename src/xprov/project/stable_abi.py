"""For which Pythons the wheel of a build is, as far as pyo3's features say it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xprov.project.bindings import PYO3_CRATES
from xprov.project.features import resolve

if TYPE_CHECKING:
    from xprov.project.features import Selection
    from xprov.project.package import Graph

_STABLE = re.compile(r"abi3t?-py3(\d+)")


def interpreter_tag(graph: Graph, selection: Selection) -> str | None:
    """Return the interpreter that the wheel's name has: `cp39` by `abi3-py39`, `py3` without pyo3.

    None where maturin has to be told the Python: `abi3` alone means that of the one at hand, which a cross build has
    not.
    """
    resolved = resolve(graph, selection)
    if not any(resolved.has(name) for name in PYO3_CRATES):
        return "py3"
    features = frozenset().union(*(resolved.features_of(name) for name in PYO3_CRATES), selection.features)
    minors = [int(match[1]) for feature in features if (match := _STABLE.fullmatch(feature.rpartition("/")[2]))]
    return f"cp3{min(minors)}" if minors else None
