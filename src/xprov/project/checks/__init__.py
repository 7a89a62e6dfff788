"""The checks: each takes the facts and yields findings, reads nothing and changes nothing.

A new one is a module with a function and an entry here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.project.checks.bundling import check_bundling
from xprov.project.checks.crates import check_crates
from xprov.project.checks.environment import check_environment
from xprov.project.checks.linker import check_linker
from xprov.project.checks.needs import check_needs
from xprov.project.checks.output import check_output
from xprov.project.checks.pinning import check_pinning
from xprov.project.checks.pyo3_feature import check_pyo3_feature
from xprov.project.checks.target import check_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xprov.project.facts import Facts
    from xprov.project.finding import Finding

CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    check_pyo3_feature,
    check_output,
    check_crates,
    check_needs,
    check_bundling,
    check_environment,
    check_linker,
    check_target,
    check_pinning,
)
