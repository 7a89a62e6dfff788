"""`xprov lock`: write down which packages a project's libraries are made of, and see what is newer."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from xprov.attempts import Surroundings, rehearse, settle
from xprov.cache import open_cache
from xprov.catalog import Catalog
from xprov.cli.behind import command_with, words_behind
from xprov.cli.context import get_catalog, get_output
from xprov.cli.options import (
    AllowExpired,
    From,
    Glibc,
    KeyringOption,
    LockFile,
    Manylinux,
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
    libraries_of,
    view_of,
)
from xprov.cli.parameters import Json, complete_target, examples
from xprov.errors import UsageError
from xprov.glibc import format_version
from xprov.lockfile import NAME, Lock, LockedTarget, find_lock, known_lock, read_lock, update_lock
from xprov.lockfile.compare import Change, Difference, compare, is_behind
from xprov.lockfile.use import lock_of
from xprov.output import Output, count
from xprov.plan import Plan
from xprov.recipe import Recipe
from xprov.records import dataclass
from xprov.report import size_as_text
from xprov.request import Method, Request, check_request
from xprov.store import open_store
from xprov.suite_choice import find_named_suite
from xprov.target import Target, find_target

Targets = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads it at run time, on Python 3.10 too
    typer.Argument(
        metavar="TARGET",
        help="Targets to lock, and behind `--` their libraries. Without libraries: those that are locked.",
        autocompletion=complete_target,
        show_default=False,
    ),
]
Check = Annotated[
    bool,
    typer.Option("--check", help="Say what is newer than the lock: ends with 1 if anything is."),
]


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    epilog = examples(
        "xprov lock armhf arm64 -- alsa dbus            write xprov.lock for two targets",
        "xprov lock                                     renew it: the newest packages of the same suites",
        "xprov lock --check                             see what is newer, security updates named",
        "xprov lock armhf --manylinux 2_28 -- alsa      for wheels with that tag, from any machine",
        "xprov setup armhf --locked                     use it",
    )
    app.command(cls=command_with("[-- LIBRARY...]"), epilog=epilog)(lock)


def lock(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    targets: Targets = None,
    check: Check = False,  # noqa: FBT002 - typer's way to write a flag
    from_lock: From = None,
    view: ViewOption = ViewName.AUTO,
    toolchain: ToolchainOption = ToolchainName.AUTO,
    glibc: Glibc = None,
    manylinux: Manylinux = None,
    suite: SuiteOption = None,
    mirror: Mirror = None,
    keyring: KeyringOption = None,
    snapshot: Snapshot = None,
    allow_expired: AllowExpired = False,  # noqa: FBT002
    offline: Offline = False,  # noqa: FBT002
    lock_file: LockFile = None,
    json: Json = False,  # noqa: FBT002
) -> None:
    """Write down the packages that setup uses with --locked, or say what is newer."""
    words = partial(
        Request,
        method=Method.SYSROOT,
        suite=None if suite is None else find_named_suite(suite),
        glibc=glibc_of(glibc, manylinux),
        view=view_of(view),
        both_views=view is ViewName.BOTH,
        zig=toolchain is ToolchainName.ZIG,
        access=access_of(mirror, keyring, snapshot, allow_expired=allow_expired, offline=offline),
    )
    named = tuple(dict.fromkeys(find_target(word) for word in targets or ()))
    file = lock_file or find_lock(Path.cwd())
    work = _Work(
        catalog=get_catalog(ctx),
        output=get_output(ctx),
        surroundings=Surroundings(store=open_store(os.environ), cache=open_cache(os.environ), environ=os.environ),
    )
    libraries = libraries_of(words_behind(ctx), from_lock, ctx)
    if check:
        if libraries:
            raise UsageError("`--check` looks at what is locked", hint="leave the libraries out, or `--check`")
        _check(_renewals(read_lock(file), named, words), file, work, as_json=json)
        return
    if libraries and not named:
        raise UsageError("say for which target", hint=f"`xprov lock armhf -- {' '.join(libraries)}`")
    known = known_lock(file) if libraries else read_lock(file)
    if libraries:
        requests = [words(target=target, libraries=libraries) for target in named]
    else:
        requests = [request for _, request in _renewals(known, named, words)]
    _write(requests, file, work, as_json=json)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    """With what is worked."""

    catalog: Catalog
    output: Output
    surroundings: Surroundings

    def recipes(self, request: Request) -> tuple[Recipe, ...]:
        return tuple(self.catalog.recipe(library) for library in request.libraries)


def _renewals(lock: Lock, named: Sequence[Target], words: Callable[..., Request]) -> list[tuple[LockedTarget, Request]]:
    """Return what is locked for the targets `named`, or for all, each with what would be asked to lock it again."""
    targets = [target.name for target in named] or sorted(lock.targets)
    lacking = [target for target in targets if target not in lock.targets]
    if lacking or not targets:
        name = lacking[0] if lacking else "armhf"
        raise UsageError(
            f"`{NAME}` has nothing for {name}" if lacking else f"`{NAME}` is empty",
            hint=f"say which libraries: `xprov lock {name} -- LIBRARY...`",
        )
    return [(locked, _renewal(locked, words)) for locked in (lock.targets[target] for target in targets)]


def _renewal(locked: LockedTarget, words: Callable[..., Request]) -> Request:
    """Return what makes the lock anew: it stays in its suite and below its glibc, unless words say something else."""
    request = words(target=locked.target, libraries=locked.libraries)
    kept = request.suite is None and request.glibc is None
    return replace(
        request,
        suite=locked.suite if kept else request.suite,
        glibc=locked.glibc if kept else request.glibc,
        view=request.view or locked.view,
    )


def _write(requests: Sequence[Request], file: Path, work: _Work, *, as_json: bool) -> None:
    fresh = []
    for request in requests:
        check_request(request)
        plan = settle(request, work.recipes(request), work.surroundings, work.output)
        work.output.say(_described(plan))
        fresh.append(lock_of(plan))
    changed = update_lock(file, fresh)
    work.output.say(f"`{file}` {'is written' if changed else 'is as it was'}")
    if as_json:
        targets = [_locked_as_json(locked) for locked in fresh]
        work.output.json({"version": 1, "file": str(file), "changed": changed, "targets": targets})


def _described(plan: Plan) -> str:
    assert plan.resolution is not None  # noqa: S101 - a plan of method `sysroot` has its packages
    wanted = plan.wanted
    # A suite that was named is taken whatever it needs.
    limited = plan.route.strict and wanted.version is not None
    limit = f" for glibc {format_version(wanted.version or ())} ({wanted.said_by})" if limited else ""
    packages = f"{count(len(plan.resolution.packages), 'package')}, {size_as_text(plan.resolution.size)}"
    return f"{plan.target.name}: {', '.join(plan.libraries)} of {plan.suite}{limit}: {packages}"


def _locked_as_json(locked: LockedTarget) -> dict[str, Any]:
    return {
        "target": locked.target.name,
        "suite": locked.suite.name,
        "glibc": format_version(locked.glibc) if locked.glibc else None,
        "libraries": list(locked.libraries),
        "packages": len(locked.packages),
    }


def _check(renewals: Sequence[tuple[LockedTarget, Request]], file: Path, work: _Work, *, as_json: bool) -> None:
    """Print what is newer, and end with 1 if anything is."""
    plans = [(locked, _planned(request, work)) for locked, request in renewals]
    found = [(locked, compare(locked, lock_of(plan).packages)) for locked, plan in plans]
    current = not any(is_behind(differences) for _, differences in found)
    complete = not any(plan.resolution and plan.resolution.warnings for _, plan in plans)
    if as_json:
        targets = [_check_as_json(locked, differences) for locked, differences in found]
        content = {"version": 1, "file": str(file), "current": current, "complete": complete, "targets": targets}
        work.output.json(content)
    elif rows := [_row(locked, difference) for locked, differences in found for difference in differences]:
        work.output.table(("TARGET", "PACKAGE", "LOCKED", "NEWEST", "FROM"), rows)
    if current:
        work.output.say(f"`{file}` has the newest {'there is' if complete else 'of what could be read'}")
    else:
        work.output.say("`xprov lock` takes what is newer")
        raise typer.Exit(1)


def _planned(request: Request, work: _Work) -> Plan:
    check_request(request)
    return rehearse(request, work.recipes(request), work.surroundings, work.output)


def _check_as_json(locked: LockedTarget, differences: Sequence[Difference]) -> dict[str, Any]:
    return {
        "target": locked.target.name,
        "suite": locked.suite.name,
        "differences": [difference.as_json() for difference in differences],
    }


def _row(locked: LockedTarget, difference: Difference) -> tuple[str, ...]:
    return (
        locked.target.name,
        difference.name,
        difference.locked or "-",
        difference.newest or "-",
        _origin(difference),
    )


def _origin(difference: Difference) -> str:
    match difference.change:
        case Change.GONE:
            return "no longer needed"
        case Change.OLDER:
            return f"{difference.part}, which is behind the lock"
        case _ if difference.security:
            return f"{difference.part}: security update"
        case _:
            return difference.part or ""
