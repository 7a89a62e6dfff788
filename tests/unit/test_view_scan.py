"""What packages own is read from the disk as it lies, below any root, and never from outside of it."""

import os
from pathlib import Path

import pytest

from xprov.errors import XprovError
from xprov.target import find_target
from xprov.view import Entry, EntryKind, PackageTree, folder_tree, scan

TARGET = find_target("armhf")
LIB = "usr/lib/arm-linux-gnueabihf"


def _file(root: Path, path: str, content: str = "") -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)


def _link(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).symlink_to(text)


def _scan(root: Path, *paths: str) -> dict[str, Entry]:
    return {entry.path: entry for entry in scan([PackageTree(package="libx", root=root, paths=paths)], TARGET)}


@pytest.mark.parametrize(
    "path",
    [
        "usr/include/x.h",
        "usr/include/arm-linux-gnueabihf/x.h",
        f"{LIB}/libx.so.1",
        f"{LIB}/pkgconfig/x.pc",
        f"{LIB}/x-1.0/include/arch.h",
        f"{LIB}/cmake/X/XConfig.cmake",
        "usr/lib/libx.so.1",
        "usr/lib/libx.a",
        "usr/share/pkgconfig/x.pc",
        "usr/share/cmake/X/XConfig.cmake",
        "usr/share/eigen3/cmake/Eigen3Config.cmake",
    ],
)
def test_what_build_tools_read_is_kept(path: str, tmp_path: Path) -> None:
    _file(tmp_path, path)
    assert list(_scan(tmp_path, f"/{path}")) == [path]


@pytest.mark.parametrize(
    "path",
    [
        "usr/bin/x-config",
        "usr/share/doc/libx/copyright",
        "usr/share/man/man3/x.3.gz",
        "usr/share/locale/de/x.mo",
        "usr/lib/x/helper",
        "usr/lib/python3/dist-packages/x.py",
        "usr/lib/x86_64-linux-gnu/libx.so.1",
        "usr/include/aarch64-linux-gnu/asm/x.h",
        "usr/arm-linux-gnueabihf/lib/libc.so.6",
        "etc/x.conf",
    ],
)
def test_what_no_build_tool_reads_is_left_out(path: str, tmp_path: Path) -> None:
    _file(tmp_path, path)
    assert _scan(tmp_path, f"/{path}") == {}


@pytest.mark.parametrize(
    ("path", "target", "kept"),
    [
        ("usr/lib64/libx.so.1", "amd64", True),
        ("usr/lib64/pkgconfig/x.pc", "amd64", True),
        ("usr/lib64/x-1.0/include/arch.h", "arm64", True),
        ("usr/lib64/pkgconfig/x.pc", "i386", False),
        ("usr/lib/pkgconfig/x.pc", "i386", True),
        ("usr/lib/.build-id/20/06f5", "amd64", False),
    ],
)
def test_red_hats_systems_have_lib64_for_machines_of_64_bits(
    path: str,
    target: str,
    kept: bool,  # noqa: FBT001 - a column of the table above
    tmp_path: Path,
) -> None:
    _file(tmp_path, path)
    tree = PackageTree(package="libx", root=tmp_path, paths=(f"/{path}",))

    assert bool(scan([tree], find_target(target))) is kept


def test_a_library_in_lib_has_its_place_in_usr_lib(tmp_path: Path) -> None:
    _file(tmp_path, "lib/arm-linux-gnueabihf/libdbus-1.so.3")
    found = _scan(tmp_path, "/lib/arm-linux-gnueabihf/libdbus-1.so.3")
    assert found[f"{LIB}/libdbus-1.so.3"].source == tmp_path / "lib/arm-linux-gnueabihf/libdbus-1.so.3"


@pytest.mark.parametrize("text", ["usr/lib", "/usr/lib"])
def test_a_path_through_a_merged_root_is_found_where_it_lies(text: str, tmp_path: Path) -> None:
    _file(tmp_path, f"{LIB}/libx.so.1")
    _link(tmp_path, "lib", text)
    found = _scan(tmp_path, "/lib/arm-linux-gnueabihf/libx.so.1")
    assert found[f"{LIB}/libx.so.1"].source == tmp_path / LIB / "libx.so.1"


