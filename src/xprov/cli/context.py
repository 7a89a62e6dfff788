"""What every command is given: where to print, and the recipes, from the options that all commands share."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace  # noqa: TID251 - it has what changes
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.output import Verbosity, output_for

if TYPE_CHECKING:
    import typer

    from xprov.catalog import Catalog
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


def get_catalog(ctx: typer.Context) -> Catalog:
    """Return the recipes: xprov's own, those of `xprov.toml`, those of `--recipes`; a later one replaces.

    Raises `UsageError` when a folder, a recipe or `xprov.toml` is not right.
    """
    from xprov.catalog import load_catalog  # noqa: PLC0415 - `xprov env` reads no recipes
    from xprov.settings import find_settings  # noqa: PLC0415

    session = get_session(ctx)
    settings = find_settings(Path.cwd())
    catalog = load_catalog([*settings.recipes, *session.recipe_folders])
    for library, file in catalog.replaced:
        session.output.detail(f"recipe `{library}` is taken from {file} in place of xprov's own")
    return catalog
