"""How the table of `xprov suites` is written, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xprov.glibc import format_version, lowest_tag
from xprov.survey import FloorSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xprov.measure import Measurement
    from xprov.recipe import Recipe
    from xprov.survey import SuiteRow
    from xprov.target import Target

_HEAD = ("SUITE", "GLIBC", "VERSION", "NEEDS", "LOWEST TAG", "NOTES")
_UNKNOWN = "-"


def survey_as_table(rows: Sequence[SuiteRow], target: Target) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the head and the lines of the table."""
    return _HEAD, [_line(row, target) for row in rows]


def _line(row: SuiteRow, target: Target) -> tuple[str, ...]:
    versions = [version if len(row.versions) == 1 else f"{name} {version}" for name, version in row.versions.items()]
    bound = "" if row.source is FloorSource.MEASURED else "<= "
    return (
        row.suite.name,
        row.suite.glibc or _UNKNOWN,
        ", ".join(versions) or _UNKNOWN,
        f"{bound}{format_version(row.floor)}" if row.floor else _UNKNOWN,
        lowest_tag(row.floor, target) if row.floor else _UNKNOWN,
        ", ".join(row.marks),
    )


def survey_as_json(rows: Sequence[SuiteRow], recipes: Sequence[Recipe], target: Target) -> dict[str, Any]:
    """Return the table as JSON has it. `floor_from` is `measured`, or who says that it is not above `floor`."""
    return {
        "version": 1,
        "target": target.name,
        "libraries": [recipe.library for recipe in recipes],
        "suites": [
            {
                "suite": row.suite.name,
                "glibc": row.suite.glibc,
                "versions": dict(row.versions),
                "floor": format_version(row.floor) if row.floor else None,
                "floor_from": row.source.value,
                "lowest_tag": lowest_tag(row.floor, target) if row.floor else None,
                "notes": list(row.marks),
            }
            for row in rows
        ],
    }


def measurement_as_json(measured: Measurement, changed: Sequence[Recipe]) -> dict[str, Any]:
    """Return what was measured, which recipe files changed by it, and what could not be measured and why."""
    return {
        "version": 1,
        "floors": {
            library: [
                {"suite": hint.suite, "architecture": hint.architecture, "floor": format_version(hint.version)}
                for hint in hints
            ]
            for library, hints in measured.hints.items()
        },
        "changed": [str(recipe.file) for recipe in changed],
        "failures": {place: error.message for place, error in measured.failures.items()},
    }
