"""The program `xprov`: its commands by name, each imported when it is asked for, and the options they share."""

import difflib
import importlib
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from xprov.cli.parameters import Quiet, Recipes, Verbose, Version, examples
from xprov.errors import UsageError

PROGRAM = "xprov"

# Every command, in the order of `xprov --help`, with what that says about it. The command `pyo3-config` is the module
# `xprov.cli.pyo3_config`; the summary is the first line of the command's own help (a test compares them).
COMMANDS = {
    "setup": "Make libraries available to the compilers that build for a target.",
    "lock": "Write down the packages that setup uses with --locked, or say what is newer.",
    "run": "Run a command in the container that a release job builds in, with libraries provisioned.",
    "image": "Make an image in which build tools find libraries, with nothing to source.",
    "doctor": "Find what breaks a project's wheels, and say what mends it.",
    "explain": "Name what broke a build, from its output, and say what mends it.",
    "env": "Print the variables that make build tools use what was set up for a target.",
    "undo": "Put apt's sources back as they were, and take the architecture away if nothing of it is left.",
    "list": "List the libraries that xprov has a recipe for.",
    "show": "Show all that is known about a library.",
    "suites": "Show what each suite has of a library, and from which glibc on it can be used.",
    "pyo3-config": "Write PyO3's configuration so that builds in new environments recompile nothing.",
    "check-wheel": "Say whether wheels are what their tags promise, and prove it by the target's own Python.",
    "ci": "Write the workflow that builds a project's wheels and proves them, or have maturin write it.",
    "targets": "List the targets, with every name by which each may be asked for.",
    "cache": "Show what xprov has fetched and unpacked, or free some of it.",
}

EXAMPLES = examples(
    "xprov setup armhf alsa dbus    make two libraries available for 32-bit ARM",
    'source "$HOME/.xprov/env"      tell cargo, cc, bindgen, cmake and meson',
    "xprov show alsa                see all that is known about a library",
)


class Commands(TyperGroup):
    """The commands of COMMANDS. Only the one that is asked for is imported: `xprov env` must feel instant.

    The contexts are `Any`: they are click's up to typer 0.25 and typer's own since.
    """

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401
        """Return the names in the order of COMMANDS."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
        """Return the command `cmd_name`, or None."""
        del ctx
        return _load(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        """Return the command that `args` begin with; raises `UsageError` with the nearest one when there is none."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"`{PROGRAM} --help` lists the commands"
            raise UsageError(f"there is no command `{name}`", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the names and their summaries, without importing a command for it."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def module_name(command: str) -> str:
    """Return the module below `xprov.cli` that the command `command` is in."""
    return command.replace("-", "_")


def build() -> TyperGroup:
    """Return the program, ready to be given words."""
    # Plain help: rich takes longer to import than all the rest of `xprov --help`.
    app = typer.Typer(name=PROGRAM, cls=Commands, rich_markup_mode=None, context_settings=_SETTINGS)
    app.callback(invoke_without_command=True, epilog=EXAMPLES)(_program)
    command = get_command(app)
    assert isinstance(command, TyperGroup)  # noqa: S101 - typer's promise for an app with a callback; for mypy
    return command


_SETTINGS = {"help_option_names": ["-h", "--help"]}


def _program(
    ctx: typer.Context,
    version: Version = False,  # noqa: ARG001, FBT002 - what the shared options do is done by their callbacks
    quiet: Quiet = False,  # noqa: ARG001, FBT002
    verbose: Verbose = False,  # noqa: ARG001, FBT002
    recipes: Recipes = None,  # noqa: ARG001
) -> None:
    """Make the C libraries of one machine available to a compiler on another."""
    if ctx.invoked_subcommand is None:
        raise UsageError("say what to do", hint=f"`{PROGRAM} --help` lists the commands")


def _shared(
    quiet: Quiet = False,  # noqa: FBT002
    verbose: Verbose = False,  # noqa: FBT002
    recipes: Recipes = None,
) -> None:
    pass


def _load(name: str) -> TyperCommand | TyperGroup:
    """Return the command `name` from its module. It and those below take the shared options: people type them last."""
    app = _built(importlib.import_module(f"xprov.cli.{module_name(name)}").register)
    shared = _built(lambda shared: shared.command()(_shared))
    for command in (app, *(app.commands.values() if isinstance(app, TyperGroup) else ())):
        command.params.extend(shared.params)
    return app


def _built(register: Any) -> TyperCommand | TyperGroup:  # noqa: ANN401
    app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=_SETTINGS)
    register(app)
    command = get_command(app)
    assert isinstance(command, (TyperCommand, TyperGroup))  # noqa: S101 - typer's promise; for mypy
    return command
