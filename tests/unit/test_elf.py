"""ELF files of every target are read, and told apart."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.elf_builder import Shared, archive

from xprov.elf import (
    FileKind,
    VersionNeed,
    dynamic_symbols,
    dynamic_symbols_in,
    file_kind,
    fits,
    read_archive,
    read_elf,
    read_elf_in,
)
from xprov.errors import XprovError
from xprov.target import TARGETS, Libc, find_target

NAMES = tuple(target.debian for target in TARGETS if target.libc is Libc.GLIBC)


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_needs_and_is_called(name: str, tmp_path: Path) -> None:
    versions = {"libc.so.6": ("GLIBC_2.17", "GLIBC_2.34"), "libm.so.6": ("GLIBC_2.29",)}
    shared = Shared(target=name, soname="libx.so.1", needed=("libc.so.6", "libm.so.6"), versions=versions)
    found = read_elf(shared.write(tmp_path / "libx.so"))
    assert found.soname == "libx.so.1"
    assert found.name == "libx.so.1"
    assert found.needed == ("libc.so.6", "libm.so.6")
    assert found.version_needs == (
        VersionNeed(library="libc.so.6", versions=("GLIBC_2.17", "GLIBC_2.34")),
        VersionNeed(library="libm.so.6", versions=("GLIBC_2.29",)),
    )


@pytest.mark.parametrize("name", NAMES)
def test_fits_its_own_target_and_no_other(name: str, tmp_path: Path) -> None:
    found = read_elf(Shared(target=name).write(tmp_path / "libx.so"))
    assert [other for other in NAMES if fits(found, find_target(other).elf)] == [name]


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("armhf", 0x05000000),  # gold and every .o say nothing about floats
        ("armhf", 0x0),
        ("armel", 0x05000200),
        ("ppc64el", 0x0),
        ("riscv64", 0x0),  # data alone
        ("riscv64", 0x5),  # compressed instructions are no other ABI
        ("amd64", 0x7),
    ],
)
def test_flags_that_say_nothing_else_fit(name: str, flags: int, tmp_path: Path) -> None:
    assert fits(read_elf(Shared(target=name, flags=flags).write(tmp_path / "libx.so")), find_target(name).elf)


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("armhf", 0x05000200),  # soft float
        ("armhf", 0x04000400),  # EABI version 4
        ("armel", 0x05000400),  # hard float
        ("ppc64el", 0x1),  # ELFv1
        ("riscv64", 0x2),  # floats in registers, doubles not
    ],
)
def test_flags_that_contradict_do_not_fit(name: str, flags: int, tmp_path: Path) -> None:
    assert not fits(read_elf(Shared(target=name, flags=flags).write(tmp_path / "libx.so")), find_target(name).elf)


def test_symbols_are_told_apart_by_who_defines_them(tmp_path: Path) -> None:
    shared = Shared(defined=("snd_pcm_open", "snd_pcm_close"), undefined=("__time64",))
    found = dynamic_symbols(shared.write(tmp_path / "libx.so"))
    assert found.defined == {"snd_pcm_open", "snd_pcm_close"}
    assert found.undefined == {"__time64"}


def test_undefined_symbols_that_a_file_can_do_without_are_weak(tmp_path: Path) -> None:
    shared = Shared(undefined=("inflate",), weak=("__cxa_thread_atexit_impl",))
    found = dynamic_symbols(shared.write(tmp_path / "libx.so"))
    assert found.undefined == {"inflate", "__cxa_thread_atexit_impl"}
    assert found.weak == {"__cxa_thread_atexit_impl"}


@pytest.mark.parametrize("name", NAMES)
def test_says_where_it_has_the_loader_look(name: str, tmp_path: Path) -> None:
    shared = Shared(target=name, rpath="/opt/lib", runpath="$ORIGIN/../x.libs:$ORIGIN")
    found = read_elf(shared.write(tmp_path / "libx.so"))
    assert (found.rpath, found.runpath) == ("/opt/lib", "$ORIGIN/../x.libs:$ORIGIN")


def test_a_member_of_a_wheel_is_read_without_a_file_of_its_own() -> None:
    content = Shared(soname="libx.so.1", undefined=("f",)).content()
    assert read_elf_in(io.BytesIO(content), Path("pkg/libx.so")).soname == "libx.so.1"
    assert dynamic_symbols_in(io.BytesIO(content), Path("pkg/libx.so")).undefined == {"f"}
    with pytest.raises(XprovError, match=r"pkg/libx\.so. is not an intact"):
        read_elf_in(io.BytesIO(content[:70]), Path("pkg/libx.so"))


def test_described_names_class_order_machine_and_flags(tmp_path: Path) -> None:
    assert read_elf(Shared().write(tmp_path / "a")).described == "32-bit little-endian ARM, flags 0x5000400"
    assert read_elf(Shared(target="s390x").write(tmp_path / "b")).described == "64-bit big-endian S390"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (Shared().content(), FileKind.ELF),
        (archive(), FileKind.ARCHIVE),
        (b"!<thin>\n", FileKind.ARCHIVE),
        (b"GROUP ( libx.so.1 )\n", FileKind.TEXT),
        (b"", FileKind.OTHER),
        (b"\x1f\x8b\x08\x00", FileKind.OTHER),
    ],
)
def test_kind_is_told_by_the_first_bytes(content: bytes, kind: FileKind, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert file_kind(path) is kind


def test_archive_is_known_by_its_first_elf_member(tmp_path: Path) -> None:
    path = tmp_path / "libx.a"
    path.write_bytes(archive(("", b"symbol index"), ("odd", b"abc"), ("x.o", Shared(target="riscv64").content())))
    member = read_archive(path)
    assert member is not None
    assert member.machine == "EM_RISCV"


def test_archive_without_elf_members_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "libpthread.a"
    path.write_bytes(archive())
    assert read_archive(path) is None


@pytest.mark.parametrize("content", [b"!<arch>\nrubbish", archive(("x.o", b""))[:-3]])
def test_damaged_archive_is_an_error_that_names_it(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "libx.a"
    path.write_bytes(content)
    with pytest.raises(XprovError, match=r"libx\.a. is not an intact"):
        read_archive(path)


def _refusal(read: Callable[[Path], object], path: Path, content: bytes) -> str | None:
    """Return what `read` says about `content`, None when it takes it; any other error is the test's."""
    path.write_bytes(content)
    try:
        read(path)
    except XprovError as error:
        return error.message
    return None


