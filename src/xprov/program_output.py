"""Pick the lines of a program's output that tell what failed, and pass them on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable


def telling(kind: re.Pattern[str], lines: Iterable[str]) -> list[str]:
    """Return the lines in which `kind` is found, each once, in their order."""
    return [line for line in dict.fromkeys(lines) if kind.search(line)]


def listed(lines: Iterable[str]) -> str:
    """Return the lines as they stand below a sentence."""
    return "\n".join(f"  {line}" for line in lines)
