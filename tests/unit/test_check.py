"""What is expected of a library is compared with what is in a view, and said in words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.elf_builder import Shared

from xprov.check import (
    Expectation,
    LibraryCheck,
    Linked,
    LinkResult,
    Report,
    check_libraries,
    describe,
    floor_warnings,
    read_libraries,
    time64_warning,
)
from xprov.process import Completed
from xprov.target import find_target

TARGET = find_target("armhf")
LIB = "usr/lib/arm-linux-gnueabihf"
ALSA = Expectation(
    library="alsa", modules=("alsa",), header="alsa/asoundlib.h", symbol="snd_pcm_open", link=("asound",)
)
BARE = replace(ALSA, modules=())


class Modules:
    """A pkg-config that knows modules and their flags."""

    def __init__(self, flags: Mapping[str, str]) -> None:
        self.flags = flags

    def __call__(self, arguments: Sequence[str]) -> Completed:
        modules = [word for word in arguments if not word.startswith("--")]
        if any(module not in self.flags for module in modules):
            return Completed(arguments=tuple(arguments), returncode=1, stdout="", stderr="no such module\n")
        answer = "1.2.8" if "--modversion" in arguments else " ".join(map(self.flags.__getitem__, modules))
        return Completed(arguments=tuple(arguments), returncode=0, stdout=f"{answer}\n", stderr="")


@pytest.fixture
def view(tmp_path: Path) -> Path:
    header = tmp_path / "usr/include/alsa/asoundlib.h"
    header.parent.mkdir(parents=True)
    header.touch()
    asound = Shared(
        soname="libasound.so.2",
        needed=("libc.so.6", "libhelp.so.1", "libz.so.1"),
        versions={"libc.so.6": ("GLIBC_2.4",)},
        defined=("snd_pcm_open",),
    )
    asound.write(tmp_path / LIB / "libasound.so.2")
    Shared(soname="libhelp.so.1", versions={"libc.so.6": ("GLIBC_2.34",)}).write(tmp_path / LIB / "libhelp.so.1")
    Shared(soname="libz.so.1", versions={"libc.so.6": ("GLIBC_2.38",)}).write(tmp_path / LIB / "libz.so.1")
    (tmp_path / LIB / "libasound.so").symlink_to("libasound.so.2")
    return tmp_path


def _check(view: Path, expectation: Expectation = ALSA, modules: Mapping[str, str] | None = None) -> LibraryCheck:
    pkg_config = Modules({"alsa": ""} if modules is None else modules)
    return check_libraries([expectation], view, TARGET, pkg_config=pkg_config).checks[0]


def test_what_is_there_is_found(view: Path) -> None:
    check = _check(view)
    assert check.ok
    assert check.label == "alsa 1.2.8"
    assert check.header == view / "usr/include/alsa/asoundlib.h"
    assert check.symbol_file == view / LIB / "libasound.so.2"
    assert check.link == LinkResult(linked=Linked.NOT_TRIED, why="not linked, for want of a C compiler")


def test_the_floor_is_that_of_all_that_the_library_needs_and_the_wheels_of_what_it_carries(view: Path) -> None:
    check = _check(view)
    assert check.floor is not None
    assert check.floor.why == "libz.so.1: GLIBC_2.38"
    assert check.wheel_needs.floor is not None
    assert check.wheel_needs.floor.why == "libhelp.so.1: GLIBC_2.34"
    assert [path.name for path in check.bundled] == ["libasound.so.2", "libhelp.so.1"]


def test_the_floor_of_a_report_is_the_highest(view: Path) -> None:
    check = _check(view)
    report = Report(checks=(replace(check, needs=replace(check.needs, floor=None)), check))
    assert report.floor == check.floor
    assert report.wheel_floor == check.wheel_needs.floor
    assert Report(checks=()).floor is None


def test_a_header_is_looked_for_where_the_module_says_first(view: Path) -> None:
    header = view / "usr/include/alsa-2/alsa/asoundlib.h"
    header.parent.mkdir(parents=True)
    header.touch()
    assert _check(view, modules={"alsa": f"-I{view}/usr/include/alsa-2"}).header == header


@pytest.mark.parametrize(
    ("expectation", "problem"),
    [
        (replace(ALSA, modules=("other",)), "pkg-config has no module `other`: no such module"),
        (replace(ALSA, header="none.h"), "the header `none.h` is not there"),
        (replace(ALSA, symbol="none"), "libasound.so does not export `none`"),
        (replace(ALSA, link=("none",)), "there is no libnone.so"),
    ],
)
def test_what_is_not_there_is_said(expectation: Expectation, problem: str, view: Path) -> None:
    check = _check(view, expectation)
    assert not check.ok
    assert check.problems == (problem,)


def test_a_symbol_that_is_wanted_is_not_one_that_is_offered(view: Path) -> None:
    Shared(undefined=("snd_pcm_open",)).write(view / LIB / "libasound.so.2")
    assert _check(view).symbol_file is None


def test_a_library_without_modules_is_checked_by_its_name(view: Path) -> None:
    assert _check(view, BARE, modules={}).ok


def test_a_linker_script_stands_for_the_libraries_it_names(view: Path) -> None:
    (view / LIB / "libasound.so").unlink()
    (view / LIB / "libasound.so").write_text("GROUP ( libasound.so.2 AS_NEEDED ( -lhelp ) )")
    (view / LIB / "libhelp.so").symlink_to("libhelp.so.1")
    names = [library.name for library in read_libraries(view, TARGET).linked("asound")]
    assert names == ["libasound.so.2", "libhelp.so.1"]


def test_linker_scripts_that_name_each_other_come_to_an_end(view: Path) -> None:
    (view / LIB / "liba.so").write_text("INPUT(-lb)")
    (view / LIB / "libb.so").write_text("INPUT(-la)")
    assert read_libraries(view, TARGET).linked("a") == ()


def test_what_the_linker_finds_comes_before_a_plugin_of_the_same_name(view: Path) -> None:
    Shared().write(view / LIB / "aaa" / "libasound.so.2")
    assert read_libraries(view, TARGET).paths["libasound.so.2"] == view / LIB / "libasound.so.2"


def test_a_line_about_a_library_tells_version_floor_and_tag(view: Path) -> None:
    assert describe(_check(view), TARGET) == (
        "alsa 1.2.8: glibc 2.38 (libz.so.1: GLIBC_2.38), manylinux_2_34, not linked, for want of a C compiler"
    )


def test_problems_follow_a_line_each(view: Path) -> None:
    lines = describe(_check(view, replace(ALSA, header="none.h", symbol="none")), TARGET).splitlines()
    assert lines[1:] == ["  the header `none.h` is not there", "  libasound.so does not export `none`"]


def test_only_what_a_wheel_carries_is_warned_about(view: Path) -> None:
    report = Report(checks=(_check(view),))
    assert floor_warnings(report, (2, 34), TARGET) == ()
    (text,) = floor_warnings(report, (2, 31), TARGET)
    assert text.startswith("alsa 1.2.8 needs glibc 2.34 (libhelp.so.1: GLIBC_2.34), your toolchain has 2.31")


@pytest.mark.parametrize(
    ("version", "words"),
    [("GLIBC_PRIVATE", "no manylinux tag is true for it"), ("GLIBC_ABI_NEW", "needs GLIBC_ABI_NEW of glibc")],
)
def test_what_no_version_tells_is_warned_about_whatever_the_toolchain_is(version: str, words: str, view: Path) -> None:
    Shared(soname="libhelp.so.1", versions={"libc.so.6": (version,)}).write(view / LIB / "libhelp.so.1")
    (text,) = floor_warnings(Report(checks=(_check(view),)), None, TARGET)
    assert "libhelp.so.1" in text
    assert words in text


@pytest.mark.parametrize("symbol", ["__clock_gettime64", "__fcntl_time64"])
def test_a_64_bit_time_is_seen_by_the_functions_that_are_wanted(symbol: str, view: Path) -> None:
    Shared(undefined=(symbol,), defined=("snd_pcm_open",)).write(view / LIB / "libasound.so.2")
    text = time64_warning([_check(view)], TARGET, "debian:trixie")
    assert text is not None
    assert text.startswith("debian:trixie's armhf libraries have a 64-bit time_t: alsa (libasound.so.2)")
    unknown = time64_warning([_check(view)], TARGET)
    assert unknown is not None
    assert unknown.startswith("these armhf libraries")


@pytest.mark.parametrize("symbol", ["__fxstat64", "fopen64", "__open64_2", "clock_gettime"])
def test_large_files_are_no_64_bit_time(symbol: str, view: Path) -> None:
    Shared(undefined=(symbol,), defined=("snd_pcm_open",)).write(view / LIB / "libasound.so.2")
    assert time64_warning([_check(view)], TARGET) is None


def test_a_64_bit_machine_is_not_warned_about_its_time(view: Path) -> None:
    Shared(undefined=("__time64",), defined=("snd_pcm_open",)).write(view / LIB / "libasound.so.2")
    assert time64_warning([_check(view)], find_target("arm64")) is None


def test_libraries_in_lib64_are_found_and_plugins_below_it_after_them(tmp_path: Path) -> None:
    amd64 = find_target("amd64")
    Shared(soname="libasound.so.2").write(tmp_path / "usr/lib64/plugins/libasound.so.2")
    Shared(soname="libasound.so.2").write(tmp_path / "usr/lib64/libasound.so.2")
    Shared(soname="libown.so.1").write(tmp_path / "usr/lib64/plugins/libown.so.1")

    paths = read_libraries(tmp_path, amd64).paths

    assert paths["libasound.so.2"] == tmp_path / "usr/lib64/libasound.so.2"
    assert paths["libown.so.1"] == tmp_path / "usr/lib64/plugins/libown.so.1"