@pytest.mark.parametrize("read", [read_elf, dynamic_symbols])
@pytest.mark.parametrize("name", ["armhf", "s390x"])
def test_truncated_file_is_an_error_that_names_it(name: str, read: Callable[[Path], object], tmp_path: Path) -> None:
    needs = {"libc.so.6": ("GLIBC_2.4",)}
    content = Shared(target=name, soname="libx.so.1", needed=("libc.so.6",), versions=needs, defined=("f",)).content()
    refusals = [_refusal(read, tmp_path / "libx.so", content[:length]) for length in range(0, len(content), 5)]
    assert all(refusal is not None and "libx.so" in refusal for refusal in refusals)


def test_damaged_file_is_read_or_an_error_that_names_it(tmp_path: Path) -> None:
    content = Shared(soname="libx.so.1", needed=("libc.so.6",), versions={"libc.so.6": ("GLIBC_2.4",)}).content()
    flipped = (content[:at] + bytes((content[at] ^ 0xFF,)) + content[at + 1 :] for at in range(0, len(content), 3))
    refusals = [_refusal(read_elf, tmp_path / "libx.so", damaged) for damaged in flipped]
    assert all("libx.so" in refusal for refusal in refusals if refusal is not None)
    assert any(refusals)


def test_version_needs_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    shared = Shared(versions={"libc.so.6": ("GLIBC_2.38",)}, sections=False)
    with pytest.raises(XprovError, match="lost its section headers"):
        read_elf(shared.write(tmp_path / "libx.so"))


def test_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(XprovError, match="nowhere"):
        read_elf(tmp_path / "nowhere")
