"""`xprov suites`: what each suite has of a library, and from which glibc on it can be used."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from xprov.archive.locations import Access
from xprov.catalog import Catalog
from xprov.cli.context import get_catalog, get_output, get_session
from xprov.cli.parameters import Json, complete_library, complete_target, examples
from xprov.errors import UsageError
from xprov.output import Output, count
from xprov.recipe import Recipe
from xprov.recipe_floors import require_writable, write_floors
from xprov.survey import suites_for
from xprov.survey_report import measurement_as_json, survey_as_json, survey_as_table
from xprov.target import TARGETS, Target, find_target

if TYPE_CHECKING:
    from xprov.suite_archives import Archives, Asked

Libraries = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads it at run time, on Python 3.10 too
    typer.Argument(metavar="LIBRARY", help="Libraries of `xprov list`.", autocompletion=complete_library),
]
TargetOption = Annotated[
    Optional[str],  # noqa: UP045 - see Libraries
    typer.Option(
        "--target",
        metavar="TARGET",
        help="The machine the wheel runs on, by any of its names.",
        autocompletion=complete_target,
    ),
]
Mirror = Annotated[
    Optional[str],  # noqa: UP045 - see Libraries
    typer.Option(metavar="URL", envvar="XPROV_MIRROR", help="An archive to ask in place of those that are known."),
]
Keyring = Annotated[
    Optional[Path],  # noqa: UP045 - see Libraries
    typer.Option(metavar="FILE", help="The keys that sign the archive of --mirror."),
]
AllowExpired = Annotated[bool, typer.Option("--allow-expired", help="Take a mirror that lags behind its Valid-Until.")]
Offline = Annotated[bool, typer.Option("--offline", help="Ask no archive: what is in the cache, and in the recipes.")]
Measure = Annotated[
    bool,
    typer.Option(
        "--measure", help="Fetch what each suite has, look into it, and write into the recipes what glibc it needs."
    ),
]


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    epilog = examples(
        "xprov suites alsa --target armhf            where it can be had, and from which glibc on",
        "xprov suites alsa dbus --target arm64 --json",
        "xprov suites --measure --recipes ./recipes  measure recipes of your own, on every target",
    )
    app.command(epilog=epilog)(suites)


def suites(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    libraries: Libraries = None,
    target: TargetOption = None,
    measure: Measure = False,  # noqa: FBT002 - typer's way to write a flag
    mirror: Mirror = None,
    keyring: Keyring = None,
    allow_expired: AllowExpired = False,  # noqa: FBT002
    offline: Offline = False,  # noqa: FBT002
    json: Json = False,  # noqa: FBT002
) -> None:
    """Show what each suite has of a library, and from which glibc on it can be used."""
    from xprov.suite_archives import open_archives  # noqa: PLC0415 - slow to import, and `--help` needs none of it

    output, catalog = get_output(ctx), get_catalog(ctx)
    wanted = find_target(target) if target else None
    recipes = [catalog.recipe(library) for library in dict.fromkeys(libraries or ())]
    access = Access(mirror=mirror, keyring=keyring, allow_expired=allow_expired, offline=offline)
    archives = open_archives(access, os.environ, output)
    with archives.cache.used(lambda: output.say("Waiting for another xprov that frees the cache")):
        if measure:
            _measure(recipes or _own_recipes(ctx, catalog), [wanted] if wanted else TARGETS, archives, as_json=json)
        else:
            _show(recipes, wanted, archives, as_json=json)


def _show(recipes: Sequence[Recipe], target: Target | None, archives: "Archives", *, as_json: bool) -> None:
    from xprov.suite_archives import ask_suites  # noqa: PLC0415 - see suites

    if not recipes:
        raise UsageError("say which library", hint="`xprov suites alsa --target armhf`; `xprov list` lists them")
    if target is None:
        raise UsageError("say for which target", hint=f"`xprov suites {recipes[0].library} --target armhf`")
    output, found = archives.output, suites_for(recipes, target)
    with output.step(f"Asking the archives of {count(len(found), 'suite')} for {target.name}"):
        asked = ask_suites(recipes, target, found, archives)
    rows = [asked.row(suite, recipes, target) for suite in found]
    if as_json:
        output.json(survey_as_json(rows, recipes, target))
    else:
        output.table(*survey_as_table(rows, target))
    _tell(asked, output)


def _tell(asked: "Asked", output: Output) -> None:
    for suite, error in (*asked.lacking.items(), *asked.failures.items()):
        output.detail(f"{suite.name}: {error.message}")
    if asked.failures:
        names = ", ".join(suite.name for suite in asked.failures)
        output.warning(
            f"no answer for {names}: what is shown of these is what the recipes and the table of suites say"
            " (`-v` tells why)"
        )


def _own_recipes(ctx: typer.Context, catalog: Catalog) -> list[Recipe]:
    """Return the recipes of the folders that `--recipes` names, or all of them where it names none."""
    folders = {folder.resolve() for folder in get_session(ctx).recipe_folders}
    return [recipe for recipe in catalog.recipes() if not folders or recipe.file.resolve().parent in folders]


def _measure(recipes: Sequence[Recipe], targets: Sequence[Target], archives: "Archives", *, as_json: bool) -> None:
    from xprov.measure import measure  # noqa: PLC0415 - see suites

    output = archives.output
    require_writable(recipes)
    with output.step(f"Measuring {', '.join(recipe.library for recipe in recipes)}") as progress:
        measured = measure(recipes, targets, archives, progress)
    changed = [recipe for recipe in recipes if write_floors(recipe, measured.hints[recipe.library])]
    if as_json:
        output.json(measurement_as_json(measured, changed))
    for recipe in recipes:
        state = "rewritten" if recipe in changed else "as before"
        output.say(f"{recipe.library}: {count(len(measured.hints[recipe.library]), 'floor')}, {recipe.file} {state}")
    for place, error in measured.failures.items():
        output.detail(f"{place}: {error.message}")
    if measured.failures:
        output.warning(f"not measured: {', '.join(measured.failures)} (`-v` tells why)")
