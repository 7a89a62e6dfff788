"""A view holds what a build needs, every link leads to something in it, what is wrong is said before."""

import errno
import os
import stat
from pathlib import Path

import pytest
from tests.unit.elf_builder import Shared, archive

from xprov.errors import XprovError
from xprov.target import find_target
from xprov.view import (
    PackageTree,
    Shape,
    ViewPlan,
    belongs,
    build_view,
    copy_file,
    link_file,
    packages_for,
    prepare_view,
)
from xprov.view.layout import is_kept, is_toolchain_library, is_toolchain_package

TARGET = find_target("armhf")
LIB = "usr/lib/arm-linux-gnueabihf"


class Packages:
    """Packages below one root, as they are where they were installed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.trees: dict[str, list[str]] = {}

    def file(self, package: str, path: str, content: bytes = b"") -> Path:
        place = self._own(package, path)
        place.write_bytes(content)
        return place

    def library(self, package: str, path: str, shared: Shared | None = None) -> Path:
        return self.file(package, path, (shared or Shared()).content())

    def link(self, package: str, path: str, text: str) -> Path:
        place = self._own(package, path)
        place.symlink_to(text)
        return place

    def unowned(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).symlink_to(text)

    def prepare(self, shape: Shape = Shape.LIBS) -> ViewPlan:
        trees = [PackageTree(package=name, root=self.root, paths=tuple(paths)) for name, paths in self.trees.items()]
        return prepare_view(trees, TARGET, shape)

    def build(self, shape: Shape = Shape.LIBS) -> Path:
        view = self.root.parent / "view"
        build_view(self.prepare(shape), view)
        return view

    def _own(self, package: str, path: str) -> Path:
        self.trees.setdefault(package, []).append(f"/{path}")
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    return Packages(tmp_path / "root")


def _links(plan: ViewPlan) -> dict[str, str]:
    return {link.path: link.target for link in plan.links}


def test_a_library_and_its_headers_are_there(packages: Packages) -> None:
    packages.library("libx1", f"{LIB}/libx.so.1.0")
    packages.link("libx1", f"{LIB}/libx.so.1", "libx.so.1.0")
    packages.link("libx-dev", f"{LIB}/libx.so", "libx.so.1")
    packages.file("libx-dev", "usr/include/x.h", b"int x(void);")
    view = packages.build()
    assert (view / "usr/include/x.h").read_bytes() == b"int x(void);"
    assert (view / LIB / "libx.so").readlink() == Path("libx.so.1")
    assert (view / LIB / "libx.so").resolve() == (view / LIB / "libx.so.1.0").resolve()


def test_the_view_is_merged_also_when_nothing_is_in_it(packages: Packages) -> None:
    view = packages.build()
    assert (view / "lib").readlink() == Path("usr/lib")
    assert [path for path in view.rglob("*") if not path.exists()] == []


def test_a_library_in_lib_is_found_in_both_places(packages: Packages) -> None:
    packages.library("libdbus-1-3", "lib/arm-linux-gnueabihf/libdbus-1.so.3.19")
    packages.link("libdbus-1-3", "lib/arm-linux-gnueabihf/libdbus-1.so.3", "libdbus-1.so.3.19")
    packages.link("libdbus-1-dev", f"{LIB}/libdbus-1.so", "/lib/arm-linux-gnueabihf/libdbus-1.so.3")
    view = packages.build()
    assert (view / LIB / "libdbus-1.so").readlink() == Path("libdbus-1.so.3")
    assert (view / "lib/arm-linux-gnueabihf/libdbus-1.so.3").is_file()


def test_a_link_from_before_the_merge_gives_way_to_its_file(packages: Packages) -> None:
    packages.link("libx-dev", f"{LIB}/libx.so.1", "/lib/arm-linux-gnueabihf/libx.so.1")
    packages.library("libx1", "lib/arm-linux-gnueabihf/libx.so.1")
    plan = packages.prepare()
    assert [copy.path for copy in plan.copies] == [f"{LIB}/libx.so.1"]
    assert plan.notes == ()


def test_absolute_links_become_relative(packages: Packages) -> None:
    packages.file("libx-dev", f"{LIB}/x/include/arch.h")
    packages.link("libx-dev", "usr/include/arch.h", f"/{LIB}/x/include/arch.h")
    assert _links(packages.prepare())["usr/include/arch.h"] == "../lib/arm-linux-gnueabihf/x/include/arch.h"


def test_a_link_to_a_folder_is_kept(packages: Packages) -> None:
    packages.file("libx-dev", "usr/include/x-2/x.h")
    packages.link("libx-dev", "usr/include/x", "x-2")
    view = packages.build()
    assert (view / "usr/include/x/x.h").is_file()


def test_a_file_below_a_folder_that_is_a_link_stands_where_that_leads(packages: Packages) -> None:
    packages.file("liba-dev", "usr/include/x-2/a.h")
    packages.link("liba-dev", "usr/include/x", "x-2")
    packages.trees["libb-dev"] = ["/usr/include/x/b.h"]
    (packages.root / "usr/include/x-2/b.h").write_text("")
    view = packages.build()
    assert (view / "usr/include/x").is_symlink()
    assert (view / "usr/include/x-2/b.h").is_file()


def test_links_across_packages_that_lie_apart_are_resolved(tmp_path: Path) -> None:
    (tmp_path / "dev" / LIB).mkdir(parents=True)
    (tmp_path / "dev" / LIB / "libx.so").symlink_to(f"/{LIB}/libx.so.1")
    Shared().write(tmp_path / "lib" / LIB / "libx.so.1")
    trees = [
        PackageTree(package="libx-dev", root=tmp_path / "dev", paths=(f"/{LIB}/libx.so",)),
        PackageTree(package="libx1", root=tmp_path / "lib", paths=(f"/{LIB}/libx.so.1",)),
    ]
    build_view(prepare_view(trees, TARGET), tmp_path / "view")
    assert (tmp_path / "view" / LIB / "libx.so").readlink() == Path("libx.so.1")


def test_an_alternative_becomes_a_link_to_where_it_ends(packages: Packages) -> None:
    packages.library("libblas3", f"{LIB}/blas/libblas.so.3")
    packages.unowned("etc/alternatives/libblas", f"/{LIB}/blas/libblas.so.3")
    packages.link("alternatives", f"{LIB}/libblas.so.3", "/etc/alternatives/libblas")
    packages.link("libblas-dev", f"{LIB}/libblas.so", "libblas.so.3")
    plan = packages.prepare()
    assert _links(plan)[f"{LIB}/libblas.so.3"] == "blas/libblas.so.3"
    assert plan.problems == ()


def test_a_link_to_a_file_of_no_package_becomes_its_copy(packages: Packages) -> None:
    (packages.root / "etc").mkdir(parents=True)
    (packages.root / "etc/x.h").write_text("int x;")
    packages.link("libx-dev", "usr/include/x.h", "/etc/x.h")
    view = packages.build()
    assert not (view / "usr/include/x.h").is_symlink()
    assert (view / "usr/include/x.h").read_text() == "int x;"


def test_a_library_whose_link_leads_nowhere_stops_the_build(packages: Packages) -> None:
    packages.link("libx-dev", f"{LIB}/libx.so", "libx.so.1")
    packages.file("libx-dev", f"{LIB}/libx.a", archive())
    plan = packages.prepare()
    with pytest.raises(XprovError, match=r"libx\.so of libx-dev leads to usr/lib/arm-linux-gnueabihf/libx\.so\.1"):
        build_view(plan, packages.root.parent / "view")
    assert not (packages.root.parent / "view").exists()


@pytest.mark.parametrize("path", ["usr/include/x.h", f"{LIB}/x/plugin.so", f"{LIB}/pkgconfig/x.pc"])
def test_another_link_that_leads_nowhere_is_left_out_and_noted(path: str, packages: Packages) -> None:
    packages.link("libx-dev", path, "gone")
    plan = packages.prepare()
    assert path not in _links(plan)
    assert plan.problems == ()
    assert any("gone" in note for note in plan.notes)


def test_links_in_a_circle_stop_the_build(packages: Packages) -> None:
    packages.link("libx-dev", f"{LIB}/libx.so", "liby.so")
    packages.link("libx-dev", f"{LIB}/liby.so", "libx.so")
    assert len(packages.prepare().problems) == 2


def test_the_toolchains_own_packages_stay_out_and_links_to_them(packages: Packages) -> None:
    packages.library("libc6", f"{LIB}/libc.so.6")
    packages.file("libc6-dev", "usr/include/stdio.h")
    packages.link("libx-dev", "usr/include/x.h", "stdio.h")
    plan = packages.prepare()
    assert plan.copies == ()
    assert plan.problems == ()
    assert any("the toolchain's own usr/include/stdio.h" in note for note in plan.notes)


def test_a_full_view_has_them(packages: Packages) -> None:
    packages.library("libc6", "lib/arm-linux-gnueabihf/libc.so.6")
    packages.file("libc6-dev", f"{LIB}/libc.so", b"GROUP ( /lib/arm-linux-gnueabihf/libc.so.6 )")
    view = packages.build(Shape.SYSROOT)
    assert (view / "lib/arm-linux-gnueabihf/libc.so.6").is_file()
    assert (view / LIB / "libc.so").read_text() == "GROUP ( /lib/arm-linux-gnueabihf/libc.so.6 )"


@pytest.mark.parametrize("other", ["amd64", "arm64", "armel"])
def test_a_library_for_another_machine_stops_the_build_and_is_named(other: str, packages: Packages) -> None:
    packages.library("libx1", f"{LIB}/libx.so.1", Shared(target=other))
    (problem,) = packages.prepare().problems
    assert f"{LIB}/libx.so.1 of libx1 is for another machine than armhf" in problem


def test_an_archive_for_another_machine_stops_the_build(packages: Packages) -> None:
    packages.file("libx-dev", f"{LIB}/libx.a", archive(("x.o", Shared(target="amd64").content())))
    (problem,) = packages.prepare().problems
    assert "64-bit little-endian X86_64" in problem


def test_a_damaged_library_stops_the_build(packages: Packages) -> None:
    packages.file("libx1", f"{LIB}/libx.so.1", Shared().content()[:60])
    (problem,) = packages.prepare().problems
    assert "libx.so.1" in problem


def test_a_library_that_lacks_another_stops_the_build(packages: Packages) -> None:
    packages.library("libx1", f"{LIB}/libx.so.1", Shared(needed=("liby.so.2", "libc.so.6", "ld-linux-armhf.so.3")))
    (problem,) = packages.prepare().problems
    assert "needs liby.so.2" in problem


def test_a_library_may_need_one_in_a_folder_of_its_own(packages: Packages) -> None:
    packages.library("libpulse0", f"{LIB}/libpulse.so.0", Shared(needed=("libpulsecommon-16.so",)))
    packages.library("libpulse0", f"{LIB}/pulseaudio/libpulsecommon-16.so")
    assert packages.prepare().problems == ()


def test_what_is_wrong_with_a_plugin_is_noted(packages: Packages) -> None:
    packages.library("libx1", f"{LIB}/x/plugin.so", Shared(needed=("liby.so.2",)))
    plan = packages.prepare()
    assert plan.problems == ()
    assert any("needs liby.so.2" in note for note in plan.notes)


def test_a_linker_script_names_its_files_without_folders_and_no_format(packages: Packages) -> None:
    packages.library("libbsd0", f"{LIB}/libbsd.so.0")
    script = f"/* /usr/bin/ld */\nOUTPUT_FORMAT(elf32-littlearm)\nGROUP(/{LIB}/libbsd.so.0 AS_NEEDED(-lmd))\n"
    packages.file("libbsd-dev", f"{LIB}/libbsd.so", script.encode())
    view = packages.build()
    assert (view / LIB / "libbsd.so").read_text().split() == [
        "GROUP(libbsd.so.0",
        "AS_NEEDED(-lmd))",
    ]


def test_a_linker_script_that_names_what_is_not_there_stops_the_build(packages: Packages) -> None:
    packages.file("libx-dev", f"{LIB}/libx.so", f"INPUT(/{LIB}/libx.so.1)".encode())
    (problem,) = packages.prepare().problems
    assert f"names /{LIB}/libx.so.1" in problem


def test_a_linker_script_without_folders_stays_as_it_is(packages: Packages) -> None:
    packages.library("libtinfo6", f"{LIB}/libncurses.so.6")
    packages.file("libncurses-dev", f"{LIB}/libncurses.so", b"/* kept */ INPUT(libncurses.so.6 -ltinfo)\n")
    assert (packages.build() / LIB / "libncurses.so").read_text() == "/* kept */ INPUT(libncurses.so.6 -ltinfo)\n"


def test_maturin_finds_the_targets_libraries_below_the_view(packages: Packages) -> None:
    view = packages.build()

    assert (view / "lib64").resolve() == (view / "usr/lib64").resolve() == view / LIB


def test_files_are_copies_with_sane_modes_and_their_time(packages: Packages) -> None:
    source = packages.file("libx-dev", "usr/include/x.h")
    source.chmod(0o4500)
    os.utime(source, ns=(10**18, 10**18))
    place = packages.build() / "usr/include/x.h"
    facts = place.stat()
    assert facts.st_ino != source.stat().st_ino
    assert facts.st_mode & 0o7777 == 0o755
    assert facts.st_mtime_ns == 10**18
    assert place.parent.stat().st_mode & 0o7777 == 0o755


def test_the_same_packages_make_the_same_view_in_any_order(packages: Packages) -> None:
    packages.library("libx1", f"{LIB}/libx.so.1")
    packages.link("libx-dev", f"{LIB}/libx.so", "libx.so.1")
    packages.file("liby-dev", "usr/include/y.h")
    first = packages.prepare()
    packages.trees = dict(reversed(packages.trees.items()))
    assert packages.prepare() == first


def test_how_files_are_placed_is_the_callers_choice(packages: Packages) -> None:
    source = packages.file("libx-dev", "usr/include/x.h")
    view = packages.root.parent / "view"
    build_view(packages.prepare(), view, place=lambda source, place: place.hardlink_to(source))
    assert (view / "usr/include/x.h").stat().st_ino == source.stat().st_ino


def test_progress_ends_with_the_last_file(packages: Packages) -> None:
    for number in range(60):
        packages.file("libx-dev", f"usr/include/{number}.h")
    told: list[str] = []
    build_view(packages.prepare(), packages.root.parent / "view", progress=told.append)
    assert told == ["50 of 60 files", "60 of 60 files"]


def test_a_full_disk_is_an_error_that_says_so(packages: Packages) -> None:
    def full(_source: Path, _place: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    packages.file("libx-dev", "usr/include/x.h")
    with pytest.raises(XprovError, match="no space is left") as caught:
        build_view(packages.prepare(), packages.root.parent / "view", place=full)
    assert "XPROV_HOME" in (caught.value.hint or "")


def test_a_source_that_is_gone_meanwhile_is_an_error_that_names_it(packages: Packages) -> None:
    source = packages.file("libx-dev", "usr/include/x.h")
    plan = packages.prepare()
    source.unlink()
    with pytest.raises(XprovError, match=r"x\.h"):
        build_view(plan, packages.root.parent / "view")


def test_a_copy_replaces_nothing_that_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "x.h").write_text("int x;")
    copy_file(tmp_path / "x.h", tmp_path / "y.h")
    assert (tmp_path / "y.h").read_text() == "int x;"


def test_a_file_is_linked_where_that_can_be(tmp_path: Path) -> None:
    (tmp_path / "x.h").write_text("int x;")
    (tmp_path / "x.h").chmod(0o644)
    link_file(tmp_path / "x.h", tmp_path / "y.h")
    assert (tmp_path / "y.h").samefile(tmp_path / "x.h")


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_a_file_is_copied_where_links_are_refused(code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_names: Path) -> None:
        raise OSError(code, os.strerror(code))

    (tmp_path / "x.h").write_text("int x;")
    (tmp_path / "x.h").chmod(0o755)
    monkeypatch.setattr(os, "link", refuse)
    link_file(tmp_path / "x.h", tmp_path / "y.h")
    assert (tmp_path / "y.h").read_text() == "int x;"
    assert not (tmp_path / "y.h").samefile(tmp_path / "x.h")
    assert (tmp_path / "y.h").stat().st_mode == (tmp_path / "x.h").stat().st_mode


def test_a_full_disk_is_no_reason_to_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_names: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "x.h").touch(0o644)
    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(OSError, match="space"):
        link_file(tmp_path / "x.h", tmp_path / "y.h")


@pytest.mark.parametrize(("mode", "wanted"), [(0o600, 0o644), (0o444, 0o644), (0o4755, 0o755), (0o700, 0o755)])
def test_a_file_of_another_mode_is_copied(mode: int, wanted: int, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    (tmp_path / "x").chmod(mode)
    link_file(tmp_path / "x", tmp_path / "y")
    assert stat.S_IMODE((tmp_path / "y").stat().st_mode) == wanted
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == mode


def test_of_a_link_the_file_is_copied(tmp_path: Path) -> None:
    (tmp_path / "x.h").write_text("int x;")
    (tmp_path / "link.h").symlink_to("x.h")
    link_file(tmp_path / "link.h", tmp_path / "y.h")
    assert not (tmp_path / "y.h").is_symlink()
    assert (tmp_path / "y.h").read_text() == "int x;"


@pytest.mark.parametrize(
    "name",
    [
        *("libc6", "libc6-dev", "libc6-dev-armhf-cross", "libc-dev-bin", "linux-libc-dev", "libgcc-s1", "libgcc1"),
        *("gcc-12-base", "libstdc++6", "libstdc++-12-dev", "libgcc-12-dev", "libatomic1-armhf-cross"),
        *("perl-base", "pkgconf", "sed", "sgml-base", "xml-core"),
        *("systemd", "dbus-user-session", "libgl1-mesa-dri", "fonts-dejavu-core", "libgtk-3-common"),
        *("adwaita-icon-theme", "gir1.2-gtk-3.0", "libglib2.0-dev-bin", "icu-devtools", "python3-distutils"),
    ],
)
def test_the_toolchains_own_packages_are_known(name: str) -> None:
    assert is_toolchain_package(name)


@pytest.mark.parametrize(
    "name",
    [
        *("libsystemd0", "libsystemd-dev", "systemd-dev", "libdbus-1-3", "libgl1", "libfontconfig1"),
        *("libglib2.0-dev", "libgirepository-1.0-1", "libicu-dev", "python3-dev"),
    ],
)
def test_the_libraries_beside_them_are_taken(name: str) -> None:
    assert not is_toolchain_package(name)


@pytest.mark.parametrize("shape", Shape)
def test_programs_are_in_no_view(shape: Shape, packages: Packages) -> None:
    packages.file("perl-base", f"{LIB}/perl-base/unicore/Name.pl")
    packages.file("python3", "usr/include/python3.h")
    packages.file("libpython3.11-dev", "usr/include/python3.11/Python.h")
    assert [copy.path for copy in packages.prepare(shape).copies] == ["usr/include/python3.11/Python.h"]


def test_what_another_system_calls_like_one_of_debians_programs_may_hold_a_library(tmp_path: Path) -> None:
    amd64 = find_target("amd64")
    Shared(target="amd64").write(tmp_path / "usr/lib64/libdbus-1.so.3")
    tree = PackageTree(package="dbus-libs", root=tmp_path, paths=("/usr/lib64/libdbus-1.so.3",), sifted=True)

    build_view(prepare_view([tree], amd64), tmp_path / "view")

    assert (tmp_path / "view/lib64/libdbus-1.so.3").is_file()


@pytest.mark.parametrize(
    "name", ["libcrypt1", "libcrypt-dev", "libgomp1", "libatomic1", "libcap2", "libc++1", "zlib1g"]
)
def test_libraries_that_a_wheel_has_to_carry_are_no_toolchain(name: str) -> None:
    assert not is_toolchain_package(name)


def test_the_toolchains_own_libraries_are_known_by_soname() -> None:
    assert is_toolchain_library("libc.so.6", TARGET)
    assert is_toolchain_library("libc.musl-armv7.so.1", find_target("armv7-unknown-linux-musleabihf"))
    assert is_toolchain_library("ld-linux-armhf.so.3", TARGET)
    assert not is_toolchain_library("ld-linux-armhf.so.3", find_target("arm64"))
    assert not is_toolchain_library("libcrypt.so.1", TARGET)
    assert not is_toolchain_library("libnsl.so.2", TARGET)


def test_what_no_other_compiler_can_use_of_gccs_own_folder_stays_out() -> None:
    gcc = "usr/lib/gcc/arm-linux-gnueabihf/12"

    kept = {name for name in _OF_GCC if is_kept(f"{gcc}/{name}", find_target("armhf"))}

    assert kept == {"crtbeginS.o", "libgcc.a", "libgcc_s.so", "libstdc++.so", "libatomic.so"}
    assert is_kept("usr/lib/gcc/i686-linux-gnu/12/libgcc.a", find_target("i386"))
    assert not is_kept("usr/lib/gcc/aarch64-linux-gnu/12/libgcc.a", find_target("armhf"))
    assert not is_kept("usr/lib/arm-linux-gnueabihf/gconv/UTF-16.so", find_target("armhf"))


_OF_GCC = (
    *("crtbeginS.o", "libgcc.a", "libgcc_s.so", "libstdc++.so", "libatomic.so"),
    *("libasan.a", "libasan.so", "liblsan_preinit.o", "cc1", "include/stddef.h", "plugin/gtype.state"),
)


@pytest.mark.parametrize(
    ("version", "package"),
    [
        ("12.2.0-14+deb12u1", "libstdc++-12-dev"),
        ("14.2.0-19", "libstdc++-14-dev"),
        ("5.4.0-6ubuntu1~16.04.12", "libstdc++-5-dev"),
        ("4.9.2-10+deb8u1", "libstdc++-4.9-dev"),
        ("10-20200411-0ubuntu1", "libstdc++-10-dev"),
    ],
)
def test_a_full_view_has_libc_and_the_cxx_library_that_fits_its_runtime(version: str, package: str) -> None:
    assert packages_for(Shape.SYSROOT, version) == ("libc6-dev", package)
    assert packages_for(Shape.LIBS, version) == ()


@pytest.mark.parametrize(
    ("package", "shapes"),
    [
        ("libasound2-dev", {Shape.SYSROOT, Shape.LIBS}),
        ("libc6-dev", {Shape.SYSROOT}),
        ("linux-libc-dev", {Shape.SYSROOT}),
        ("libstdc++-12-dev", {Shape.SYSROOT}),
        ("libgcc-s1", {Shape.SYSROOT}),
        ("libasan8", set[Shape]()),
        ("libc-dev-bin", set[Shape]()),
        ("perl-base", set[Shape]()),
    ],
)
def test_which_packages_belong_to_which_shape(package: str, shapes: set[Shape]) -> None:
    assert {shape for shape in Shape if belongs(package, shape)} == shapes
