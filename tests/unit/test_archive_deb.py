"""The files in a package: what is read, and each thing that none should hold."""

import lzma
import tarfile
from pathlib import Path

import pytest
from tests.unit.deb_builder import (
    COMPRESSIONS,
    CONTROL,
    Item,
    deb_bytes,
    folder,
    hard_link,
    link,
    tar_bytes,
    write_deb,
)

from xprov.archive.deb import DebMember, Limits, MemberKind, open_data, read_control
from xprov.archive.inflate import inflate
from xprov.errors import ToolMissingError, VerificationError, XprovError

HEADER = Item(path="./usr/include/a.h", content=b"int a;\n")


def read(deb: Path, limits: Limits | None = None) -> dict[str, tuple[DebMember, bytes]]:
    with open_data(deb, limits or Limits()) as reader:
        return {member.path: (member, b"".join(reader.content())) for member in reader}


def write(place: Path, content: bytes) -> Path:
    deb = place / "example.deb"
    deb.write_bytes(content)
    return deb


@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_every_compression_gives_the_same_files(suffix: str, tmp_path: Path) -> None:
    large = Item(path="./usr/lib/large.a", content=bytes(range(256)) * 4_000)

    found = read(write_deb(tmp_path, folder("./"), HEADER, large, suffix=suffix))

    assert {path: content for path, (_, content) in found.items()} == {
        "": b"",
        "usr/include/a.h": HEADER.content,
        "usr/lib/large.a": large.content,
    }


def test_the_kinds_of_members_are_told_apart(tmp_path: Path) -> None:
    program = Item(path="./usr/bin/a", content=b"a", mode=0o4755)

    found = read(
        write_deb(tmp_path, folder("./usr/"), program, link("./a", "/usr/bin/a"), hard_link("b", "./usr/bin/a"))
    )

    members = [member for member, _ in found.values()]
    assert [(member.path, member.kind, member.target) for member in members] == [
        ("usr", MemberKind.FOLDER, ""),
        ("usr/bin/a", MemberKind.FILE, ""),
        ("a", MemberKind.LINK, "/usr/bin/a"),
        ("b", MemberKind.HARD_LINK, "usr/bin/a"),
    ]
    assert members[1].runnable
    assert members[1].mtime == 1_700_000_000


def test_files_that_nobody_reads_are_passed_over(tmp_path: Path) -> None:
    deb = write_deb(tmp_path, Item(path="a", content=b"a" * 5_000), Item(path="b", content=b"b"))

    with open_data(deb) as reader:
        contents = [b"".join(reader.content()) for member in reader if member.path == "b"]

    assert contents == [b"b"]


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_long_links_are_read(form: int, tmp_path: Path) -> None:
    path = "/".join(["usr", "include", *["x" * 90] * 4, "a.h"])
    data = tar_bytes([Item(path=path, content=b"a"), link("a", path)], form=form)

    found = read(write(tmp_path, deb_bytes(data)))

    assert found[path][1] == b"a"
    assert found["a"][0].target == path


def test_a_name_that_is_not_utf_8_keeps_its_bytes(tmp_path: Path) -> None:
    path = b"usr/include/caf\xe9.h".decode(errors="surrogateescape")

    assert list(read(write_deb(tmp_path, Item(path=path)))) == [path]


def test_the_control_file_is_read(tmp_path: Path) -> None:
    assert read_control(write_deb(tmp_path, HEADER)) == CONTROL


def test_a_package_without_a_control_file_is_refused(tmp_path: Path) -> None:
    content = deb_bytes(b"", control=CONTROL).replace(b"control.tar.gz", b"control.tar   ")

    with pytest.raises(VerificationError, match="broken"):
        read_control(write(tmp_path, content))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(XprovError, match="No such file"):
        read(tmp_path / "missing.deb")


HOSTILE: dict[str, tuple[tuple[Item, ...], str]] = {
    "a path with ..": ((Item(path="usr/../../evil"),), "leads out of its folder"),
    "a path that is ..": ((folder(".."),), "leads out of its folder"),
    "an absolute path": ((Item(path="/etc/evil"),), "leads out of its folder"),
    "a file through a link": ((link("a", "/etc"), Item(path="a/evil")), "below a link"),
    "a file through a file": ((Item(path="a"), Item(path="a/b/evil")), "below a file"),
    "a folder over a link": ((link("a", "/etc"), folder("a"), Item(path="a/evil")), "twice"),
    "a link over a folder": ((Item(path="a/b"), link("a", "/etc")), "twice"),
    "a link that leads out": ((link("usr/a", "../../etc"),), "leads out"),
    "an absolute link that leads out": ((link("usr/a", "/../etc"),), "leads out"),
    "a link to nothing": ((link("usr/a", ""),), "no link can name"),
    "a hard link that leads out": ((hard_link("a", "../../etc/passwd"),), "leads out"),
    "an absolute hard link": ((hard_link("a", "/etc/passwd"),), "leads out"),
    "a hard link to what comes later": ((hard_link("a", "b"), Item(path="b")), "no file before it"),
    "a hard link to a link": ((link("b", "/etc/passwd"), hard_link("a", "b")), "no file before it"),
    "a device": ((Item(path="a", kind=tarfile.CHRTYPE),), "no file, folder or link"),
    "a block device": ((Item(path="a", kind=tarfile.BLKTYPE),), "no file, folder or link"),
    "a fifo": ((Item(path="a", kind=tarfile.FIFOTYPE),), "no file, folder or link"),
    "an unknown kind": ((Item(path="a", kind=b"Z"),), "no file, folder or link"),
    "two files of one name": ((Item(path="a"), Item(path="./a")), "`a` twice"),
    "a file as root": ((Item(path="./"),), "as no folder"),
    "a name that is too long": ((Item(path="a" * 300),), "too long"),
    "a path that is too long": ((Item(path="a/" * 600 + "b"),), "too long"),
}


