"""`xprov env`: the variables for a target, for whoever reads them."""

import json as json_module
import os
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from xprov.cli.context import get_output
from xprov.cli.parameters import Target, examples
from xprov.environment.formats import render_fish, render_github, render_json, render_sh
from xprov.environment.model import Environment
from xprov.environment.resolve import Resolved, resolve
from xprov.environment.stored import FILE, environment_from_json
from xprov.errors import UsageError, XprovError
from xprov.host import own_target
from xprov.output import Output
from xprov.store import Store, open_store, writing
from xprov.target import find_target


class Format(str, Enum):
    """Who reads the variables."""

    SH = "sh"
    FISH = "fish"
    JSON = "json"
    GITHUB = "github"


FormatOption = Annotated[
    Format, typer.Option("--format", help="Who reads them: a POSIX shell, fish, a program, or a file like $GITHUB_ENV.")
]
Plain = Annotated[
    bool,
    typer.Option(
        "--plain",
        help="Set PKG_CONFIG, CC and others without a target's name too, for a shell that builds for it alone.",
    ),
]
EnvFile = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads it at run time, on Python 3.10 too
    typer.Option(metavar="FILE", help="Write to FILE instead of standard output."),
]


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    epilog = examples(
        'eval "$(xprov env armhf)"                         for a POSIX shell',
        "xprov env armhf --format fish | source            for fish",
        'xprov env armhf --format github >> "$GITHUB_ENV"  for the next steps of a job',
        'eval "$(xprov env armhf --plain)"                 before ./configure --host=arm-linux-gnueabihf',
    )
    app.command(epilog=epilog)(env)


def env(
    ctx: typer.Context,
    target: Target,
    format: FormatOption = Format.SH,  # noqa: A002 - it is called so on the command line
    plain: Plain = False,  # noqa: FBT002 - typer's way to write a flag
    env_file: EnvFile = None,
) -> None:
    """Print the variables that make build tools use what was set up for a target."""
    output = get_output(ctx)
    store = open_store(os.environ)
    environment = _stored(store, target)
    resolved = resolve(environment, store.folder(environment.target), os.environ, plain=plain)
    text = rendered(resolved, format, output)
    for note in resolved.notes:
        (output.warning if note.loud else output.detail)(note.text)
    if env_file is None:
        output.data(text.rstrip("\n"))
        return
    with writing(env_file.parent):
        env_file.parent.mkdir(parents=True, exist_ok=True)
        env_file.write_text(text, encoding="utf-8")


def _stored(store: Store, name: str) -> Environment:
    target = find_target(name, own_target())
    file = store.folder(target) / FILE
    try:
        return environment_from_json(json_module.loads(file.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        there = ", ".join(target.name for target in store.provisioned())
        raise UsageError(
            f"nothing is set up for {target.name} in `{store.path}`",
            hint=f"`xprov setup {target.name} LIBRARY...` does it" + (f"; there is {there}" if there else ""),
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise XprovError(f"`{file}` cannot be read: {error}", hint="run `xprov setup` again") from error


def rendered(resolved: Resolved, wanted: Format, output: Output) -> str:
    """Return variables as `wanted` says; what a file of GitHub Actions cannot do is warned of."""
    match wanted:
        case Format.SH:
            return render_sh(resolved)
        case Format.FISH:
            return render_fish(resolved)
        case Format.JSON:
            return json_module.dumps(render_json(resolved), indent=2)
        case Format.GITHUB:
            text, lost = render_github(resolved)
            for name in lost:
                output.warning(f"{name} has to be unset, and a file of GitHub Actions cannot: unset it in the step")
            return text
