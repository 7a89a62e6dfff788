"""`xprov setup`: make libraries available for a target."""

import os
import shlex
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from xprov.catalog import Catalog
from xprov.cli.context import get_catalog, get_output
from xprov.cli.parameters import Json, Libraries, Target, examples
from xprov.environment import resolve
from xprov.facts import gather
from xprov.output import Output
from xprov.plan import Plan, make_plan
from xprov.provision import read_provision
from xprov.provisioning import provision
from xprov.recipe import Recipe
from xprov.report import plan_as_json, plan_as_text, summary
from xprov.request import Method, Request
from xprov.store import Store, open_store, writing
from xprov.target import find_target


class MethodName(str, Enum):
    """The words of `--method`."""

    AUTO = "auto"
    NATIVE = Method.NATIVE.value
    MULTIARCH = Method.MULTIARCH.value


MethodOption = Annotated[MethodName, typer.Option("--method", help="How the files arrive.")]
Mirror = Annotated[
    Optional[str],  # noqa: UP045 - typer reads it at run time, on Python 3.10 too
    typer.Option(metavar="URL", help="An archive to ask for what your own sources do not have."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the whole plan, and do nothing.")]
EnvFile = Annotated[
    Optional[Path],  # noqa: UP045 - see Mirror
    typer.Option(metavar="FILE", help="Write a file there too that does the same when it is sourced."),
]


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    epilog = examples(
        "xprov setup armhf alsa dbus               two libraries for 32-bit ARM",
        "xprov setup aarch64 openssl --dry-run     see what would be done, and do nothing",
        "xprov setup linux/arm/v7 alsa --json      the result for a program to read",
    )
    app.command(epilog=epilog)(setup)


def setup(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    target: Target,
    libraries: Libraries,
    method: MethodOption = MethodName.AUTO,
    mirror: Mirror = None,
    dry_run: DryRun = False,  # noqa: FBT002 - typer's way to write a flag
    env_file: EnvFile = None,
    json: Json = False,  # noqa: FBT002
) -> None:
    """Make libraries available to the compilers that build for a target."""
    output = get_output(ctx)
    store = open_store(os.environ)
    request = Request(
        target=find_target(target),
        libraries=tuple(dict.fromkeys(libraries)),
        method=None if method is MethodName.AUTO else Method(method.value),
        mirror=mirror,
    )
    with output.group(f"xprov setup {request.target.name} {' '.join(request.libraries)}"):
        plan = _plan(request, get_catalog(ctx), store, output, rehearsal=dry_run)
        if dry_run:
            _show(plan, store, output, as_json=json)
        else:
            _do(plan, store, output, env_file=env_file, as_json=json)


def _plan(request: Request, catalog: Catalog, store: Store, output: Output, *, rehearsal: bool) -> Plan:
    recipes = _recipes(request, catalog, store)
    facts = gather(request, os.environ, store.folder(request.target), output, rehearsal=rehearsal)
    plan = make_plan(request, facts, recipes)
    for warning in plan.warnings:
        output.warning(warning)
    return plan


def _recipes(request: Request, catalog: Catalog, store: Store) -> tuple[Recipe, ...]:
    """Return the recipes of what was asked for, and of what is there already: a second setup adds to the first."""
    asked = [catalog.recipe(library) for library in request.libraries]
    there = read_provision(store.folder(request.target))
    kept = [library.name for library in there.libraries] if there else []
    return tuple(dict.fromkeys([*(catalog.recipe(name) for name in kept), *asked]))


def _show(plan: Plan, store: Store, output: Output, *, as_json: bool) -> None:
    resolved = resolve(plan.environment, store.folder(plan.target), os.environ)
    if as_json:
        output.json(plan_as_json(plan, resolved.variables))
    else:
        output.data(plan_as_text(plan, resolved.variables))
    for forecast in plan.forecasts:
        output.warning(forecast)
    for obstacle in plan.obstacles:
        output.warning(f"this plan cannot be carried out here: {obstacle.message}\nhint: {obstacle.hint}")


def _do(plan: Plan, store: Store, output: Output, *, env_file: Path | None, as_json: bool) -> None:
    outcome = provision(plan, store, output)
    if env_file is not None:
        _copy_env(store, env_file)
    if as_json:
        output.json(_result(outcome.provision.as_json(), store, plan))
    output.say(summary(outcome.provision))
    output.say(f'Now: source "{_from_home(store.path / "env")}"')


def _from_home(path: Path) -> str:
    """Return `path` as one types it in a script that is to run elsewhere too."""
    home = Path.home()
    return f"$HOME/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _copy_env(store: Store, env_file: Path) -> None:
    """Write to `env_file` what sources the store's own file: that one tells by where it lies what belongs to it."""
    with writing(env_file.parent):
        env_file.parent.mkdir(parents=True, exist_ok=True)
        env_file.write_text(f". {shlex.quote(str(store.path / 'env'))}\n", encoding="utf-8")


def _result(provision: dict[str, Any], store: Store, plan: Plan) -> dict[str, Any]:
    return {**provision, "env": str(store.path / "env"), "folder": str(store.folder(plan.target))}