@pytest.mark.parametrize(("items", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_member_that_no_package_should_have_is_refused(items: tuple[Item, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match=message):
        read(write_deb(tmp_path, *items))


def test_more_members_than_any_package_has_are_refused(tmp_path: Path) -> None:
    deb = write_deb(tmp_path, *(Item(path=f"a{number}") for number in range(20)))

    with pytest.raises(VerificationError, match="more than 19 members"):
        read(deb, Limits(members=19))


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(tmp_path: Path) -> None:
    deb = write_deb(tmp_path, Item(path="zeros", content=bytes(4 << 20)))
    assert deb.stat().st_size < 4_000

    with pytest.raises(VerificationError, match="unpacks to more than 1048576 bytes"):
        read(deb, Limits(ratio_from=1 << 20))


def test_more_than_a_package_may_hold_is_refused_whatever_it_was_packed_to(tmp_path: Path) -> None:
    deb = write_deb(tmp_path, Item(path="a", content=bytes(4 << 20)), suffix="")

    with pytest.raises(VerificationError, match="unpacks to more than 1000 bytes"):
        read(deb, Limits(total=1_000))


def test_a_header_that_claims_a_name_of_a_gigabyte_is_refused_before_it_is_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 30

    with pytest.raises(VerificationError, match="a header of 1073741824 bytes"):
        read(write(tmp_path, deb_bytes(info.tobuf(tarfile.GNU_FORMAT))))


def test_long_names_nested_without_end_are_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2
    nested = (info.tobuf(tarfile.GNU_FORMAT) + b"a".ljust(512, b"\0")) * 3_000

    with pytest.raises(VerificationError, match="broken tar"):
        read(write(tmp_path, deb_bytes(nested)))


def test_a_size_below_zero_is_refused(tmp_path: Path) -> None:
    data = bytearray(tar_bytes([Item(path="a"), Item(path="b")]))
    data[124:136] = b"\xff" * 11 + b"\x00"
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + 8 * 32 + sum(data[156:512]))

    with pytest.raises(VerificationError):
        read(write(tmp_path, deb_bytes(bytes(data))))


SOUND = tar_bytes([HEADER, Item(path="b", content=b"b" * 2_000)])
PACKED = lzma.compress(SOUND)
BROKEN = {
    "an empty tar": (b"", "", "broken or cut off"),
    "a tar cut off in a header": (SOUND[:1_200], "", "broken or cut off"),
    "a tar cut off in a file": (SOUND[:2_000], "", "ends within `b`"),
    "a tar without an end": (SOUND[: 512 * 7], "", "broken or cut off"),
    "a second header that is wrong": (SOUND[:1_100] + b"X" + SOUND[1_101:], "", "broken or cut off"),
    "garbage after a tar": (SOUND + b"garbage", "", "something after the end"),
    "an empty xz": (b"", ".xz", "is broken: it is cut off"),
    "an xz that is cut off": (PACKED[:-20], ".xz", "is broken: it is cut off"),
    "an xz with a wrong byte": (PACKED[:90] + bytes([PACKED[90] ^ 1]) + PACKED[91:], ".xz", "is broken"),
    "garbage after an xz": (PACKED + b"garbage", ".xz", "something follows its end"),
    "a gz that is cut off": (COMPRESSIONS[".gz"](SOUND)[:-4], ".gz", "is broken: it is cut off"),
    "a gz that is none": (PACKED, ".gz", "is broken"),
    "garbage after a gz": (COMPRESSIONS[".gz"](SOUND) + b"g", ".gz", "something follows its end"),
    "a compression that is not known": (PACKED, ".lz4", r"not known: `\.lz4`"),
}


@pytest.mark.parametrize(("data", "suffix", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_archive_is_refused(data: bytes, suffix: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match=message):
        read(write(tmp_path, deb_bytes(data, suffix=suffix)))


def test_without_anything_that_reads_zst_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xprov.archive.inflate._imported", lambda _module: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    with (tmp_path / "empty").open("w+b") as packed, pytest.raises(ToolMissingError) as caught:
        list(inflate(packed, "data.tar.zst", "example.deb", 1_000))

    assert "`pip install zstandard`" in (caught.value.hint or "")
