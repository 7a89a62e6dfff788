"""A finding: what is wrong with a file, where, why it matters and what to do. `findings.toml` has the kinds."""

from __future__ import annotations

from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from xprov.records import dataclass
from xprov.toml import parse_toml


class Severity(str, Enum):
    """How much it matters: an error breaks for somebody, a warning may, a note is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What was seen (`what`), in which member (None for the file itself); `id` is a kind of findings.toml."""

    id: str
    severity: Severity
    member: str | None
    what: str
    why: str
    fix: str


def make_finding(
    kind: str,
    what: str,
    *,
    member: str | None = None,
    severity: Severity | None = None,
    why: str | None = None,
    fix: str | None = None,
) -> Finding:
    """Return a finding of `kind`; what is not given is as the table says. Raises `KeyError` for an unknown kind."""
    facts = kinds()[kind]
    return Finding(
        id=kind,
        severity=severity or Severity(facts["severity"]),
        member=member,
        what=what,
        why=why or facts["why"],
        fix=fix or facts["fix"],
    )


@cache
def kinds() -> dict[str, dict[str, Any]]:
    """Return the kinds of findings, by id."""
    return parse_toml(Path(__file__).with_name("findings.toml").read_text(encoding="utf-8"))
