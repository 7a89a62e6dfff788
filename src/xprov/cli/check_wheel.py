"""`xprov check-wheel`: whether wheels are what their tags promise."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xprov.cli.context import get_catalog, get_output
from xprov.cli.parameters import Json, examples
from xprov.errors import UsageError
from xprov.output import Output, Verbosity

if TYPE_CHECKING:
    from xprov.wheel.report import Checked

# See `xprov show`.
_WIDEST = 100

Wheels = Annotated[
    list[Path],
    typer.Argument(metavar="WHEEL", help="Wheels, and sdists for what should not be packed.", show_default=False),
]

Static = Annotated[bool, typer.Option("--static", help="Look at the wheels, and run nothing of them.")]


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    epilog = examples(
        "xprov check-wheel dist/*.whl dist/*.tar.gz",
        "xprov check-wheel dist/*.whl --json",
    )
    app.command(epilog=epilog)(check_wheel)


def check_wheel(
    ctx: typer.Context,
    wheels: Wheels,
    static: Static = False,  # noqa: FBT002 - typer's way to write a flag
    json: Json = False,  # noqa: FBT002
) -> None:
    """Say whether wheels are what their tags promise, and prove it by the target's own Python."""
    from xprov.wheel.examine import examine  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from xprov.wheel.report import Checked, Verdict, as_json  # noqa: PLC0415

    del static
    output, recipes = get_output(ctx), get_catalog(ctx).recipes()
    _require_files(wheels)
    checked = [Checked(examined=examine(wheel, recipes)) for wheel in wheels]
    if json:
        output.json(as_json(checked))
    else:
        _print(checked, output)
    if any(each.verdict is Verdict.BREAKS for each in checked):
        raise typer.Exit(1)


def _require_files(wheels: list[Path]) -> None:
    """Raise `UsageError` for the first that is not there: before any of them takes its time."""
    for wheel in wheels:
        if not wheel.is_file():
            raise UsageError(
                f"there is no file `{wheel}`", hint="`maturin build --out dist`, then `xprov check-wheel dist/*.whl`"
            )


def _print(checked: list["Checked"], output: Output) -> None:
    from xprov.wheel.finding import Severity  # noqa: PLC0415 - see check_wheel
    from xprov.wheel.report import HEAD, advice, rows, verdict_line  # noqa: PLC0415

    for each in checked:
        output.data(verdict_line(each))
    for each in checked:
        notes = output.verbosity is Verbosity.VERBOSE
        if shown := [finding for finding in each.findings if notes or finding.severity is not Severity.NOTE]:
            output.data(f"\n{each.examined.path.name}" if len(checked) > 1 else "")
            output.table(HEAD, rows(shown))
            output.data("\n".join(["", *advice(shown, min(output.width or _WIDEST, _WIDEST))]))
