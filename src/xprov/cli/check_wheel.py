"""`xprov check-wheel`: whether wheels are what their tags promise, and the proof."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from xprov.archive.locations import Access
from xprov.cli.context import get_catalog, get_output
from xprov.cli.options import AllowExpired, KeyringOption, Mirror, Offline, access_of
from xprov.cli.parameters import Json, examples
from xprov.errors import UsageError
from xprov.output import Output, Verbosity

if TYPE_CHECKING:
    from xprov.recipe import Recipe
    from xprov.wheel.examine import Examined
    from xprov.wheel.proof.model import Proof
    from xprov.wheel.proof.prove import Wanted
    from xprov.wheel.report import Checked

# See `xprov show`.
_WIDEST = 100

Wheels = Annotated[
    list[Path],
    typer.Argument(metavar="WHEEL", help="Wheels, and sdists for what should not be packed.", show_default=False),
]
Imports = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads it at run time, on Python 3.10 too
    typer.Option(
        "--import", metavar="NAME", help="Import this module, in place of all that the wheel has. Several times, too."
    ),
]
Run = Annotated[
    Optional[str],  # noqa: UP045 - see Imports
    typer.Option("--run", metavar="CODE", help="Run this Python code after the imports."),
]
With = Annotated[
    Optional[list[Path]],  # noqa: UP045 - see Imports
    typer.Option("--with", metavar="WHEEL", help="A wheel that the others require. Several times, too."),
]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=1, help="How long the Python of one wheel may run.")
]
RequireProof = Annotated[
    bool, typer.Option("--require-proof", help="End with 1 too where a wheel was not imported to the end.")
]
Static = Annotated[bool, typer.Option("--static", help="Look at the wheels, and run nothing of them.")]


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    epilog = examples(
        "xprov check-wheel dist/*.whl dist/*.tar.gz",
        "xprov check-wheel dist/*.whl --run 'import pkg; pkg.selftest()'",
        "xprov check-wheel dist/*.whl --static --json",
    )
    app.command(epilog=epilog)(check_wheel)


def check_wheel(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    wheels: Wheels,
    imports: Imports = None,
    run: Run = None,
    others: With = None,
    timeout: Timeout = 120.0,
    require_proof: RequireProof = False,  # noqa: FBT002 - typer's way to write a flag
    static: Static = False,  # noqa: FBT002
    mirror: Mirror = None,
    keyring: KeyringOption = None,
    allow_expired: AllowExpired = False,  # noqa: FBT002
    offline: Offline = False,  # noqa: FBT002
    json: Json = False,  # noqa: FBT002
) -> None:
    """Say whether wheels are what their tags promise, and prove it by the target's own Python."""
    from xprov.wheel.examine import examine  # noqa: PLC0415 - slow to import, and `--help` needs none of it
    from xprov.wheel.proof.prove import Wanted  # noqa: PLC0415
    from xprov.wheel.report import Checked, Verdict, as_json  # noqa: PLC0415

    if static and require_proof:
        raise UsageError("`--static` runs nothing, so that nothing can be proven", hint="leave one of the two out")
    output, recipes = get_output(ctx), get_catalog(ctx).recipes()
    wanted = Wanted(imports=tuple(imports or ()), code=run, others=tuple(others or ()), timeout=timeout)
    access = access_of(mirror, keyring, None, allow_expired=allow_expired, offline=offline)
    _require_files([*wheels, *wanted.others])
    examined = [examine(wheel, recipes) for wheel in wheels]
    proofs = [None] * len(examined) if static else _prove(examined, wanted, access, recipes, output)
    checked = [
        Checked(examined=each, proof=proof, proof_required=require_proof)
        for each, proof in zip(examined, proofs, strict=True)
    ]
    if json:
        output.json(as_json(checked))
    else:
        _print(checked, output)
    if any(each.verdict is Verdict.BREAKS for each in checked):
        raise typer.Exit(1)


def _prove(
    examined: Sequence["Examined"], wanted: "Wanted", access: Access, recipes: Sequence["Recipe"], output: Output
) -> list["Proof | None"]:
    """Return what came of the proof of each wheel; sdists have none."""
    from xprov.host import inspect_host  # noqa: PLC0415 - see check_wheel
    from xprov.suite_archives import open_archives  # noqa: PLC0415
    from xprov.target import find_target  # noqa: PLC0415
    from xprov.wheel.proof.prove import Prover  # noqa: PLC0415

    archives = open_archives(access, os.environ, output)
    host = find_target(inspect_host(os.environ).architecture)
    with (
        archives.cache.used(lambda: output.say("Waiting for another xprov that frees the cache")),
        Prover(archives, host, recipes, wanted) as prover,
    ):
        return [prover.prove(each) if each.path.suffix == ".whl" else None for each in examined]


def _require_files(wheels: Sequence[Path]) -> None:
    """Raise `UsageError` for the first that is not there: before any of them takes its time."""
    for wheel in wheels:
        if not wheel.is_file():
            raise UsageError(
                f"there is no file `{wheel}`", hint="`maturin build --out dist`, then `xprov check-wheel dist/*.whl`"
            )


def _print(checked: Sequence["Checked"], output: Output) -> None:
    from xprov.wheel.finding import Severity  # noqa: PLC0415 - see check_wheel
    from xprov.wheel.report import HEAD, advice, rows, said_by, verdict_line  # noqa: PLC0415

    notes = output.verbosity is Verbosity.VERBOSE
    for each in checked:
        output.data(verdict_line(each))
    for each in checked:
        if shown := [finding for finding in each.findings if notes or finding.severity is not Severity.NOTE]:
            output.data(f"\n{each.examined.path.name}" if len(checked) > 1 else "")
            output.table(HEAD, rows(shown))
            output.data("\n".join(["", *advice(shown, min(output.width or _WIDEST, _WIDEST)), *said_by(each.proof)]))
