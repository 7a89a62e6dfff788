"""Carry out what `xprov setup` was asked for, and tell of it."""

import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from xprov.attempts import Surroundings, rehearse, set_up
from xprov.cache import open_cache
from xprov.catalog import Catalog
from xprov.cli.context import get_catalog, get_output
from xprov.environment import resolve
from xprov.inquiry import Inquiry
from xprov.output import Output
from xprov.plan import Plan
from xprov.provision import Provision, read_provision
from xprov.recipe import Recipe
from xprov.records import dataclass
from xprov.report import plan_as_json, plan_as_text, summary
from xprov.request import Method, Request
from xprov.store import Store, open_store, writing


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What was typed beside the request: whether and where a lock is written or obeyed, and what is printed."""

    lock: bool
    locked: bool
    lock_file: Path | None
    dry_run: bool
    env_file: Path | None
    json: bool


def carry_out(request: Request, words: Words, inquiry: Inquiry, ctx: typer.Context) -> None:
    """Provision what is asked for, or show how that would be done. `inquiry` has asked about its target."""
    output = get_output(ctx)
    request = _with_lock(request, words)
    surroundings = Surroundings(
        store=open_store(os.environ), cache=open_cache(os.environ), environ=os.environ, inquiry=inquiry
    )
    with output.group(f"xprov setup {request.target.name} {' '.join(request.libraries)}"):
        recipes = _recipes(request, get_catalog(ctx), surroundings.store, output)
        if words.dry_run:
            _show(rehearse(request, recipes, surroundings, output), surroundings.store, output, as_json=words.json)
        else:
            plan, done = set_up(request, recipes, surroundings, output)
            if words.lock:
                _write_lock(words.lock_file, plan, output)
            _tell(plan, done, surroundings.store, output, words)


def _with_lock(request: Request, words: Words) -> Request:
    """Return what `request` is when a lock is written or obeyed. Raises `UsageError` for a lock that is not right."""
    if words.lock:
        _require_lock(words.lock_file)  # one that is damaged is told of before the work, not after it
        return replace(request, method=Method.SYSROOT)
    return _from_lock(request, words.lock_file) if words.locked else request


def _require_lock(file: Path | None) -> None:
    from xprov.lockfile import find_lock, known_lock  # noqa: PLC0415 - of use with a lock alone

    known_lock(file or find_lock(Path.cwd()))


def _from_lock(request: Request, file: Path | None) -> Request:
    from xprov.lockfile import find_lock  # noqa: PLC0415 - see _require_lock
    from xprov.lockfile.use import locked_request  # noqa: PLC0415

    return locked_request(request, file or find_lock(Path.cwd()))


def _write_lock(lock_file: Path | None, plan: Plan, output: Output) -> None:
    from xprov.lockfile import find_lock, update_lock  # noqa: PLC0415 - see _require_lock
    from xprov.lockfile.use import lock_of  # noqa: PLC0415

    file = lock_file or find_lock(Path.cwd())
    changed = update_lock(file, [lock_of(plan)])
    output.say(f"`{file}` {'is written' if changed else 'is as it was'}")


def _recipes(request: Request, catalog: Catalog, store: Store, output: Output) -> tuple[Recipe, ...]:
    """Return the recipes of what was asked for, and of what is there already: a second setup adds to the first.

    A lock takes the place of what is there.
    """
    asked = [catalog.recipe(library) for library in request.libraries]
    there = read_provision(store.folder(request.target))
    kept = [library.name for library in there.libraries] if there else []
    if request.locked:
        gone = [name for name in kept if name not in request.libraries]
        if gone:
            output.warning(f"not in the lock, and no longer there after this: {', '.join(gone)}")
        return tuple(asked)
    return tuple(dict.fromkeys([*(catalog.recipe(name) for name in kept), *asked]))


def _show(plan: Plan, store: Store, output: Output, *, as_json: bool) -> None:
    resolved = resolve(plan.environment, store.folder(plan.target), os.environ)
    if as_json:
        output.json(plan_as_json(plan, resolved.variables))
    else:
        output.data(plan_as_text(plan, resolved.variables))
    for warning in plan.warnings:
        output.warning(warning)
    for forecast in plan.forecasts:
        output.warning(forecast)
    for obstacle in plan.obstacles:
        output.warning(f"this plan cannot be carried out here: {obstacle.message}\nhint: {obstacle.hint}")


def _tell(plan: Plan, done: Provision, store: Store, output: Output, words: Words) -> None:
    if words.env_file is not None:
        _copy_env(store, words.env_file)
    if words.json:
        output.json(_result(done.as_json(), store, plan))
    output.say(summary(done))
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
