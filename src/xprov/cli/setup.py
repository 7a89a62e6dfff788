"""`xprov setup`: make libraries available for a target."""

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
from xprov.cli.options import (
    AllowExpired,
    DryRun,
    EnvFile,
    Glibc,
    KeepAll,
    KeyringOption,
    Libraries,
    Locked,
    LockFile,
    LockOption,
    Manylinux,
    MethodName,
    MethodOption,
    Mirror,
    Offline,
    Snapshot,
    SuiteOption,
    ToolchainName,
    ToolchainOption,
    ViewName,
    ViewOption,
    access_of,
    glibc_of,
    view_of,
)
from xprov.cli.parameters import Json, Target, examples
from xprov.environment import resolve
from xprov.errors import UsageError
from xprov.output import Output
from xprov.plan import Plan
from xprov.provision import Provision, read_provision
from xprov.recipe import Recipe
from xprov.report import plan_as_json, plan_as_text, summary
from xprov.request import Method, Request, check_request
from xprov.store import Store, open_store, writing
from xprov.suite_choice import find_named_suite
from xprov.target import find_target


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    epilog = examples(
        "xprov setup armhf alsa dbus                   two libraries for 32-bit ARM",
        "xprov setup aarch64 openssl --dry-run         see what would be done, and do nothing",
        "xprov setup armhf alsa --manylinux 2_31       for wheels with that tag",
        "xprov setup armhf alsa --suite debian:bullseye",
        "xprov setup armhf --locked                    exactly what xprov.lock says",
        "xprov setup linux/arm/v7 alsa --json          the result for a program to read",
    )
    app.command(epilog=epilog)(setup)


def setup(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    target: Target,
    libraries: Libraries = None,
    method: MethodOption = MethodName.AUTO,
    view: ViewOption = ViewName.AUTO,
    toolchain: ToolchainOption = ToolchainName.AUTO,
    glibc: Glibc = None,
    manylinux: Manylinux = None,
    suite: SuiteOption = None,
    mirror: Mirror = None,
    keyring: KeyringOption = None,
    snapshot: Snapshot = None,
    allow_expired: AllowExpired = False,  # noqa: FBT002 - typer's way to write a flag
    offline: Offline = False,  # noqa: FBT002
    lock: LockOption = False,  # noqa: FBT002
    locked: Locked = False,  # noqa: FBT002
    lock_file: LockFile = None,
    keep_all: KeepAll = False,  # noqa: FBT002
    dry_run: DryRun = False,  # noqa: FBT002
    env_file: EnvFile = None,
    json: Json = False,  # noqa: FBT002
) -> None:
    """Make libraries available to the compilers that build for a target."""
    output = get_output(ctx)
    request = Request(
        target=find_target(target),
        libraries=tuple(dict.fromkeys(libraries or ())),
        method=None if method is MethodName.AUTO else Method(method.value),
        suite=None if suite is None else find_named_suite(suite),
        glibc=glibc_of(glibc, manylinux),
        view=view_of(view),
        both_views=view is ViewName.BOTH,
        zig=toolchain is ToolchainName.ZIG,
        keep_all=keep_all,
        access=access_of(mirror, keyring, snapshot, allow_expired=allow_expired, offline=offline),
    )
    check_request(request)
    request = _with_lock(request, lock_file, lock=lock, locked=locked)
    surroundings = Surroundings(store=open_store(os.environ), cache=open_cache(os.environ), environ=os.environ)
    with output.group(f"xprov setup {request.target.name} {' '.join(request.libraries)}"):
        recipes = _recipes(request, get_catalog(ctx), surroundings.store, output)
        if dry_run:
            _show(rehearse(request, recipes, surroundings, output), surroundings.store, output, as_json=json)
        else:
            plan, done = set_up(request, recipes, surroundings, output)
            if lock:
                _write_lock(lock_file, plan, output)
            _tell(plan, done, surroundings.store, output, env_file=env_file, as_json=json)


def _with_lock(request: Request, lock_file: Path | None, *, lock: bool, locked: bool) -> Request:
    """Return what `request` is when a lock is written or obeyed. Raises `UsageError` for words that do not fit."""
    _check_lock(request, lock=lock, locked=locked)
    if lock:
        _require_lock(lock_file)  # one that is damaged is told of before the work, not after it
        return replace(request, method=Method.SYSROOT)
    return _from_lock(request, lock_file) if locked else request


def _check_lock(request: Request, *, lock: bool, locked: bool) -> None:
    if lock and locked:
        raise UsageError("`--lock` writes the lock and `--locked` obeys it", hint="leave one of the two out")
    if not request.libraries and not locked:
        raise UsageError("missing argument 'LIBRARY...'", hint="`xprov list` prints the libraries")
    if (lock or locked) and request.method not in (None, Method.SYSROOT):
        raise UsageError(
            f"a lock is for method `sysroot`: with `{request.method.value}` apt decides which packages there are",
            hint="leave one of the two out",
        )


def _require_lock(file: Path | None) -> None:
    from xprov.lockfile import find_lock, known_lock  # noqa: PLC0415 - of use with a lock alone

    known_lock(file or find_lock(Path.cwd()))


def _from_lock(request: Request, file: Path | None) -> Request:
    from xprov.lockfile import find_lock, read_lock  # noqa: PLC0415 - see _require_lock
    from xprov.lockfile.use import locked_target  # noqa: PLC0415

    lock = read_lock(file or find_lock(Path.cwd()))
    locked = locked_target(lock, request.target, request.libraries)
    return replace(request, method=Method.SYSROOT, libraries=locked.libraries, locked=locked)


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


def _tell(plan: Plan, done: Provision, store: Store, output: Output, *, env_file: Path | None, as_json: bool) -> None:
    if env_file is not None:
        _copy_env(store, env_file)
    if as_json:
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
