"""What every command is given: where to print, and the recipes, from the options that all commands share."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from xprov.output import Verbosity, output_for

if TYPE_CHECKING:
    from pathlib import Path

    import typer

    from xprov.output import Output


@dataclass(kw_only=True, slots=True)
class Session:
    """What the shared options have said so far. They may stand before the command and after it."""

    output: Output
    recipe_folders: list[Path] = field(default_factory=list)

    def speak(self, verbosity: Verbosity) -> None:
        """Print as much as `verbosity` says from here on."""
        self.output = replace(self.output, verbosity=verbosity)


def start() -> Session:
    """Return a session for this process's terminal and environment."""
    return Session(output=output_for(os.environ, stdout=sys.stdout, stderr=sys.stderr))


def get_session(ctx: typer.Context) -> Session:
    """Return the session that the command was started in."""
    session = ctx.find_root().obj
    if not isinstance(session, Session):
        raise TypeError("a command was started without a session")
    return session


def get_output(ctx: typer.Context) -> Output:
    """Return what the command prints with."""
    return get_session(ctx).output
