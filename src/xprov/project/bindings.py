"""Which bindings maturin takes a project to have: its own rule, read in maturin 1.16 (`src/bridge/detection.rs`).

pyo3 or pyo3-ffi among all that the package depends on makes it pyo3; else uniffi; else a `cdylib` is taken for a
library that is called by cffi, and a program for a program. Nobody is asked, and nothing but one line says so.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xprov.project.features import Resolved


class Bindings(str, Enum):
    """What maturin says it found, `none` where it gives up."""

    PYO3 = "pyo3"
    UNIFFI = "uniffi"
    CFFI = "cffi"
    BIN = "bin"
    NONE = "none"


PYO3_CRATES = ("pyo3", "pyo3-ffi")


def decide(resolved: Resolved, forced: str | None = None) -> Bindings:
    """Return the bindings for a build; `forced` is what `bindings` of pyproject.toml or `-b` says."""
    has_pyo3 = any(resolved.has(name) for name in PYO3_CRATES)
    if forced in PYO3_CRATES:
        return Bindings.PYO3 if has_pyo3 else Bindings.NONE
    if forced is not None:
        return Bindings(forced) if forced in {"uniffi", "cffi", "bin"} else Bindings.NONE
    return _detect(resolved, has_pyo3=has_pyo3)


def _detect(resolved: Resolved, *, has_pyo3: bool) -> Bindings:
    types = resolved.graph.root.crate_types
    if has_pyo3:
        return Bindings.BIN if "cdylib" not in types and "bin" in types else Bindings.PYO3
    if resolved.has("uniffi"):
        return Bindings.UNIFFI
    if "cdylib" in types:
        return Bindings.CFFI
    return Bindings.BIN if "bin" in types else Bindings.NONE
