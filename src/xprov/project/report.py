"""Findings in words, and as data."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from xprov.errors import XprovError
from xprov.project.edit import diff
from xprov.project.failures import failures

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from xprov.project.facts import Facts
    from xprov.project.finding import Finding, Place

_WIDTH = 100


def findings_as_text(facts: Facts, findings: Sequence[Finding]) -> str:
    """Return the findings for people, a paragraph each."""
    return "\n\n".join(_paragraph(facts, finding) for finding in findings)


def findings_as_json(facts: Facts, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the findings for a program."""
    return {
        "version": 1,
        "project": str(facts.project.layout.folder),
        "target": facts.target.name,
        "cross": facts.is_cross,
        "findings": [_as_json(facts, finding) for finding in findings],
    }


def edit_as_diff(facts: Facts, finding: Finding) -> str | None:
    """Return what the finding's edit would change, as a unified diff, or None where it has none, or cannot be made."""
    if finding.edit is None:
        return None
    file = finding.edit.file
    try:
        return diff(finding.edit, file.read_text(encoding="utf-8"), shown(file, facts.project.top))
    except XprovError:
        # What stands there is not what maturin takes: it says so by itself, and the words of the fix are enough.
        return None


def shown(file: Path, top: Path) -> str:
    """Return a file's path as a person in the checkout types it."""
    return file.relative_to(top).as_posix() if file.is_relative_to(top) else str(file)


def paragraph(head: str, *parts: tuple[str, str], block: str | None = None) -> str:
    """Return a line and, below it, parts that each have a name; a `block` is shown as it is."""
    lines = [head]
    for name, text in parts:
        lines += textwrap.wrap(
            text,
            _WIDTH,
            initial_indent=f"  {name + ':':<6}",
            subsequent_indent=" " * 8,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join([*lines, *([textwrap.indent(block, " " * 8)] if block else [])])


def _paragraph(facts: Facts, finding: Finding) -> str:
    place = _place(facts, finding.place)
    head = f"{finding.severity.value}: {finding.id}{f' ({place})' if place else ''}"
    parts = [("seen", finding.seen), ("why", failures()[finding.id].why), ("fix", finding.fix)]
    return paragraph(head, *parts, block=edit_as_diff(facts, finding))


def _place(facts: Facts, place: Place | None) -> str | None:
    if place is None:
        return None
    file = shown(place.file, facts.project.top)
    return file if place.line is None else f"{file}:{place.line}"


def _as_json(facts: Facts, finding: Finding) -> dict[str, Any]:
    failure = failures()[finding.id]
    return {
        "id": finding.id,
        "severity": finding.severity.value,
        "title": failure.title,
        "file": shown(finding.place.file, facts.project.top) if finding.place else None,
        "line": finding.place.line if finding.place else None,
        "seen": finding.seen,
        "why": failure.why,
        "fix": finding.fix,
        "diff": edit_as_diff(facts, finding),
        "safe": finding.safe,
    }
