"""Any name of a machine finds its target, and no name finds the wrong one."""

import pytest

from xprov.errors import UsageError
from xprov.target import TARGETS, ByteOrder, Libc, Target, find_target


@pytest.mark.parametrize(
    ("spelling", "debian"),
    [
        ("armhf", "armhf"),
        ("armv7", "armhf"),
        ("armv7l", "armhf"),
        ("armv7-unknown-linux-gnueabihf", "armhf"),
        ("arm-linux-gnueabihf", "armhf"),
        ("linux/arm/v7", "armhf"),
        ("aarch64", "arm64"),
        ("linux/arm64", "arm64"),
        ("aarch64-unknown-linux-gnu", "arm64"),
        ("arm-unknown-linux-gnueabi", "armel"),
        ("i686", "i386"),
        ("i586-unknown-linux-gnu", "i386"),
        ("x86_64", "amd64"),
        ("linux/amd64", "amd64"),
        ("powerpc64le-unknown-linux-gnu", "ppc64el"),
        ("s390x-ibm-linux-gnu", "s390x"),
        ("riscv64gc-unknown-linux-gnu", "riscv64"),
        ("loongarch64", "loong64"),
    ],
)
def test_any_spelling_finds_the_target(spelling: str, debian: str) -> None:
    found = find_target(spelling)

    assert (found.debian, found.libc) == (debian, Libc.GLIBC)


def test_neither_case_nor_blanks_matter() -> None:
    assert find_target(" AArch64 ") is find_target("arm64")


def test_a_musl_triple_finds_the_musl_target() -> None:
    found = find_target("armv7-unknown-linux-musleabihf")

    assert (found.libc, found.name) == (Libc.MUSL, "armv7-unknown-linux-musleabihf")


def test_a_name_that_says_nothing_about_libc_means_glibc() -> None:
    twins = [target for target in TARGETS if "aarch64" in (target.platform, target.qemu)]

    assert {target.libc for target in twins} == set(Libc)
    assert find_target("aarch64").libc is Libc.GLIBC


def test_no_name_stands_for_two_targets() -> None:
    names = [name for target in TARGETS for name in target.names]

    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_name_leads_back_to_its_target(target: Target) -> None:
    assert {find_target(name).name for name in (target.name, *target.names)} == {target.name}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_names_are_written_as_they_are_compared(target: Target) -> None:
    assert [name for name in target.names if name != name.lower()] == []


def test_only_s390x_is_big_endian() -> None:
    assert {target.debian for target in TARGETS if target.elf.order is ByteOrder.BIG} == {"s390x"}


def test_a_misspelt_target_is_told_the_nearest_and_all_there_are() -> None:
    with pytest.raises(UsageError, match="there is no target `armfh`") as caught:
        find_target("armfh")

    hint = caught.value.hint or ""
    assert "did you mean `armhf`" in hint
    assert all(target.debian in hint for target in TARGETS)


def test_a_machine_that_is_not_known_is_told_all_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        find_target("mips")

    assert "did you mean" not in (caught.value.hint or "")
    assert "s390x" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("x86_64", "x86_64-unknown-linux-musl"),
        ("amd64", "x86_64-unknown-linux-musl"),
        ("linux/amd64", "x86_64-unknown-linux-musl"),
        ("x86_64-linux-musl", "x86_64-unknown-linux-musl"),
        ("x86_64-linux-gnu", "x86_64-unknown-linux-gnu"),
        ("x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"),
        ("arm64", "aarch64-unknown-linux-gnu"),
        ("aarch64-unknown-linux-musl", "aarch64-unknown-linux-musl"),
    ],
)
def test_on_a_machine_of_musl_its_own_name_means_musl_unless_it_says_otherwise(spelling: str, expected: str) -> None:
    own = find_target("amd64").with_libc(Libc.MUSL)

    assert find_target(spelling, own).rust == expected
