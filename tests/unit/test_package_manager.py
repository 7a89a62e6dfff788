"""Which package manager a machine has: the distribution says, PATH confirms."""

import pytest

from xprov.package_manager import Family, PackageManager, find_package_manager, spell

DEBIAN = {"ID": "debian"}
MINT = {"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}
ALMALINUX = {"ID": "almalinux", "ID_LIKE": "rhel centos fedora"}
CENTOS = {"ID": "centos", "ID_LIKE": "rhel fedora"}
ALPINE = {"ID": "alpine"}


@pytest.mark.parametrize(
    ("release", "programs", "expected"),
    [
        (DEBIAN, "apt-get dpkg", PackageManager.APT),
        (MINT, "apt-get dpkg", PackageManager.APT),
        (DEBIAN, "dpkg", None),
        # Installed there, neither can do anything.
        (DEBIAN, "apt-get dpkg dnf rpm", PackageManager.APT),
        (ALMALINUX, "apt-get dpkg dnf rpm", PackageManager.DNF),
        (ALMALINUX, "dnf yum rpm", PackageManager.DNF),
        (ALMALINUX, "microdnf rpm", PackageManager.MICRODNF),
        (CENTOS, "yum rpm", PackageManager.YUM),
        (CENTOS, "rpm", None),
        (ALPINE, "apk", PackageManager.APK),
        ({"ID": "arch"}, "pacman", None),
        ({}, "dnf rpm", None),
    ],
)
def test_the_package_manager_is_the_distributions_own(
    release: dict[str, str], programs: str, expected: PackageManager | None
) -> None:
    there = {name: name for name in programs.split()}

    assert find_package_manager(release, there.get) is expected


@pytest.mark.parametrize(("family", "expected"), [(Family.RPM, "pkgconfig(dbus-1)"), (Family.APK, "pc:dbus-1")])
def test_a_module_is_spelled_as_packages_provide_it(family: Family, expected: str) -> None:
    assert spell(family, "dbus-1") == expected
