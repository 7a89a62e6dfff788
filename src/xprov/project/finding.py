"""A finding: what was seen in a project, where, and what mends it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from xprov.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from xprov.project.edit import Edit


class Severity(str, Enum):
    """What a finding means for the next build, the worst first."""

    BREAKS = "breaks"
    """The build fails, or makes a wheel that does not work."""
    RISK = "risk"
    """It may, by what is not to be seen from here."""
    NOTE = "note"
    """It does not, and something could be better."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A file, and the line in it, from 1 on; None for the file as a whole."""

    file: Path
    line: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is wrong. `id` is that of `failures.toml`, which says why it breaks.

    `seen` is what stands there, `fix` what to do in words; `edit` does it, and is `safe` where nobody can want it
    otherwise. `place` is None for the environment and the machine.
    """

    id: str
    severity: Severity
    seen: str
    fix: str
    place: Place | None = None
    edit: Edit | None = None
    safe: bool = False
