"""The container of a package: what is one, and what only looks like one."""

import io

import pytest
from tests.unit.deb_builder import ar_member

from xprov.archive.ar import MemberReader, read_deb_members
from xprov.errors import VerificationError

MAGIC = b"!<arch>\n"
VERSION = ar_member("debian-binary", b"2.0\n")
CONTROL = ar_member("control.tar.xz", b"odd")
DATA = ar_member("data.tar.xz", b"data")
SOUND = MAGIC + VERSION + CONTROL + DATA


def test_the_members_of_a_package_are_found_with_the_padding_between_them_left_out() -> None:
    file = io.BytesIO(SOUND)

    members = read_deb_members(file, "example.deb")

    assert (members.control.name, MemberReader(file, members.control).read()) == ("control.tar.xz", b"odd")
    assert (members.data.name, MemberReader(file, members.data).read()) == ("data.tar.xz", b"data")


def test_a_member_is_read_to_its_end_and_not_beyond() -> None:
    file = io.BytesIO(SOUND)
    reader = MemberReader(file, read_deb_members(file, "example.deb").control)

    assert [reader.read(2), reader.read(2), reader.read(2)] == [b"od", b"d", b""]


WRONG = {
    "an empty file": (b"", "does not begin as an ar archive"),
    "another file": (b"PK\3\4" + SOUND, "does not begin as an ar archive"),
    "nothing in it": (MAGIC, "it holds nothing"),
    "no data": (MAGIC + VERSION + CONTROL, "it holds `debian-binary`, `control.tar.xz`"),
    "another order": (MAGIC + VERSION + DATA + CONTROL, "`data.tar.xz`, `control.tar.xz`"),
    "one more": (SOUND + ar_member("extra", b"") + ar_member("more", b""), "`extra`"),
    "two of one name": (MAGIC + VERSION + CONTROL + CONTROL + DATA, "two members `control.tar.xz`"),
    "two of one kind": (MAGIC + VERSION + CONTROL + DATA + ar_member("data.tar.gz", b""), "`data.tar.gz`"),
    "a slash in a name": (MAGIC + VERSION + ar_member("../control.tar", b"") + DATA, r"the name b'\.\./control"),
    "no name": (MAGIC + ar_member("", b"2.0\n") + CONTROL + DATA, "the name"),
    "a size that is larger than the file": (MAGIC + VERSION + ar_member("control.tar", b"", size=9_999), "ends within"),
    "a size that is no number": (MAGIC + VERSION + CONTROL.replace(b"3         `", b"-3        `") + DATA, "the size"),
    "another format": (MAGIC + ar_member("debian-binary", b"3.0\n") + CONTROL + DATA, "not known: b'3.0"),
    "a header that is cut off": (SOUND[: len(MAGIC) + len(VERSION) + 30], "ends within the header"),
    "content that is cut off": (SOUND[:-1], "ends within its member `data.tar.xz`"),
    "padding that is cut off": (MAGIC + VERSION + ar_member("control.tar", b"odd")[:-1], "cut off, or wrong, after"),
    "padding that is none": (SOUND.replace(b"odd\n", b"oddX"), "cut off, or wrong, after"),
    "garbage behind it": (SOUND + b"garbage", "something follows"),
    "much garbage behind it": (SOUND + b"garbage " * 20, "no member at byte"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_what_is_no_package_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(VerificationError, match=message) as caught:
        read_deb_members(io.BytesIO(content), "example.deb")

    assert "`example.deb`" in caught.value.message
