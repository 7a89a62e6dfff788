"""Package managers: which one a machine installs its own packages by, and how it spells them. Facts only.

Which one it is, the distribution says (os-release(5)) and PATH confirms: apt is found on systems of rpm too (ALT), and
dnf on Debian, where neither can install what the system is made of.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Family(str, Enum):
    """The kinds of packages, by what unpacks them and keeps the list of what is installed."""

    DPKG = "dpkg"
    RPM = "rpm"
    APK = "apk"


class PackageManager(str, Enum):
    """What fetches packages and installs them with all that they need; the value is what it is called."""

    APT = "apt"
    DNF = "dnf"
    MICRODNF = "microdnf"
    YUM = "yum"
    APK = "apk"

    @property
    def family(self) -> Family:
        match self:
            case PackageManager.APT:
                return Family.DPKG
            case PackageManager.DNF | PackageManager.MICRODNF | PackageManager.YUM:
                return Family.RPM
            case PackageManager.APK:
                return Family.APK

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs that have to be there for xprov to work with it."""
        match self:
            case PackageManager.APT:
                return ("apt-get", "dpkg")
            case PackageManager.DNF | PackageManager.MICRODNF | PackageManager.YUM:
                return (self.value, "rpm")
            case PackageManager.APK:
                return ("apk",)


APT_DISTRIBUTIONS = ("debian", "ubuntu")
"""The distributions whose archives xprov reads: os-release's ID, for a derivative the one whose archive it uses."""

# os-release's ID and ID_LIKE, as far as they tell the family; derivatives name one of these in ID_LIKE.
_FAMILIES = {
    **dict.fromkeys(APT_DISTRIBUTIONS, Family.DPKG),
    **dict.fromkeys(("fedora", "rhel", "centos", "almalinux", "rocky", "ol", "amzn"), Family.RPM),
    "alpine": Family.APK,
}


def find_package_manager(release: Mapping[str, str], find: Callable[[str], object]) -> PackageManager | None:
    """Return what installs the packages of the system that `release` (os-release's variables) is about.

    `find` returns the program of a name, or nothing. Of several the first of `PackageManager` is taken. None where the
    distribution is none that xprov knows, or what it has is not in PATH.
    """
    names = (release.get("ID", ""), *release.get("ID_LIKE", "").split())
    family = next((_FAMILIES[name] for name in names if name in _FAMILIES), None)
    own = (manager for manager in PackageManager if manager.family is family)
    return next((manager for manager in own if all(map(find, manager.programs))), None)


def version_of(release: Mapping[str, str]) -> str:
    """Return what a release without a codename goes by: `8`, `41`, `3.20`; empty where it says nothing.

    Alpine has a repository for each of its two first numbers, the others for the first.
    """
    numbers = release.get("VERSION_ID", "").split(".")
    return ".".join(numbers[: 2 if release.get("ID") == "alpine" else 1])


def spell(family: Family, module: str) -> str:
    """Return what packages provide that have the pkg-config module `module`, as the package manager is asked for it."""
    match family:
        case Family.RPM:
            return f"pkgconfig({module})"
        case Family.APK:
            return f"pc:{module}"
        case Family.DPKG:
            return module
