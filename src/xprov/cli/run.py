"""`xprov run`: a command in the container of a release job, from a laptop."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Optional

import typer

from xprov.cache import open_cache
from xprov.cli.behind import command_with, words_behind
from xprov.cli.context import get_catalog, get_output
from xprov.cli.options import (
    From,
    KeyringOption,
    Libraries,
    Locked,
    LockFile,
    Mirror,
    Offline,
    SuiteOption,
    ToolchainName,
    ToolchainOption,
    access_of,
    glibc_of,
    libraries_of,
)
from xprov.cli.parameters import Target, examples
from xprov.errors import UsageError
from xprov.request import Method, Request, check_request
from xprov.suite_choice import find_named_suite
from xprov.target import find_target

Manylinux = Annotated[
    Optional[str],  # noqa: UP045 - typer reads it at run time, on Python 3.10 too
    typer.Option(metavar="TAG", help="The wheel's tag, by which image and libraries are chosen: 2_28, 2014."),
]
ImageOption = Annotated[
    Optional[str],  # noqa: UP045 - see Manylinux
    typer.Option("--image", metavar="IMAGE", help="Another image than maturin-action's for that target and tag."),
]
Given = Annotated[
    Optional[list[str]],  # noqa: UP045 - see Manylinux
    typer.Option("-e", "--env", metavar="NAME[=VALUE]", help="A variable for the command, with this shell's value."),
]
Network = Annotated[
    Optional[str],  # noqa: UP045 - see Manylinux
    typer.Option("--network", metavar="NAME", help="A network of the engine's: host, none, ..."),
]
Inside = Annotated[
    bool,
    typer.Option("--inside", help="Have xprov provision in the container, as the before-script of a job does."),
]


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    epilog = examples(
        "xprov run armhf alsa -- maturin build --release",
        "xprov run arm64 --from Cargo.lock --manylinux 2_28 -- maturin build --release -i python3.12",
        "xprov run armhf --locked -- cargo test --no-run     exactly what xprov.lock says",
        "xprov run armhf alsa dbus -- bash                   look around",
        "xprov run arm64 alsa --image my/builder:1 -- make wheels",
    )
    app.command(cls=command_with("-- COMMAND..."), epilog=epilog)(run)


def run(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    target: Target,
    libraries: Libraries = None,
    from_lock: From = None,
    manylinux: Manylinux = None,
    image: ImageOption = None,
    inside: Inside = False,  # noqa: FBT002 - typer's way to write a flag
    env: Given = None,
    toolchain: ToolchainOption = ToolchainName.AUTO,
    suite: SuiteOption = None,
    mirror: Mirror = None,
    keyring: KeyringOption = None,
    offline: Offline = False,  # noqa: FBT002
    locked: Locked = False,  # noqa: FBT002
    lock_file: LockFile = None,
    network: Network = None,
) -> None:
    """Run a command in the container that a release job builds in, with libraries provisioned."""
    command = _command(ctx, target, libraries or ())
    request = Request(
        target=find_target(target),
        libraries=libraries_of(libraries or (), from_lock, ctx),
        method=Method.SYSROOT,
        suite=None if suite is None else find_named_suite(suite),
        glibc=glibc_of(None, manylinux),
        zig=toolchain is ToolchainName.ZIG,
        access=access_of(mirror, keyring, None, allow_expired=False, offline=offline),
    )
    check_request(request)
    given = _given(env or (), os.environ)
    from xprov.cli.running import Words, carry_out  # noqa: PLC0415 - slow to import: it speaks to an engine

    words = Words(
        command=command,
        image=image,
        given=given,
        network=network,
        inside=inside,
        options=_options(
            {"--manylinux": manylinux, "--suite": suite, "--mirror": mirror, "--lock-file": lock_file},
            {"--offline": offline, "--locked": locked, "--toolchain=zig": request.zig},
        ),
        locked=locked,
        lock_file=lock_file,
        terminal=sys.stdin.isatty() and sys.stdout.isatty(),
    )
    code = carry_out(request, words, Path.cwd(), open_cache(os.environ), get_catalog(ctx), get_output(ctx))
    raise typer.Exit(code)


def _command(ctx: typer.Context, target: str, libraries: Sequence[str]) -> tuple[str, ...]:
    """Return the words behind `--`. Raises `UsageError` when there are none."""
    command = words_behind(ctx)
    if not command:
        raise UsageError(
            "say behind `--` what to run", hint=f"`xprov run {target} {' '.join(libraries)} -- maturin build`"
        )
    return command


def _options(valued: Mapping[str, object], flags: Mapping[str, bool]) -> tuple[str, ...]:
    """Return the options as they are typed."""
    given = (f"{name}={value}" for name, value in valued.items() if value is not None)
    return (*given, *(name for name, is_set in flags.items() if is_set))


def _given(words: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that `--env` names; one without a value that is not set here is not set there either."""
    pairs = (word.partition("=") for word in words)
    return {name: value if equals else environ[name] for name, equals, value in pairs if equals or name in environ}
