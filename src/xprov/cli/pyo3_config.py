"""`xprov pyo3-config`: PyO3's configuration, as a file that stays the same."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from xprov.cli.context import get_output
from xprov.cli.env import Format, rendered
from xprov.cli.parameters import Json, examples
from xprov.environment.resolve import Resolved
from xprov.output import Output
from xprov.pyo3.cargo import build_target
from xprov.pyo3.config import read_keys
from xprov.pyo3.discover import Discovered, Discovery, discover
from xprov.pyo3.interpreter import Interpreter, ask, find_python
from xprov.pyo3.obstacle import CONFIG_FILE, OtherBuildError, obstacle_in, other_target
from xprov.pyo3.place import folder_of, write_config
from xprov.pyo3.variables import chosen_by_user, variables_of
from xprov.store import open_store

Project = Annotated[
    Path,
    typer.Argument(
        metavar="PROJECT",
        help="The project, whose own PyO3 is asked. This folder.",
        exists=True,
        file_okay=False,
        show_default=False,
    ),
]
PythonOption = Annotated[
    Optional[str],  # noqa: UP045 - typer reads it at run time, on Python 3.10 too
    typer.Option(
        "--python",
        metavar="PYTHON",
        help="The interpreter: a path, an environment's folder, a name in PATH, or a version. As PyO3 looks for it:"
        " PYO3_PYTHON, the active environment, `python`.",
    ),
]
DiscoveryOption = Annotated[
    Discovery,
    typer.Option(help="Who finds it out: PyO3, by cargo, where the project has it (auto), or the interpreter alone."),
]
EnvOption = Annotated[bool, typer.Option("--env", help="Print the variables that make builds use it.")]
FormatOption = Annotated[
    Optional[Format],  # noqa: UP045 - see PythonOption
    typer.Option("--format", help="Who reads the variables: as for `xprov env`. sh.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    epilog = examples(
        'eval "$(xprov pyo3-config --env)"                         before python -m build, uv build, nox',
        "xprov pyo3-config --python 3.13                           write it, and print its path",
        'xprov pyo3-config --env --format github >> "$GITHUB_ENV"  for the next steps of a job',
    )
    app.command(epilog=epilog)(pyo3_config)


def pyo3_config(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    project: Project = Path(),
    python: PythonOption = None,
    env: EnvOption = False,  # noqa: FBT002 - typer's way to write a flag
    format: FormatOption = None,  # noqa: A002 - it is called so on the command line
    discovery: DiscoveryOption = Discovery.AUTO,
    json: Json = False,  # noqa: FBT002
) -> None:
    """Write PyO3's configuration so that builds in new environments recompile nothing."""
    output, store = get_output(ctx), open_store(os.environ)
    wanted = Format.SH if env and format is None else format
    environ = chosen_by_user(os.environ, folder_of(store), _recorded(os.environ.get(CONFIG_FILE)))
    try:
        interpreter = _interpreter(project, python, environ, folder_of(store))
    except OtherBuildError as error:
        if wanted is None or json:
            raise
        # A script that evaluates this for every build, the cross ones too, goes on as if it had not.
        output.warning(f"{error.obstacle}: nothing is set, the build stays as it is")
        _print(rendered(Resolved(variables={}, notes=()), wanted, output), output)
        return
    if not interpreter.traced:
        output.warning(f"what `{interpreter.base}` was made from is not found: another environment is another Python")
    discovered = discover(interpreter, project, discovery, output)
    path = write_config(store, discovered.config)
    resolved = variables_of(path, interpreter, environ)
    output.detail(f"{interpreter.label} at {interpreter.base}, by {discovered.source}")
    if json:
        output.json(_described(path, interpreter, discovered, resolved))
        return
    for note in resolved.notes if wanted else ():
        output.warning(note.text)
    _print(rendered(resolved, wanted, output) if wanted else str(path), output)


def _interpreter(project: Path, python: str | None, environ: Mapping[str, str], ours: Path) -> Interpreter:
    """Return the interpreter that is meant; raises `OtherBuildError` where the build is not for it."""
    # Before anything is asked: with these set, an interpreter may answer for another machine.
    if obstacle := obstacle_in(environ, ours):
        raise OtherBuildError(obstacle)
    interpreter = ask(find_python(python, environ))
    if obstacle := other_target(environ, interpreter, build_target(project, _cargo_home(environ))):
        raise OtherBuildError(obstacle)
    return interpreter


def _print(text: str, output: Output) -> None:
    if text:
        output.data(text.rstrip("\n"))


def _recorded(config_file: str | None) -> str | None:
    """Return the interpreter that a configuration names, None where it cannot be read."""
    try:
        return read_keys(Path(config_file or "").read_text(encoding="utf-8")).get("executable", [None])[-1]
    except (OSError, ValueError):
        return None


def _cargo_home(environ: Mapping[str, str]) -> Path:
    named = environ.get("CARGO_HOME")
    return Path(named) if named else Path.home() / ".cargo"


def _described(path: Path, interpreter: Interpreter, discovered: Discovered, resolved: Resolved) -> dict[str, Any]:
    config = discovered.config
    return {
        "version": 1,
        "path": str(path),
        "variables": resolved.variables,
        "discovery": discovered.source,
        "python": {
            "asked": interpreter.executable,
            "executable": interpreter.base,
            "implementation": config.implementation,
            "version": "{}.{}".format(*config.version),
            "release": interpreter.release,
            "ext_suffix": config.ext_suffix,
            "abiflags": config.abiflags,
            "build_flags": list(config.build_flags),
        },
    }
