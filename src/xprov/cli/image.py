"""`xprov image`: an image in which build tools find libraries, with nothing to source."""

import os
from typing import Annotated, Optional

import typer

from xprov.cache import open_cache
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

Base = Annotated[
    Optional[str],  # noqa: UP045 - typer reads it at run time, on Python 3.10 too
    typer.Option(
        metavar="IMAGE", help="The image with the cross compiler. Otherwise maturin-action's for the target and tag."
    ),
]
Tag = Annotated[
    Optional[str],  # noqa: UP045 - see Base
    typer.Option("--tag", "-t", metavar="NAME", help="What the image is called: my/builder, my/builder:1."),
]
Print = Annotated[
    bool, typer.Option("--print", help="Print the Dockerfile that makes the image with `docker build`, and make none.")
]
Manylinux = Annotated[
    Optional[str],  # noqa: UP045 - see Base
    typer.Option(metavar="TAG", help="The wheel's tag, by which base and libraries are chosen: 2_28, 2014."),
]


def register(app: typer.Typer) -> None:
    """Make `app` the command."""
    epilog = examples(
        "xprov image armhf alsa dbus --base my/cross:1 --tag my/builder:1",
        'docker run --rm -v "$PWD:/io" -w /io my/builder:1 maturin build --release',
        "xprov image armhf --locked --manylinux 2_28 -t my/builder:1  exactly what xprov.lock says",
        "xprov image armhf --from Cargo.lock -t my/builder:1          what the project's crates bind",
        "xprov image armhf alsa --print > Dockerfile                  for docker build, without xprov",
    )
    app.command(epilog=epilog)(image)


def image(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    target: Target,
    libraries: Libraries = None,
    from_lock: From = None,
    base: Base = None,
    tag: Tag = None,
    print_: Print = False,  # noqa: FBT002 - typer's way to write a flag
    manylinux: Manylinux = None,
    toolchain: ToolchainOption = ToolchainName.AUTO,
    suite: SuiteOption = None,
    mirror: Mirror = None,
    keyring: KeyringOption = None,
    offline: Offline = False,  # noqa: FBT002
    locked: Locked = False,  # noqa: FBT002
    lock_file: LockFile = None,
) -> None:
    """Make an image in which build tools find libraries, with nothing to source."""
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
    if not request.libraries and not locked:
        raise UsageError(
            "missing argument 'LIBRARY...'", hint="`xprov list` prints the libraries, `--from Cargo.lock` finds them"
        )
    if (tag is None) is not print_:
        raise UsageError(
            "say how to call the image, or that its Dockerfile is wanted"
            if tag is None
            else "`--print` makes no image",
            hint="`--tag NAME`, or `--print`",
        )
    from xprov.cli.baking import Words, carry_out  # noqa: PLC0415 - slow to import: it speaks to an engine

    words = Words(base=base, tag=tag, locked=locked, lock_file=lock_file)
    carry_out(request, words, open_cache(os.environ), get_catalog(ctx), get_output(ctx))
