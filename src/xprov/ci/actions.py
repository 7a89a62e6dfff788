"""The actions that a workflow uses: `actions.toml`, typed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def actions() -> Mapping[str, str]:
    """Return what stands behind `uses:` for each action, with its version as a comment."""
    table = parse_toml(Path(__file__).with_name("actions.toml").read_text(encoding="utf-8"))
    return {key: f"{action['name']}@{action['commit']}  # {action['version']}" for key, action in table.items()}
