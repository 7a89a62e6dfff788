"""Systems of rpm: what is asked, what the answers mean, what is installed."""

from pathlib import Path

import pytest

from xprov.errors import NetworkError, UnsatisfiableError, UsageError, VerificationError, XprovError
from xprov.package_manager import PackageManager
from xprov.rpm.answers import failure, not_found
from xprov.rpm.commands import install_command
from xprov.rpm.database import parse_installed
from xprov.rpm.repositories import enabled, read_repositories, repository_hint
from xprov.target import find_target

WANTED = ("pkgconfig(alsa)", "/usr/bin/pkg-config")


@pytest.mark.parametrize(
    ("manager", "expected"),
    [
        (PackageManager.DNF, "dnf install --assumeyes --setopt=install_weak_deps=0"),
        (PackageManager.MICRODNF, "microdnf install --assumeyes --setopt=install_weak_deps=0"),
        (PackageManager.YUM, "yum install --assumeyes --setopt=skip_missing_names_on_install=0"),
    ],
)
def test_each_package_manager_is_asked_for_all_or_nothing(manager: PackageManager, expected: str) -> None:
    assert install_command(manager, WANTED) == (*expected.split(), *WANTED)


def test_other_repositories_take_the_place_of_the_systems_own() -> None:
    command = install_command(PackageManager.YUM, WANTED, Path("/tmp/xprov-1"))  # noqa: S108 - nothing is written

    assert command[-3:] == ("--setopt=reposdir=/tmp/xprov-1", *WANTED)


def test_others_install_no_packages_of_rpm() -> None:
    with pytest.raises(UsageError, match="apk"):
        install_command(PackageManager.APK, WANTED)


DNF_UNREACHED = """\
Errors during downloading metadata for repository 'test':
  - Curl error (7): Couldn't connect to server for http://127.0.0.1:9/x/repodata/repomd.xml
Error: Failed to download metadata for repo 'test': Cannot download repomd.xml: All mirrors were tried
Ignoring repositories: test
No match for argument: pkgconfig(alsa)
Error: Unable to find a match: pkgconfig(alsa)
"""
YUM_UNREACHED = """\
Could not retrieve mirrorlist http://mirrors.example.org/?release=7&arch=x86_64&repo=os error was
14: curl#6 - "Could not resolve host: mirrors.example.org; Unknown error"
Cannot find a valid baseurl for repo: base/7/x86_64
"""
YUM_NO_MIRRORS = """\
http://mirror.example.org/7/os/x86_64/repodata/repomd.xml: [Errno 14] HTTP Error 404 - Not Found
Trying other mirror.
failure: repodata/repomd.xml from base: [Errno 256] No more mirrors to try.
"""
MICRODNF_UNREACHED = "error: cannot update repo 'test': Cannot download repomd.xml: Curl error (6)\n"
DNF_UNSIGNED = """\
Import of key(s) didn't help, wrong key(s)?
Public key for alsa-lib-1.2.10-2.el8.x86_64.rpm is not installed. Failing package is: alsa-lib-1.2.10-2.el8.x86_64
Error: GPG check FAILED
"""
YUM_WRONG_KEY = """\
The GPG keys listed for the "base" repository are already installed but they are not correct for this package.
Check that the correct key URLs are configured for this repository.
"""
DNF_CHECKSUM = """\
Package "alsa-lib-1.2.10-2.el8.x86_64" from local repository "test" has incorrect checksum
Error: Some packages from local repository have incorrect checksum
"""
DNF_UNMET = """\
Error:
 Problem: conflicting requests
  - nothing provides /bin/sh needed by pkgconf-pkg-config-2.28-251.el8.x86_64
(try to add '--skip-broken' to skip uninstallable packages)
"""
YUM_UNMET = """\
Error: Package: alsa-lib-devel-1.1.8-1.el7.x86_64 (base)
           Requires: libasound.so.2()(64bit)
 You could try using --skip-broken to work around the problem
"""
FULL = """\
Error Summary
-------------
Disk Requirements:
   At least 5MB more space needed on the / filesystem.
"""


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        (DNF_UNREACHED, NetworkError, "127.0.0.1:9"),
        (YUM_UNREACHED, NetworkError, "base/7/x86_64"),
        (YUM_NO_MIRRORS, NetworkError, "No more mirrors"),
        (MICRODNF_UNREACHED, NetworkError, "'test'"),
        (DNF_UNSIGNED, VerificationError, "Public key for alsa-lib"),
        (YUM_WRONG_KEY, VerificationError, '"base"'),
        (DNF_CHECKSUM, VerificationError, "incorrect checksum"),
        (DNF_UNMET, UnsatisfiableError, "nothing provides /bin/sh"),
        (YUM_UNMET, UnsatisfiableError, "Requires: libasound.so.2()(64bit)"),
        (FULL, XprovError, "the disk is full"),
        ("Error: something else\n", XprovError, "Error: something else"),
    ],
)
def test_an_answer_becomes_the_error_that_it_means(text: str, kind: type[XprovError], told: str) -> None:
    error = failure("dnf", text)

    assert type(error) is kind
    assert told in error.message


