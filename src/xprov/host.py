"""Facts about the machine that xprov runs on: read once, then given to the planner as plain data."""

import os
import platform
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from xprov import process
from xprov.errors import UsageError
from xprov.glibc import Version
from xprov.package_manager import PackageManager, find_package_manager, version_of
from xprov.records import dataclass
from xprov.target import Libc, Target, find_target

# A distribution whose packages are those of another: os-release's ID, and whose names its suites go by.
_UBUNTU_CODENAME = "UBUNTU_CODENAME"


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """The machine or container that xprov runs in.

    `architecture` is Debian's name of it, `foreign` the further architectures that dpkg accepts. `distribution` is
    os-release's ID (`debian`, `ubuntu`; for a derivative the one whose archive it uses), `codename` its suite, where
    there are no codenames the version. `package_manager` is what installs its packages, None where xprov knows none.
    `libc` is what this machine's programs are linked against, `glibc` the version where it is glibc.
    `throwaway` says by what xprov knows that the machine is nobody's own (a container, a CI runner), or None.
    """

    architecture: str
    foreign: tuple[str, ...]
    distribution: str
    codename: str
    pretty_name: str
    is_root: bool
    package_manager: PackageManager | None
    throwaway: str | None
    libc: Libc = Libc.GLIBC
    glibc: Version | None = None

    @property
    def suite(self) -> str:
        return f"{self.distribution}:{self.codename}" if self.codename else self.distribution

    @property
    def has_apt(self) -> bool:
        """Whether the machine's own packages are Debian's or Ubuntu's, and apt is there to install more."""
        return self.package_manager is PackageManager.APT


def inspect_host(environ: Mapping[str, str]) -> Host:
    """Return the facts about this machine; asks dpkg, starts nothing else.

    Raises `UsageError` when the machine's architecture is in no row of the table of targets.
    """
    with ExitStack() as programs:
        return ask_host(environ, programs)()


def ask_host(environ: Mapping[str, str], programs: ExitStack, root: Path = Path("/")) -> Callable[[], Host]:
    """Start to ask, and return what waits for the answers and is `inspect_host` then. `programs` ends what runs."""
    release = read_os_release(root)
    package_manager = find_package_manager(release, process.find)
    options = ("--print-architecture", "--print-foreign-architectures") if package_manager is PackageManager.APT else ()
    dpkg = [programs.enter_context(process.start(("dpkg", option))) for option in options]
    distribution, codename = distribution_of(release)

    def host() -> Host:
        own, foreign = [question.result().stdout.split() for question in dpkg] or ([_machine()], [])
        return Host(
            architecture=own[0],
            foreign=tuple(foreign),
            distribution=distribution,
            codename=codename,
            pretty_name=release.get("PRETTY_NAME", "an unknown system"),
            is_root=os.geteuid() == 0,
            package_manager=package_manager,
            libc=own_libc(root),
            glibc=own_glibc(),
            throwaway=throwaway_sign(environ, root),
        )

    return host


def read_os_release(root: Path = Path("/")) -> dict[str, str]:
    """Return the variables of os-release(5), which are shell assignments; empty where there is no such file."""
    for name in ("etc/os-release", "usr/lib/os-release"):
        path = root / name
        if path.is_file():
            words = shlex.split(path.read_text(encoding="utf-8", errors="replace"), comments=True)
            return dict(word.split("=", 1) for word in words if "=" in word)
    return {}


def distribution_of(release: Mapping[str, str]) -> tuple[str, str]:
    """Return the distribution whose archive the machine uses, and the suite's codename; empty where unknown.

    Ubuntu's derivatives name its suite in UBUNTU_CODENAME; others say whose they are in ID_LIKE (os-release(5)). What
    has no codenames goes by its version.
    """
    name, codename = release.get("ID", "linux"), release.get("VERSION_CODENAME", "")
    if name in {"debian", "ubuntu"}:
        return name, codename
    if _UBUNTU_CODENAME in release:
        return "ubuntu", release[_UBUNTU_CODENAME]
    if "debian" in release.get("ID_LIKE", "").split():
        return "debian", release.get("DEBIAN_CODENAME", codename)
    return name, codename or version_of(release)


def throwaway_sign(environ: Mapping[str, str], root: Path = Path("/")) -> str | None:
    """Return how xprov knows that this machine is thrown away after use, or None where it may be a person's own.

    Docker leaves /.dockerenv, Podman /run/.containerenv, systemd-nspawn, LXC and others set `container`; CI services
    set `CI`.
    """
    for mark, what in ((".dockerenv", "a Docker container"), ("run/.containerenv", "a Podman container")):
        if (root / mark).exists():
            return what
    if environ.get("container"):
        return f"a container ({environ['container']})"
    if environ.get("CI", "").lower() not in {"", "0", "false"}:
        return "a CI runner"
    return None


def own_glibc() -> Version | None:
    """Return the version of the glibc that this Python runs with, None where it runs with another libc."""
    try:
        told = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, OSError, ValueError):
        return None
    found = re.match(r"glibc ([0-9]+)\.([0-9]+)", told or "")
    return (int(found[1]), int(found[2])) if found else None


def own_libc(root: Path = Path("/")) -> Libc:
    """Return what the programs of this machine are linked against.

    Debian's package `musl` has that libc's loader too: where this Python runs with glibc, glibc it is.
    """
    is_musl = own_glibc() is None and any(root.glob("lib/ld-musl-*.so.1"))
    return Libc.MUSL if is_musl else Libc.GLIBC


def own_target() -> Target | None:
    """Return the target that is this machine itself, None where its architecture is in no row of the table."""
    try:
        return find_target(_own_machine()).with_libc(own_libc())
    except UsageError:
        return None


def _own_machine() -> str:
    """Return what `uname -m` would say to this Python's own kind: a 64-bit kernel runs 32-bit containers too."""
    narrow = {"x86_64": "i686", "aarch64": "armv7l"} if sys.maxsize < 1 << 32 else {}
    return narrow.get(platform.machine(), platform.machine())


def _machine() -> str:
    try:
        return find_target(_own_machine()).debian
    except UsageError:
        raise UsageError(
            f"this machine is a `{platform.machine()}`, which xprov does not know",
            hint="xprov runs on the machines that `xprov targets` lists",
        ) from None
