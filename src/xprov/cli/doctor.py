"""`xprov doctor`: what in a project breaks its wheels, and what mends it."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Optional

import typer

from xprov.cli.context import get_catalog, get_output
from xprov.cli.parameters import Json, complete_target, examples
from xprov.errors import UsageError
from xprov.host import own_target
from xprov.output import Output, count
from xprov.project.doctor import find_problems, gather_facts
from xprov.project.edit import apply_all
from xprov.project.facts import Facts
from xprov.project.finding import Finding, Severity
from xprov.project.report import edit_as_diff, findings_as_json, findings_as_text, shown
from xprov.store import open_store, writing
from xprov.target import find_target

Project = Annotated[
    Path,
    typer.Argument(metavar="[PROJECT]", help="The folder with the project's pyproject.toml.", show_default=False),
]
TargetOption = Annotated[
    Optional[str],  # noqa: UP045 - typer reads it at run time, on Python 3.10 too
    typer.Option(
        "--target",
        metavar="TARGET",
        help="The machine the wheel runs on. Unasked: cargo's `build.target`, or the only one that is set up.",
        autocompletion=complete_target,
    ),
]
Fix = Annotated[bool, typer.Option("--fix", help="Change what can be changed safely, and show how.")]


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    epilog = examples(
        "xprov doctor                       look at the project in this folder",
        "xprov doctor --target armhf        what would break its wheels for 32-bit ARM",
        "xprov doctor crates/python --fix   apply the safe changes",
        "xprov doctor --json | jq '.findings[].id'",
    )
    app.command(epilog=epilog)(doctor)


def doctor(
    ctx: typer.Context,
    project: Project = Path(),
    target: TargetOption = None,
    fix: Fix = False,  # noqa: FBT002 - typer's way to write a flag
    json: Json = False,  # noqa: FBT002
) -> None:
    """Find what breaks a project's wheels, and say what mends it."""
    output = get_output(ctx)
    if not project.is_dir():
        raise UsageError(f"`{project}` is not a folder", hint="name the folder with the project's pyproject.toml")
    wanted = find_target(target, own_target()) if target else None
    recipes = get_catalog(ctx).recipes()

    def look() -> tuple[Facts, Sequence[Finding]]:
        facts = gather_facts(project, wanted, environ=os.environ, store=open_store(os.environ), recipes=recipes)
        return facts, find_problems(facts)

    facts, findings = look()
    if fix and _mend(facts, findings, output):
        facts, findings = look()
    if json:
        output.json(findings_as_json(facts, findings))
    elif findings:
        output.data(findings_as_text(facts, findings))
    _tell(facts, findings, output)
    if any(finding.severity is Severity.BREAKS for finding in findings):
        raise typer.Exit(1)


def _mend(facts: Facts, findings: Sequence[Finding], output: Output) -> bool:
    """Apply the safe edits, and show each. Return whether a file was changed."""
    safe = [(finding, change) for finding in findings if finding.safe and (change := edit_as_diff(facts, finding))]
    for finding, change in safe:
        output.say(f"{finding.id}: mended by\n{change}")
    changed = apply_all([finding.edit for finding, _ in safe if finding.edit])
    for file, (before, after) in changed.items():
        if before != after:
            with writing(file.parent):
                file.write_text(after, encoding="utf-8")
            output.say(f"`{shown(file, facts.project.top)}` is written")
    return any(before != after for before, after in changed.values())


def _tell(facts: Facts, findings: Sequence[Finding], output: Output) -> None:
    """Say how many findings there are, and what was looked at."""
    kinds = [(severity, sum(finding.severity is severity for finding in findings)) for severity in Severity]
    words = {Severity.BREAKS: "certain to break the build", Severity.RISK: "a risk", Severity.NOTE: "good to know"}
    numbers = [f"{number} {words[severity]}" for severity, number in kinds if number]
    of = f"for {facts.target.name}" if facts.is_cross else "for this machine (`--target` names another)"
    said = f"{count(len(findings), 'finding')}: {', '.join(numbers)}" if findings else "nothing found that breaks it"
    how = "cargo's own view of it" if facts.project.graph.exact else "its files alone (cargo could not tell offline)"
    output.say(f"{said}; {of}, by {how}")
    if any(finding.safe for finding in findings):
        output.say("`--fix` applies the changes shown as a diff")
