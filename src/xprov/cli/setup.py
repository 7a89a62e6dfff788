"""`xprov setup`: make libraries available for a target."""

import os

import typer

from xprov.cli.options import (
    AllowExpired,
    DryRun,
    EnvFile,
    From,
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
    libraries_of,
    view_of,
)
from xprov.cli.parameters import Json, Target, examples
from xprov.errors import UsageError
from xprov.host import own_target
from xprov.inquiry import inquire
from xprov.request import Method, Request, check_request
from xprov.suite_choice import find_named_suite
from xprov.target import find_target


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    epilog = examples(
        "xprov setup armhf alsa dbus                   two libraries for 32-bit ARM",
        "xprov setup aarch64 openssl --dry-run         see what would be done, and do nothing",
        "xprov setup armhf alsa --manylinux 2_31       for wheels with that tag",
        "xprov setup armhf alsa --suite debian:bullseye",
        "xprov setup armhf --from Cargo.lock           what the project's crates bind",
        "xprov setup armhf --locked                    exactly what xprov.lock says",
        "xprov setup linux/arm/v7 alsa --json          the result for a program to read",
    )
    app.command(epilog=epilog)(setup)


def setup(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    target: Target,
    libraries: Libraries = None,
    from_lock: From = None,
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
    request = Request(
        target=find_target(target, own_target()),
        libraries=libraries_of(libraries or (), from_lock, ctx),
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
    _check_lock(request, lock=lock, locked=locked)
    with inquire(request.target, os.environ, zig=request.zig) as inquiry:
        # Imported while the programs answer: either takes a tenth of a setup that finds all there.
        from xprov.cli.setting_up import Words, carry_out  # noqa: PLC0415

        words = Words(lock=lock, locked=locked, lock_file=lock_file, dry_run=dry_run, env_file=env_file, json=json)
        carry_out(request, words, inquiry, ctx)


def _check_lock(request: Request, *, lock: bool, locked: bool) -> None:
    if lock and locked:
        raise UsageError("`--lock` writes the lock and `--locked` obeys it", hint="leave one of the two out")
    if not request.libraries and not locked:
        raise UsageError(
            "missing argument 'LIBRARY...'", hint="`xprov list` prints the libraries, `--from Cargo.lock` finds them"
        )
    if (lock or locked) and request.method not in (None, Method.SYSROOT):
        raise UsageError(
            f"a lock is for method `sysroot`: with `{request.method.value}` the machine's package manager decides",
            hint="leave one of the two out",
        )
