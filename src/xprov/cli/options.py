"""The options that say which libraries are meant, where from, and for what: of several commands, each written once."""

from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from xprov.archive.locations import Access
from xprov.cli.context import get_catalog, get_output
from xprov.cli.parameters import complete_library
from xprov.environment import View
from xprov.errors import UsageError
from xprov.glibc import Version, parse_version
from xprov.request import Method


class MethodName(str, Enum):
    """The words of `--method`."""

    AUTO = "auto"
    NATIVE = Method.NATIVE.value
    MULTIARCH = Method.MULTIARCH.value
    SYSROOT = Method.SYSROOT.value


class ViewName(str, Enum):
    """The words of `--view`."""

    AUTO = "auto"
    LIBS = "libs"
    FULL = "full"
    BOTH = "both"


class ToolchainName(str, Enum):
    """The words of `--toolchain`."""

    AUTO = "auto"
    ZIG = "zig"


Libraries = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads it at run time, on Python 3.10 too
    typer.Argument(
        metavar="LIBRARY",
        help="Libraries of `xprov list`. Those of the lock with --locked.",
        autocompletion=complete_library,
        show_default=False,
    ),
]

From = Annotated[
    Optional[Path],  # noqa: UP045 - see Libraries
    typer.Option(
        "--from",
        metavar="CARGO_LOCK",
        help="Take the libraries that the crates of this Cargo.lock bind, and those that are named.",
    ),
]
MethodOption = Annotated[
    MethodName,
    typer.Option(
        "--method",
        help="How the files arrive: the machine's own package manager installs them (native, multiarch), or they are"
        " unpacked below XPROV_HOME (sysroot).",
    ),
]
ViewOption = Annotated[
    ViewName,
    typer.Option(
        "--view",
        help="What compilers are pointed at: the libraries, or a full sysroot with libc. As the toolchain needs. `both`"
        " has the full one made beside it.",
    ),
]
ToolchainOption = Annotated[
    ToolchainName, typer.Option("--toolchain", help="What compiles and links: what is found here, or zig.")
]
Glibc = Annotated[
    Optional[str],  # noqa: UP045 - see Libraries
    typer.Option(metavar="VERSION", help="The newest glibc that libraries may need: 2.31."),
]
Manylinux = Annotated[
    Optional[str],  # noqa: UP045 - see Glibc
    typer.Option(metavar="TAG", help="The same, as a wheel's tag says it: 2_31, 2014."),
]
SuiteOption = Annotated[
    Optional[str],  # noqa: UP045 - see Glibc
    typer.Option(
        "--suite",
        metavar="SUITE",
        help="Take packages from this suite: debian:bullseye, ubuntu:22.04.",
    ),
]
Mirror = Annotated[
    Optional[str],  # noqa: UP045 - see Glibc
    typer.Option(
        metavar="URL",
        envvar="XPROV_MIRROR",
        help="An archive to ask: for a sysroot before all others, for apt where your own sources lack the target.",
    ),
]
KeyringOption = Annotated[
    Optional[Path],  # noqa: UP045 - see Glibc
    typer.Option("--keyring", metavar="FILE", help="OpenPGP keys that --mirror is signed by."),
]
Snapshot = Annotated[
    Optional[str],  # noqa: UP045 - see Glibc
    typer.Option(
        metavar="URL",
        envvar="XPROV_SNAPSHOT",
        help="Where packages are that have left their archive; Debian's and Ubuntu's are known.",
    ),
]
AllowExpired = Annotated[
    bool,
    typer.Option("--allow-expired", help="Take a mirror that lags behind its Valid-Until."),
]
Offline = Annotated[bool, typer.Option("--offline", help="Use what is in the cache, and nothing else.")]
KeepAll = Annotated[
    bool, typer.Option("--keep-all", help="Unpack all that packages hold, also what no build reads.", hidden=False)
]
LockOption = Annotated[
    bool,
    typer.Option("--lock", help="Write what was set up to xprov.lock, for --locked."),
]
Locked = Annotated[
    bool,
    typer.Option("--locked", help="Use exactly what xprov.lock says, and ask no index."),
]
LockFile = Annotated[
    Optional[Path],  # noqa: UP045 - see Libraries
    typer.Option("--lock-file", metavar="FILE", help="The lock, where it is not the project's xprov.lock."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the whole plan, and do nothing.")]
EnvFile = Annotated[
    Optional[Path],  # noqa: UP045 - see Glibc
    typer.Option(metavar="FILE", help="Write a file there too that does the same when it is sourced."),
]


def libraries_of(words: Iterable[str], lock: Path | None, ctx: typer.Context) -> tuple[str, ...]:
    """Return the libraries that were named, and those that `--from` finds; crates without a recipe are told of.

    Raises `UsageError` when the file cannot be read, or has no crate that binds a library of a recipe.
    """
    named = tuple(dict.fromkeys(words))
    if lock is None:
        return named
    from xprov.project.from_lock import find_libraries  # noqa: PLC0415 - of use with `--from` alone

    output, found = get_output(ctx), find_libraries(lock, get_catalog(ctx).recipes())
    for crate in found.without_recipe:
        output.warning(f"no recipe for {crate}")
    output.say(f"`{lock}` asks for {', '.join(found.libraries)}")
    return tuple(dict.fromkeys([*named, *found.libraries]))


def access_of(
    mirror: str | None, keyring: Path | None, snapshot: str | None, *, allow_expired: bool, offline: bool
) -> Access:
    """Return what the options say of how archives are read. Raises `UsageError` for an address that is none."""
    return Access(
        mirror=_url(mirror, "--mirror"),
        keyring=None if keyring is None else keyring.expanduser().absolute(),
        snapshot=_url(snapshot, "--snapshot"),
        allow_expired=allow_expired,
        offline=offline,
    )


def view_of(name: ViewName) -> View | None:
    """Return the view that `--view` has compilers pointed at, None where the toolchain decides."""
    return {ViewName.LIBS: View.LIBS, ViewName.FULL: View.FULL}.get(name)


def glibc_of(glibc: str | None, manylinux: str | None) -> Version | None:
    """Return the newest glibc that libraries may need, None where it was not said. Raises `UsageError`."""
    if glibc is not None and manylinux is not None:
        raise UsageError("`--glibc` and `--manylinux` say the same", hint="give one of them")
    word = glibc if glibc is not None else manylinux
    return None if word is None else parse_version(word)


def _url(text: str | None, option: str) -> str | None:
    if text is not None and not text.startswith(("http://", "https://")):
        raise UsageError(f"{option} `{text}` is no URL", hint="write it like http://ftp.debian.org/debian")
    return text or None
