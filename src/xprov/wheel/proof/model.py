"""What came of the proof of a wheel: plain data."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from xprov.records import dataclass

if TYPE_CHECKING:
    from xprov.wheel.finding import Finding


class Outcome(str, Enum):
    """How the proof ended."""

    PASSED = "passed"
    FAILED = "failed"
    PARTLY = "partly"
    """It was imported as far as it goes without the distributions that it requires."""
    NOT_RUN = "not run"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """The outcome, and `by` what: `debian:bullseye's Python 3.9 under qemu-aarch64`. `reason` is why it was not run.

    `imported` are the modules that were, `loaded` the extension modules whose symbols the loader found while something
    else was missing to import them, `output` is what they printed, `seconds` how long the Python ran.
    """

    outcome: Outcome
    by: str | None = None
    reason: str | None = None
    imported: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()
    output: str = ""
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()
