"""`xprov ci`: workflows that build a project's wheels, from xprov itself or by `maturin generate-ci`."""

import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Optional

import typer

from xprov.catalog import Catalog
from xprov.ci.decide import Wish, choose_targets, decide_workflow
from xprov.ci.maturin import decide_change
from xprov.ci.render import render_workflow
from xprov.ci.requirement import Requirement, named_requirement, own_requirement
from xprov.cli.behind import command_with, words_behind
from xprov.cli.context import get_catalog, get_output, get_session
from xprov.cli.options import From, glibc_of, libraries_of
from xprov.cli.parameters import complete_target, examples
from xprov.errors import UsageError
from xprov.lockfile import Lock, find_lock, known_lock
from xprov.output import Output
from xprov.project.doctor import gather_facts
from xprov.project.edit import diff
from xprov.project.facts import Facts
from xprov.project.report import shown
from xprov.store import open_store, writing
from xprov.target import find_target, is_target

Project = Annotated[
    Path,
    typer.Argument(metavar="[PROJECT]", help="The folder with the project's pyproject.toml.", show_default=False),
]
TargetsOption = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads it at run time, on Python 3.10 too
    typer.Option(
        "--target",
        metavar="TARGET",
        help="A machine that wheels are for; several times, too. Unasked: those of xprov.lock, or amd64, arm64, armhf.",
        autocompletion=complete_target,
    ),
]
Manylinux = Annotated[
    Optional[str],  # noqa: UP045 - see TargetsOption
    typer.Option(metavar="TAG", help="The tag of the wheels, like 2_31. Unasked: the lock's, or 2_28, or the lowest."),
]
XprovOption = Annotated[
    Optional[str],  # noqa: UP045 - see TargetsOption
    typer.Option("--xprov", metavar="REQUIREMENT", help="What pip installs as xprov: this version, unasked."),
]
Publish = Annotated[bool, typer.Option("--publish", help="Upload the wheels of a tag to PyPI, by trusted publishing.")]
OutputFile = Annotated[
    Optional[Path],  # noqa: UP045 - see TargetsOption
    typer.Option("--output", "-o", metavar="FILE", help="Write to FILE instead of standard output."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace FILE where it is there and says something else.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the change, and do nothing.")]


def register(app: typer.Typer) -> None:
    """Make `app` the command and those below it."""
    epilog = examples(
        "xprov ci github -o .github/workflows/wheels.yml   a workflow for what Cargo.lock asks for",
        "xprov ci github --target armhf -- alsa dbus       for one target and these libraries, to look at",
        "xprov ci maturin                                  have `maturin generate-ci` write it",
    )
    app.callback(invoke_without_command=True, epilog=epilog)(_group)
    epilog = examples(
        "xprov ci github                                   the project in this folder, its Cargo.lock or xprov.lock",
        "xprov ci github --target armhf --target arm64 -- alsa dbus",
        "xprov ci github --manylinux 2_31 --publish -o .github/workflows/wheels.yml",
        "xprov ci github crates/python --xprov ./xprov     install xprov from a folder of the checkout",
    )
    app.command("github", cls=command_with("[-- LIBRARY...]"), epilog=epilog)(github)
    epilog = examples(
        "xprov ci maturin --dry-run                        see the change of pyproject.toml",
        "xprov ci maturin -- alsa dbus                     make it, for these libraries",
        "maturin generate-ci github                        then",
    )
    app.command("maturin", cls=command_with("[-- LIBRARY...]"), epilog=epilog)(maturin)


def _group(ctx: typer.Context) -> None:
    """Write the workflow that builds a project's wheels and proves them, or have maturin write it."""
    if ctx.invoked_subcommand is None:
        raise UsageError("say what to write", hint="`xprov ci github`, or `xprov ci maturin`")


def github(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    project: Project = Path(),
    targets: TargetsOption = None,
    from_lock: From = None,
    manylinux: Manylinux = None,
    xprov: XprovOption = None,
    publish: Publish = False,  # noqa: FBT002 - typer's way to write a flag
    file: OutputFile = None,
    force: Force = False,  # noqa: FBT002
) -> None:
    """Print a workflow of GitHub Actions that builds the project's wheels and proves them."""
    output, catalog = get_output(ctx), get_catalog(ctx)
    facts = _facts(project, catalog)
    lock_file = find_lock(facts.project.layout.folder)
    lock = known_lock(lock_file)
    options: list[tuple[str, object]] = [("--target", word) for word in targets or ()]
    options += [("--from", from_lock), ("--manylinux", manylinux), ("--xprov", xprov)]
    options += [("--recipes", folder) for folder in get_session(ctx).recipe_folders]
    wish = Wish(
        command=_typed(project, options, words_behind(ctx), publish=publish),
        targets=choose_targets([find_target(word) for word in targets or ()], lock),
        libraries=_libraries(ctx, facts, from_lock, lock),
        recipes=_recipes(ctx, facts),
        glibc=glibc_of(None, manylinux),
        requirement=_requirement(xprov, output),
        publishes=publish,
    )
    workflow = decide_workflow(facts, wish, lock, lock_file)
    text = render_workflow(workflow)
    for build in workflow.builds:
        output.say(f"{build.target.name}: manylinux_{build.manylinux}")
    if file is None:
        output.data(text.rstrip("\n"))
    else:
        _write(file, text, output, force=force)


def maturin(
    ctx: typer.Context,
    project: Project = Path(),
    from_lock: From = None,
    xprov: XprovOption = None,
    dry_run: DryRun = False,  # noqa: FBT002 - typer's way to write a flag
) -> None:
    """Have `maturin generate-ci github` write a workflow whose jobs set up the libraries, by pyproject.toml."""
    output, catalog = get_output(ctx), get_catalog(ctx)
    facts = _facts(project, catalog)
    pyproject, top = facts.project.layout.pyproject, facts.project.top
    if pyproject is None:
        raise UsageError(f"`{project}` has no pyproject.toml", hint="`xprov ci github` needs none")
    lock = known_lock(find_lock(facts.project.layout.folder))
    libraries = _libraries(ctx, facts, from_lock, lock)
    change = decide_change(pyproject, libraries, _recipes(ctx, facts), _requirement(xprov, output), lock)
    name = shown(change.file, top)
    shows = diff(change, pyproject.text, name)
    if not shows:
        output.say(f"`{name}` is as it should be")
    elif dry_run:
        output.data(shows)
    else:
        with writing(change.file.parent):
            change.file.write_text(change.apply(pyproject.text), encoding="utf-8")
        output.say(f"{shows}\n`{name}` is written")
    output.say("Now: maturin generate-ci github --output .github/workflows/CI.yml")


def _facts(project: Path, catalog: Catalog) -> Facts:
    if not project.is_dir():
        word = str(project)
        hint = f"if it is a library, it comes behind `--`: `... -- {word}`"
        if is_target(word):
            hint = f"a target is named by an option: `--target {word}`"
        raise UsageError(f"`{word}` is not a folder", hint=hint)
    return gather_facts(project, None, environ=os.environ, store=open_store(os.environ), recipes=catalog.recipes())


def _libraries(ctx: typer.Context, facts: Facts, from_lock: Path | None, lock: Lock) -> tuple[str, ...]:
    """Return the libraries that were named or that `--from` finds, or those of Cargo.lock; none where a lock has them.

    Raises `UsageError` where there is nothing to find them in, and for one that there is no recipe of.
    """
    named, catalog = words_behind(ctx), get_catalog(ctx)
    for name in named:
        catalog.recipe(name)
    if named or from_lock or lock.targets:
        return libraries_of(named, from_lock, ctx)
    if facts.project.lock is None:
        raise UsageError(
            "say for which libraries: the project has no Cargo.lock to find them in",
            hint="name them behind `--`, or `cargo generate-lockfile` writes one",
        )
    return libraries_of((), facts.project.lock.path, ctx)


def _recipes(ctx: typer.Context, facts: Facts) -> tuple[str, ...]:
    """Return the folders of `--recipes`, as seen from the project's, which is where a job types them."""
    folder = facts.project.layout.folder
    return tuple(os.path.relpath(recipes, folder) for recipes in get_session(ctx).recipe_folders)


def _requirement(named: str | None, output: Output) -> Requirement:
    requirement = own_requirement() if named is None else named_requirement(named)
    if requirement.doubt:
        output.warning(f"{requirement.doubt}\nhint: `--xprov` names what they install")
    return requirement


def _typed(project: Path, options: Iterable[tuple[str, object]], behind: Sequence[str], *, publish: bool) -> str:
    """Return what makes the same workflow again; options whose value is None were not typed."""
    given = [word for option, value in options if value is not None for word in (option, str(value))]
    words = ["xprov", "ci", "github", *([] if project == Path() else [str(project)]), *given]
    return shlex.join([*words, *(["--publish"] if publish else []), *(["--", *behind] if behind else [])])


def _write(file: Path, text: str, output: Output, *, force: bool) -> None:
    there = file.read_text(encoding="utf-8") if file.is_file() else None
    if there == text:
        output.say(f"`{file}` is as it was")
        return
    if there is not None and not force:
        raise UsageError(f"`{file}` is there and says something else", hint="`--force` replaces it")
    with writing(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    output.say(f"`{file}` is written")