@pytest.mark.parametrize(
    "text",
    [
        "No match for argument: pkgconfig(x)\nError: Unable to find a match: pkgconfig(x)\n",
        "error: No package matches 'pkgconfig(x)'\n",
        "No package pkgconfig(x) available.\nError: Not tolerating missing names on install, stopping.\n",
        # dnf 5
        "Failed to resolve the transaction:\nNo match for argument: pkgconfig(x)\nYou can try:\n",
    ],
)
def test_what_no_repository_has_is_read_from_every_answer(text: str) -> None:
    assert not_found(text) == ("pkgconfig(x)",)
    assert isinstance(failure("dnf", text), UnsatisfiableError)


def test_a_mirror_that_was_left_for_another_is_not_what_failed() -> None:
    text = "[MIRROR] x.rpm: Curl error (28): Timeout was reached\nNo match for argument: pkgconfig(x)\n"

    assert isinstance(failure("dnf", text), UnsatisfiableError)


LISTED = """\
N\talsa-lib\tx86_64\t(none)\t1.2.10\t2.el8
R\trtld(GNU_HASH)
R\trtld(GNU_HASH)
P\talsa-lib
P\tlibasound.so.2()(64bit)
N\talsa-lib\ti686\t(none)\t1.2.10\t2.el8
P\tlibasound.so.2
N\tdbus-libs\tx86_64\t1\t1.12.8\t26.el8
P\tdbus-libs
N\tgpg-pubkey\t(none)\t(none)\t9dc542ac\t6b0b1a89
N\ttzdata\tnoarch\t0\t2026a\t1.el8
"""


def test_the_database_is_read_for_one_architecture_and_for_all() -> None:
    packages = parse_installed(LISTED, find_target("amd64"))

    assert [(package.name, package.version) for package in packages] == [
        ("alsa-lib", "1.2.10-2.el8"),
        ("dbus-libs", "1:1.12.8-26.el8"),
        ("tzdata", "2026a-1.el8"),
    ]
    assert packages[0].requires == ("rtld(GNU_HASH)",)
    assert packages[0].provides == ("alsa-lib", "libasound.so.2()(64bit)")


def test_a_32_bit_system_has_packages_of_several_processors() -> None:
    (package, *_) = parse_installed(LISTED, find_target("i386"))

    assert package.provides == ("libasound.so.2",)


@pytest.mark.parametrize(
    ("suite", "used", "parts"),
    [
        ("almalinux:8", ("baseos", "appstream"), ("--set-enabled powertools`", "epel-release`")),
        ("almalinux:8", ("baseos", "PowerTools", "epel"), ("dnf search",)),
        ("rocky:9", ("epel",), ("--set-enabled crb`",)),
        ("centos:7", ("base",), ("archive/epel/7/",)),
        ("rhel:9", (), ("codeready-builder-for-rhel-9",)),
        ("ol:8", (), ("ol8_codeready_builder",)),
        ("fedora:42", (), ("dnf search",)),
    ],
)
def test_where_else_to_look_depends_on_the_system_and_on_what_is_in_use(
    suite: str, used: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    hint = repository_hint(suite, "dnf", frozenset(used))

    assert all(part in hint for part in parts)
    assert hint.count("`") == 2 * len(parts)


def test_the_repositories_in_use_are_read_from_their_files(tmp_path: Path) -> None:
    (tmp_path / "a.repo").write_text("[base]\nname=$releasever - 100%\n[crb]\nenabled=0\n[epel]\nenabled = 1\n")
    (tmp_path / "b.repo").write_text("no section\n")
    (tmp_path / "c.repo.rpmsave").write_text("[old]\nname=x\n")

    assert enabled(read_repositories(tmp_path)) == {"base", "epel"}
    assert read_repositories(tmp_path / "nowhere") == {}
