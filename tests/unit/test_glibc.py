"""The floor is the newest glibc asked for, and becomes a tag that maturin knows."""

from pathlib import Path

import pytest
from tests.unit.elf_builder import Shared

from xprov.elf import ElfFile, read_elf
from xprov.errors import UsageError
from xprov.glibc import (
    Version,
    floor_warning,
    format_tag,
    format_version,
    glibc_needs,
    is_bundled,
    lowest_tag,
    parse_version,
    read_version,
)
from xprov.target import find_target


def _library(folder: Path, name: str, *versions: str, library: str = "libc.so.6") -> ElfFile:
    return read_elf(Shared(soname=name, versions={library: versions}).write(folder / f"{name}.0.0"))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("2.31", (2, 31)),
        (" 2_31 ", (2, 31)),
        ("manylinux_2_31", (2, 31)),
        ("manylinux2014", (2, 17)),
        ("2014", (2, 17)),
        ("manylinux1", (2, 5)),
        ("2.5", (2, 5)),
    ],
)
def test_version_is_read_from_any_of_its_spellings(text: str, version: Version) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize("text", ["", "2", "two", "2.31.1", "manylinux", "musllinux_1_2", "-2.31", "2015"])
def test_what_is_no_version_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_version(text)
    assert "manylinux_2_31" in (caught.value.hint or "")


@pytest.mark.parametrize("version", [(2, 31), (2, 5), (2, 2, 5)])
def test_a_version_that_was_written_is_read_back(version: Version) -> None:
    assert read_version(format_version(version)) == version


def test_version_and_tag_are_written_as_glibc_and_pep_600_do() -> None:
    assert format_version((2, 31)) == "2.31"
    assert format_tag((2, 3, 4)) == "manylinux_2_3"


def test_floor_is_the_newest_as_numbers_and_names_who_asks(tmp_path: Path) -> None:
    files = [
        _library(tmp_path, "liba.so.1", "GLIBC_2.4", "GLIBC_2.9"),
        _library(tmp_path, "libb.so.1", "GLIBC_2.17", "GLIBC_2.3.4"),
    ]
    floor = glibc_needs(files).floor
    assert floor is not None
    assert floor.version == (2, 17)
    assert floor.file == tmp_path / "libb.so.1.0.0"
    assert floor.why == "libb.so.1: GLIBC_2.17"


def test_floor_counts_every_library_of_glibc_and_no_other(tmp_path: Path) -> None:
    files = [
        _library(tmp_path, "liba.so.1", "GLIBC_2.29", library="libm.so.6"),
        _library(tmp_path, "libb.so.1", "GLIBCXX_3.4.32", library="libstdc++.so.6"),
    ]
    floor = glibc_needs(files).floor
    assert floor is not None
    assert floor.version == (2, 29)


def test_files_that_ask_for_nothing_have_no_floor(tmp_path: Path) -> None:
    assert glibc_needs([]).floor is None
    assert glibc_needs([read_elf(Shared().write(tmp_path / "libx.so"))]).floor is None


def test_an_ability_of_the_loader_counts_as_the_release_that_has_it(tmp_path: Path) -> None:
    floor = glibc_needs([_library(tmp_path, "liba.so.1", "GLIBC_2.17", "GLIBC_ABI_DT_RELR")]).floor
    assert floor is not None
    assert floor.version == (2, 36)
    assert floor.why == "liba.so.1: GLIBC_ABI_DT_RELR"


def test_private_and_unknown_needs_are_told_and_are_no_version(tmp_path: Path) -> None:
    needs = glibc_needs([_library(tmp_path, "liba.so.1", "GLIBC_2.4", "GLIBC_PRIVATE", "GLIBC_ABI_TIME_TRAVEL")])
    assert needs.floor is not None
    assert needs.floor.version == (2, 4)
    assert needs.private == (tmp_path / "liba.so.1.0.0",)
    assert needs.unknown == ((tmp_path / "liba.so.1.0.0", "GLIBC_ABI_TIME_TRAVEL"),)


@pytest.mark.parametrize(
    ("floor", "target", "tag"),
    [
        ((2, 4), "armhf", "manylinux_2_17"),
        ((2, 4), "amd64", "manylinux_2_5"),
        ((2, 3, 4), "i386", "manylinux_2_5"),
        ((2, 6), "i386", "manylinux_2_12"),
        ((2, 17), "arm64", "manylinux_2_17"),
        ((2, 18), "arm64", "manylinux_2_24"),
        ((2, 29), "armhf", "manylinux_2_31"),
        ((2, 32), "s390x", "manylinux_2_34"),
        ((2, 38), "armhf", "manylinux_2_38"),
        ((2, 27), "riscv64", "manylinux_2_31"),
        ((2, 36), "loong64", "manylinux_2_36"),
        ((2, 17), "loong64", "manylinux_2_36"),
        ((2, 43), "arm64", "manylinux_2_43"),
        ((2, 4), "armel", "manylinux_2_5"),
    ],
)
def test_lowest_tag_is_one_that_the_policies_know(floor: Version, target: str, tag: str) -> None:
    assert lowest_tag(floor, find_target(target)) == tag


def test_warning_says_who_needs_what_and_what_maturin_will_do(tmp_path: Path) -> None:
    floor = glibc_needs([_library(tmp_path, "libasound.so.2", "GLIBC_2.38")]).floor
    assert floor is not None
    text = floor_warning("alsa 1.2.14", floor, (2, 31), find_target("armhf"))
    assert text == (
        "alsa 1.2.14 needs glibc 2.38 (libasound.so.2: GLIBC_2.38), your toolchain has 2.31: "
        "maturin refuses `--manylinux 2_31`; the lowest honest tag is manylinux_2_38"
    )


@pytest.mark.parametrize("toolchain", [(2, 29), (2, 31), (2, 29, 1)])
def test_a_toolchain_that_is_new_enough_is_not_warned_about(toolchain: Version, tmp_path: Path) -> None:
    floor = glibc_needs([_library(tmp_path, "libasound.so.2", "GLIBC_2.29")]).floor
    assert floor is not None
    assert floor_warning("alsa", floor, toolchain, find_target("armhf")) is None


def test_what_every_machine_has_is_not_bundled() -> None:
    assert not is_bundled("libz.so.1")
    assert is_bundled("libasound.so.2")