def test_a_link_tells_what_it_names_and_where_it_ends(tmp_path: Path) -> None:
    _file(tmp_path, f"{LIB}/blas/libblas.so.3.1")
    _link(tmp_path, "etc/alternatives/libblas", f"/{LIB}/blas/libblas.so.3.1")
    _link(tmp_path, f"{LIB}/libblas.so.3", "/etc/alternatives/libblas")
    entry = _scan(tmp_path, f"/{LIB}/libblas.so.3")[f"{LIB}/libblas.so.3"]
    assert (entry.kind, entry.target) == (EntryKind.LINK, "etc/alternatives/libblas")
    assert entry.final == tmp_path / LIB / "blas/libblas.so.3.1"
    assert entry.final_path == f"{LIB}/blas/libblas.so.3.1"


def test_a_relative_link_is_read_from_where_it_lies(tmp_path: Path) -> None:
    _file(tmp_path, "lib/arm-linux-gnueabihf/libz.so.1")
    _link(tmp_path, f"{LIB}/libz.so", "../../../lib/arm-linux-gnueabihf/libz.so.1")
    assert _scan(tmp_path, f"/{LIB}/libz.so")[f"{LIB}/libz.so"].target == f"{LIB}/libz.so.1"


@pytest.mark.parametrize("text", ["libx.so.1", "/nowhere", "libx.so"])
def test_a_link_that_leads_nowhere_or_in_a_circle_ends_nowhere(text: str, tmp_path: Path) -> None:
    _link(tmp_path, f"{LIB}/libx.so", text)
    assert _scan(tmp_path, f"/{LIB}/libx.so")[f"{LIB}/libx.so"].final is None


def test_links_never_lead_out_of_the_root(tmp_path: Path) -> None:
    _file(tmp_path, "outside")
    _file(tmp_path / "root", "usr/include/x.h")
    _link(tmp_path / "root", "usr/include/up.h", "../../../outside")
    _link(tmp_path / "root", "usr/include/absolute.h", str(tmp_path / "outside"))
    found = _scan(tmp_path / "root", "/usr/include/up.h", "/usr/include/absolute.h")
    assert [entry.final for entry in found.values()] == [None, None]
    assert found["usr/include/up.h"].target == "outside"


def test_a_path_that_leads_out_of_its_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(XprovError, match="leads out"):
        _scan(tmp_path, "/usr/include/../../../etc/passwd")


def test_what_is_listed_and_not_there_is_left_out(tmp_path: Path) -> None:
    assert _scan(tmp_path, "/usr/include/gone.h", "/usr/include/gone/x.h") == {}


def test_devices_and_pipes_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "usr/include").mkdir(parents=True)
    os.mkfifo(tmp_path / "usr/include/pipe.h")
    assert _scan(tmp_path, "/usr/include/pipe.h") == {}


def test_an_unpacked_package_is_listed_whole_and_sorted(tmp_path: Path) -> None:
    _file(tmp_path, "usr/include/b.h")
    _file(tmp_path, "usr/include/a.h")
    _link(tmp_path, "usr/lib", "/nowhere")
    assert folder_tree("libx", tmp_path).paths == (
        "usr",
        "usr/include",
        "usr/include/a.h",
        "usr/include/b.h",
        "usr/lib",
    )


def test_with_keep_all_what_no_build_reads_is_there_too(tmp_path: Path) -> None:
    paths = ("usr/include/x.h", "usr/share/doc/x/copyright", "etc/x.conf", "bin/x")
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    tree = PackageTree(package="libx", root=tmp_path, paths=paths)

    assert [entry.path for entry in scan([tree], TARGET)] == ["usr/include/x.h"]
    assert [entry.path for entry in scan([tree], TARGET, keep_all=True)] == list(paths)
