"""Facts about the machine that xprov runs on: read once, then given to the planner as plain data."""

import os
import platform
import shlex
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from xprov import process
from xprov.errors import UsageError
from xprov.target import find_target

# A distribution whose packages are those of another: os-release's ID, and whose names its suites go by.
_UBUNTU_CODENAME = "UBUNTU_CODENAME"


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """The machine or container that xprov runs in.

    `architecture` is Debian's name of it, `foreign` the further architectures that dpkg accepts. `distribution` is
    os-release's ID (`debian`, `ubuntu`; for a derivative the one whose archive it uses), `codename` its suite.
    `throwaway` says by what xprov knows that the machine is nobody's own (a container, a CI runner), or None.
    """

    architecture: str
    foreign: tuple[str, ...]
    distribution: str
    codename: str
    pretty_name: str
    is_root: bool
    has_apt: bool
    throwaway: str | None

    @property
    def suite(self) -> str:
        return f"{self.distribution}:{self.codename}"


def inspect_host(environ: Mapping[str, str]) -> Host:
    """Return the facts about this machine; asks dpkg, starts nothing else.

    Raises `UsageError` when the machine's architecture is in no row of the table of targets.
    """
    with ExitStack() as programs:
        return ask_host(environ, programs)()


def ask_host(environ: Mapping[str, str], programs: ExitStack, root: Path = Path("/")) -> Callable[[], Host]:
    """Start to ask, and return what waits for the answers and is `inspect_host` then. `programs` ends what runs."""
    has_apt = process.find("apt-get") is not None and process.find("dpkg") is not None
    options = ("--print-architecture", "--print-foreign-architectures") if has_apt else ()
    dpkg = [programs.enter_context(process.start(("dpkg", option))) for option in options]
    release = read_os_release(root)
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
            has_apt=has_apt,
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

    Ubuntu's derivatives name its suite in UBUNTU_CODENAME; others say whose they are in ID_LIKE (os-release(5)).
    """
    name, codename = release.get("ID", "linux"), release.get("VERSION_CODENAME", "")
    if name in {"debian", "ubuntu"}:
        return name, codename
    if _UBUNTU_CODENAME in release:
        return "ubuntu", release[_UBUNTU_CODENAME]
    if "debian" in release.get("ID_LIKE", "").split():
        return "debian", release.get("DEBIAN_CODENAME", codename)
    return name, codename


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


def _machine() -> str:
    try:
        return find_target(platform.machine()).debian
    except UsageError:
        raise UsageError(
            f"this machine is a `{platform.machine()}`, which xprov does not know",
            hint="xprov runs on the machines that `xprov targets` lists",
        ) from None
