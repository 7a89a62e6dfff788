"""Resolved variables, written for who reads them: a shell, fish, a program, or a step of GitHub Actions."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xprov.environment.resolve import Resolved


def render_sh(resolved: Resolved) -> str:
    """Return lines that a POSIX shell evaluates."""
    return "".join(
        f"unset {name}\n" if value is None else f"export {name}={shlex.quote(value)}\n"
        for name, value in resolved.variables.items()
    )


def render_fish(resolved: Resolved) -> str:
    """Return lines that fish evaluates (fish manual, "Quotes": only the backslash and the quote are special)."""
    lines = []
    for name, value in resolved.variables.items():
        if value is None:
            lines.append(f"set -e {name}\n")
        else:
            escaped = value.replace("\\", "\\\\").replace("'", "\\'")
            lines.append(f"set -gx {name} '{escaped}'\n")
    return "".join(lines)


def render_json(resolved: Resolved) -> dict[str, object]:
    """Return what `json` writes: the variables, null for one that has to be unset, and what there is to say."""
    return {
        "version": 1,
        "variables": resolved.variables,
        "notes": [note.text for note in resolved.notes],
    }


def render_github(resolved: Resolved) -> tuple[str, tuple[str, ...]]:
    """Return what is appended to the file that `$GITHUB_ENV` names, and the variables that it cannot unset.

    Source: GitHub Actions, "Workflow commands": a value of several lines stands between delimiters, and nothing
    takes a variable away.
    """
    lines = []
    for name, value in resolved.variables.items():
        if value is not None and "\n" in value:
            lines.append(f"{name}<<XPROV-END-OF-{name}\n{value}\nXPROV-END-OF-{name}\n")
        elif value is not None:
            lines.append(f"{name}={value}\n")
    return "".join(lines), tuple(name for name, value in resolved.variables.items() if value is None)
