"""dpkg's database is read below any root, and dependencies are followed as dpkg would."""

from pathlib import Path

import pytest

from xprov.apt.dpkg import (
    InstalledPackage,
    Relation,
    alternative_links,
    closure,
    owned_paths,
    package_from_fields,
    read_installed,
)
from xprov.errors import UnsatisfiableError, XprovError

STATUS = """\
Package: libasound2-dev
Status: install ok installed
Architecture: armhf
Multi-Arch: same
Source: alsa-lib (1.2.8-1)
Version: 1.2.8-1+b1
Provides: libasound-dev
Depends: libasound2 (= 1.2.8-1+b1), perl:any | perl5,
 libfoo-dev [linux-any]
Description: headers
 .
 Package: not a field

Package: libasound2-dev
Status: install ok installed
Architecture: amd64
Version: 1.2.8-1+b1

Package: libasound2-data
Status: hold ok installed
Architecture: all
Version: 1.2.8-1

Package: libgone
Status: deinstall ok config-files
Architecture: armhf
Version: 1

Package: libwaiting
Status: install ok triggers-pending
Architecture: armhf
Version: 1
"""


LIB = "/usr/lib/arm-linux-gnueabihf"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "var/lib/dpkg/info").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS)
    return tmp_path


def _package(name: str, *depends: str, provides: str = "", version: str = "1", arch: str = "armhf") -> InstalledPackage:
    fields = {"Package": name, "Architecture": arch, "Version": version, "Depends": ", ".join(depends)}
    return package_from_fields({**fields, "Provides": provides})


def _names(packages: tuple[InstalledPackage, ...]) -> list[str]:
    return [package.name for package in packages]


def test_installed_are_those_of_the_architecture_and_of_all_whose_files_are_there(root: Path) -> None:
    found = read_installed(root, "armhf")
    assert [package.described for package in found] == [
        "libasound2-dev:armhf",
        "libasound2-data:all",
        "libwaiting:armhf",
    ]


def test_a_stanza_is_understood(root: Path) -> None:
    package = read_installed(root, "armhf")[0]
    assert (package.version, package.source, package.multi_arch) == ("1.2.8-1+b1", "alsa-lib", "same")
    assert package.provides == (Relation(name="libasound-dev"),)
    assert package.depends == (
        (Relation(name="libasound2", operator="=", version="1.2.8-1+b1"),),
        (Relation(name="perl"), Relation(name="perl5")),
        (Relation(name="libfoo-dev"),),
    )


def test_a_system_without_dpkg_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(XprovError, match="status"):
        read_installed(tmp_path, "armhf")


def test_a_stanza_without_its_name_is_an_error() -> None:
    with pytest.raises(XprovError, match="Package"):
        package_from_fields({"Architecture": "armhf"})


def test_closure_follows_what_is_installed_and_leaves_the_rest_to_the_host() -> None:
    installed = [
        _package("libx-dev", "libx1 (= 1)", "pkg-config", "xproto-dev"),
        _package("libx1", "libc6 (>= 2.4)"),
        _package("libc6", "libgcc-s1", version="2.36"),
        _package("libgcc-s1"),
        _package("xproto-dev", arch="all"),
        _package("unrelated"),
    ]
    assert _names(closure(installed, ["libx-dev"])) == ["libc6", "libgcc-s1", "libx-dev", "libx1", "xproto-dev"]


def test_closure_stops_where_it_is_told_with_all_that_lies_behind() -> None:
    installed = [_package("libx1", "libc6"), _package("libc6", "libcrypt1"), _package("libcrypt1")]
    assert _names(closure(installed, ["libx1"], stop="libc6".__eq__)) == ["libx1"]


def test_closure_keeps_what_a_library_needs_also_where_libc_needs_it_too() -> None:
    installed = [_package("libpam0g", "libc6", "libcrypt1"), _package("libc6", "libcrypt1"), _package("libcrypt1")]
    assert _names(closure(installed, ["libpam0g"], stop="libc6".__eq__)) == ["libcrypt1", "libpam0g"]


def test_closure_ends_where_dependencies_go_round() -> None:
    installed = [_package("a", "b"), _package("b", "a")]
    assert _names(closure(installed, ["a"])) == ["a", "b"]


def test_the_alternative_that_is_installed_is_taken() -> None:
    installed = [_package("a", "libjack0 | libjack-jackd2-0"), _package("libjack-jackd2-0")]
    assert _names(closure(installed, ["a"])) == ["a", "libjack-jackd2-0"]


def test_a_real_package_comes_before_one_that_provides_the_name() -> None:
    installed = [_package("a", "mail"), _package("mail"), _package("postfix", provides="mail")]
    assert _names(closure(installed, ["a"])) == ["a", "mail"]


def test_a_provider_is_found_where_there_is_no_real_package() -> None:
    installed = [_package("a", "libasound2 (>= 1.1)"), _package("libasound2t64", provides="libasound2 (= 1.2)")]
    assert _names(closure(installed, ["a"])) == ["a", "libasound2t64"]


