"""`xprov explain`: name what broke a build, from its output."""

import os
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from xprov.cli.context import get_catalog, get_output
from xprov.cli.parameters import Json, complete_target, examples
from xprov.errors import UsageError
from xprov.host import own_target
from xprov.output import Output, is_terminal
from xprov.project.explanation import Explanation
from xprov.project.explanation import explain as explain_lines
from xprov.project.finding import Severity
from xprov.project.report import paragraph
from xprov.store import open_store
from xprov.target import find_target

Log = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads it at run time, on Python 3.10 too
    typer.Argument(metavar="[LOG]", help="A file with the output; without one, or with `-`, standard input."),
]
TargetOption = Annotated[
    Optional[str],  # noqa: UP045 - see Log
    typer.Option(
        "--target",
        metavar="TARGET",
        help="What was built for, where the log does not say.",
        autocompletion=complete_target,
    ),
]


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    epilog = examples(
        "maturin build 2>&1 | xprov explain     show the build's output, then what broke it",
        "xprov explain build.log",
        "xprov explain build.log --json | jq '.findings[].id'",
    )
    app.command(epilog=epilog)(explain)


def explain(
    ctx: typer.Context,
    log: Log = None,
    target: TargetOption = None,
    json: Json = False,  # noqa: FBT002 - typer's way to write a flag
) -> None:
    """Name what broke a build, from its output, and say what mends it."""
    output = get_output(ctx)
    wanted = find_target(target, own_target()) if target else None
    lines = _read(log, output)
    provisioned = open_store(os.environ).provisioned()
    usual = provisioned[0] if len(provisioned) == 1 else None
    found = explain_lines(lines, get_catalog(ctx).recipes(), wanted, usual)
    if json:
        output.json({"version": 1, "lines": len(lines), "findings": [explanation.as_json() for explanation in found]})
    elif found:
        output.data("\n\n".join(_paragraph(explanation) for explanation in found))
    if not found:
        output.say(f"nothing that xprov knows in {len(lines)} lines; `xprov doctor` looks at the project itself")
    if any(explanation.severity is Severity.BREAKS for explanation in found):
        raise typer.Exit(1)


def _read(log: Path | None, output: Output) -> list[str]:
    """Return the lines of a log. What comes by a pipe is shown as it comes: nobody else shows it."""
    if log is not None and str(log) != "-":
        try:
            return log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            raise UsageError(
                f"`{log}` cannot be read: {error.strerror}", hint="name the file with the output"
            ) from None
    if is_terminal(sys.stdin):
        raise UsageError("there is no log to read", hint="`maturin build 2>&1 | xprov explain`, or name a file")
    lines = []
    sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]  # a text stream, as Python opens it
    for line in sys.stdin:
        output.say(line.rstrip("\n"))
        lines.append(line)
    return lines


def _paragraph(explanation: Explanation) -> str:
    failure = explanation.failure
    return paragraph(
        f"{explanation.severity.value}: {failure.id} (line {explanation.line}): {failure.title}",
        ("seen", explanation.text),
        ("why", failure.why),
        ("fix", explanation.fix),
    )
