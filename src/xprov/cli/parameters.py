"""The words that commands take, each written once: what it is called, its help, and how it is completed."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from xprov import __version__
from xprov.cli.context import get_catalog, get_output, get_session
from xprov.errors import UsageError, XprovError
from xprov.output import Verbosity
from xprov.target import TARGETS


def examples(*lines: str) -> str:
    """Return the epilog of a command's help that shows `lines`; without the mark it would be filled as prose."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def complete_target(incomplete: str) -> list[tuple[str, str]]:
    """Return each target name that begins with what was typed, with its Rust triple."""
    return [(target.name, target.rust) for target in TARGETS if target.name.startswith(incomplete.lower())]


def complete_library(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return each library that begins with what was typed, with its summary. A broken recipe completes nothing."""
    try:
        catalog = get_catalog(ctx)
        names = [name for name in catalog.libraries if name.startswith(incomplete)]
        return [(name, catalog.recipe(name).summary) for name in names]
    except XprovError:
        return []


def _quiet(ctx: typer.Context, given: bool) -> None:  # noqa: FBT001 - typer calls it
    if given:
        _speak(ctx, Verbosity.QUIET)


def _verbose(ctx: typer.Context, given: bool) -> None:  # noqa: FBT001 - typer calls it
    if given:
        _speak(ctx, Verbosity.VERBOSE)


def _speak(ctx: typer.Context, verbosity: Verbosity) -> None:
    if get_output(ctx).verbosity not in (Verbosity.NORMAL, verbosity):
        raise UsageError("`--quiet` and `--verbose` exclude each other", hint="give one of them")
    get_session(ctx).speak(verbosity)


def _recipes(ctx: typer.Context, folders: list[Path] | None) -> None:
    get_session(ctx).recipe_folders.extend(folders or [])


def _version(ctx: typer.Context, given: bool) -> None:  # noqa: FBT001 - typer calls it
    if given:
        get_output(ctx).data(f"xprov {__version__}")
        raise typer.Exit


Target = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="The machine the wheel runs on, by any of its names: armhf, armv7l, aarch64, linux/arm64, ...",
        autocompletion=complete_target,
    ),
]
Library = Annotated[
    str, typer.Argument(metavar="LIBRARY", help="A library of `xprov list`.", autocompletion=complete_library)
]
Libraries = Annotated[
    list[str],
    typer.Argument(metavar="LIBRARY", help="Libraries of `xprov list`.", autocompletion=complete_library),
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to standard output, errors too.")]

Quiet = Annotated[
    bool,
    typer.Option("-q", "--quiet", help="Say nothing but warnings and errors.", callback=_quiet, expose_value=False),
]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Say more.", callback=_verbose, expose_value=False, show_default=False)
]
Recipes = Annotated[
    Optional[list[Path]],  # noqa: UP045 - typer reads it at run time, on Python 3.10 too
    typer.Option(
        "--recipes",
        metavar="DIR",
        help="A folder with recipes of your own. Can be given several times.",
        callback=_recipes,
        expose_value=False,
    ),
]
Version = Annotated[
    bool,
    typer.Option("--version", help="Say which xprov this is.", callback=_version, expose_value=False, is_eager=True),
]