@pytest.mark.parametrize("offer", ["libasound2 (= 1.0)", "libasound2"])
def test_a_provider_in_no_version_or_an_older_one_does_not_satisfy_a_wish_for_a_version(offer: str) -> None:
    installed = [_package("a", "libasound2 (>= 1.1)"), _package("libasound2t64", provides=offer)]
    assert _names(closure(installed, ["a"])) == ["a"]


@pytest.mark.parametrize(
    ("wish", "found"),
    [(">= 1.0", True), ("<< 1.0", False), (">> 1.0~rc1", True), ("<= 1.0", True), ("= 1.0-1", False), ("= 1.0", True)],
)
def test_versions_are_compared_in_debians_order(wish: str, found: bool) -> None:  # noqa: FBT001 - a table's column
    installed = [_package("a", f"b ({wish})"), _package("b", version="1.0")]
    assert ("b" in _names(closure(installed, ["a"]))) is found


def test_a_root_may_be_a_name_that_another_provides() -> None:
    assert _names(closure([_package("libasound2-dev", provides="libasound-dev")], ["libasound-dev"])) == [
        "libasound2-dev"
    ]


def test_a_root_that_is_not_installed_is_an_error_that_names_it() -> None:
    with pytest.raises(UnsatisfiableError, match="libnone-dev"):
        closure([], ["libnone-dev"])


def test_paths_come_from_the_list_of_the_architecture_first(root: Path) -> None:
    info = root / "var/lib/dpkg/info"
    (info / "libx:armhf.list").write_text("/.\n/usr\n/usr/lib/a b\n")
    (info / "libx.list").write_text("/wrong\n")
    assert owned_paths(root, _package("libx")) == ("/usr", "/usr/lib/a b")


def test_paths_of_a_package_that_stands_alone_are_found_too(root: Path) -> None:
    (root / "var/lib/dpkg/info/libx.list").write_text("/.\n/usr\n")
    assert owned_paths(root, _package("libx")) == ("/usr",)


def test_a_package_without_a_list_is_an_error_that_says_how_to_get_one(root: Path) -> None:
    with pytest.raises(XprovError, match="libx:armhf") as caught:
        owned_paths(root, _package("libx"))
    assert "--reinstall libx:armhf" in (caught.value.hint or "")


def _offer(root: Path, end: str, name: str, *further: str) -> None:
    """Have update-alternatives offer links, as dpkg's packages of BLAS do: the folder `end` holds what they lead to."""
    database, links = root / "var/lib/dpkg/alternatives", root / "etc/alternatives"
    library = root / LIB.lstrip("/")
    for folder in (database, links, library / end):
        folder.mkdir(parents=True, exist_ok=True)
    for each in (name, *further):
        (library / end / each).touch()
        (links / each).symlink_to(f"{LIB}/{end}/{each}")
        (library / each).symlink_to(f"/etc/alternatives/{each}")
    there, ends = ([f"{LIB}/{place}{each}" for each in (name, *further)] for place in ("", f"{end}/"))
    lines = ["auto", there[0], *(line for each in zip(further, there[1:], strict=True) for line in each), ""]
    (database / name).write_text("\n".join([*lines, ends[0], "10", *ends[1:], "", ""]))


def test_alternatives_are_read_with_their_further_links(root: Path) -> None:
    _offer(root, "blas", "libblas.so.3", "libblas.so")

    owned = [f"{LIB}/blas/libblas.so.3", f"{LIB}/blas/libblas.so"]
    assert alternative_links(root, owned) == (f"{LIB}/libblas.so.3", f"{LIB}/libblas.so")


def test_alternatives_of_packages_that_are_not_asked_for_are_left_out(root: Path) -> None:
    _offer(root, "blas", "libblas.so.3")
    _offer(root, "lapack", "liblapack.so.3")

    assert alternative_links(root, [f"{LIB}/blas/libblas.so.3"]) == (f"{LIB}/libblas.so.3",)


def test_an_alternative_that_leads_by_another_one_or_in_circles_is_followed_to_its_end(root: Path) -> None:
    _offer(root, "blas", "libblas.so.3")
    _offer(root, "lapack", "liblapack.so.3")
    (root / "etc/alternatives/liblapack.so.3").unlink()
    (root / "etc/alternatives/liblapack.so.3").symlink_to(f"../..{LIB}/libblas.so.3")

    owned = [f"{LIB}/blas/libblas.so.3"]
    assert alternative_links(root, owned) == (f"{LIB}/libblas.so.3", f"{LIB}/liblapack.so.3")
    (root / "etc/alternatives/libblas.so.3").unlink()
    (root / "etc/alternatives/libblas.so.3").symlink_to(f"{LIB}/liblapack.so.3")
    assert alternative_links(root, owned) == ()


def test_a_system_without_alternatives_has_none(root: Path) -> None:
    assert alternative_links(root, ["/usr"]) == ()
