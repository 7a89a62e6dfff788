"""Read the container of a `.deb`: an ar archive of three members, as deb(5) and ar(5) describe it, and nothing else."""

import os
import re
from collections.abc import Iterator
from typing import IO

from xprov.errors import VerificationError
from xprov.records import dataclass

_MAGIC = b"!<arch>\n"
# name 16, time 12, owner 6, group 6, mode 8, size 10, end 2: ar(5).
_HEADER = 60
_NAME, _SIZE, _END = slice(0, 16), slice(48, 58), slice(58, 60)

_VERSION, _CONTROL, _DATA = "debian-binary", "control.tar", "data.tar"
# "2.0\n": deb(5) has had nothing else since 1995, and wants a reader to stop at another major number.
_VERSION_SIZE = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class ArMember:
    """One member of an ar archive: its name, where its bytes begin in the file, and how many they are."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DebMembers:
    """The two members of a package that hold something: `control.tar.*` and `data.tar.*`."""

    control: ArMember
    data: ArMember


def read_deb_members(file: IO[bytes], name: str) -> DebMembers:
    """Return the members of the package in `file`, which messages call `name`.

    Only what the Debian and Ubuntu archives have is accepted: `debian-binary`, `control.tar.*`, `data.tar.*`, in this
    order (deb(5)); the further members that deb(5) lets a reader ignore are refused.

    Raises `VerificationError` when `file` is anything else, or its sizes do not fit its own.
    """
    found = tuple(_members(file, name))
    stems = tuple(member.name if member.name == _VERSION else _stem(member.name) for member in found)
    if stems != (_VERSION, _CONTROL, _DATA):
        listed = ", ".join(f"`{member.name}`" for member in found) or "nothing"
        raise VerificationError(f"`{name}` is no Debian package: it holds {listed}")
    version, control, data = found
    _require_version(file, version, name)
    return DebMembers(control=control, data=data)


def _stem(name: str) -> str:
    return ".".join(name.split(".")[:2])


def _members(file: IO[bytes], name: str) -> Iterator[ArMember]:
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    if file.read(len(_MAGIC)) != _MAGIC:
        raise VerificationError(f"`{name}` is no Debian package: it does not begin as an ar archive")
    offset, seen = len(_MAGIC), set[str]()
    while offset < end:
        file.seek(offset)
        member = _member(file.read(_HEADER), offset + _HEADER, name)
        if member.offset + member.size > end:
            raise VerificationError(f"`{name}` ends within its member `{member.name}`")
        if member.name in seen:
            raise VerificationError(f"`{name}` has two members `{member.name}`")
        seen.add(member.name)
        yield member
        offset = _require_padding(file, member, name)
        if len(seen) > 3:  # noqa: PLR2004 - what a package has; a fourth is wrong, however many follow
            return


def _member(header: bytes, offset: int, name: str) -> ArMember:
    if len(header) < _HEADER:
        raise VerificationError(f"`{name}` ends within the header of a member, or something follows its last one")
    if header[_END] != b"`\n":
        raise VerificationError(f"`{name}` has no member at byte {offset - _HEADER}, where one should begin")
    # No trailing slash, which GNU ar writes and dpkg-deb does not: deb(5).
    if not re.fullmatch(rb"[A-Za-z0-9._+-]+ *", header[_NAME]):
        raise VerificationError(f"`{name}` has a member with the name {header[_NAME]!r}")
    if not re.fullmatch(rb"[0-9]+ *", header[_SIZE]):
        raise VerificationError(f"`{name}` has a member of the size {header[_SIZE]!r}")
    return ArMember(name=header[_NAME].decode("ascii").rstrip(), offset=offset, size=int(header[_SIZE]))


def _require_padding(file: IO[bytes], member: ArMember, name: str) -> int:
    """Return where the next member begins: at an even byte, after a line feed where there is one to spare: ar(5)."""
    after = member.offset + member.size
    if after % 2 == 0:
        return after
    file.seek(after)
    if file.read(1) != b"\n":
        raise VerificationError(f"`{name}` is cut off, or wrong, after its member `{member.name}`")
    return after + 1


def _require_version(file: IO[bytes], member: ArMember, name: str) -> None:
    file.seek(member.offset)
    content = file.read(min(member.size, _VERSION_SIZE))
    if not content.startswith(b"2.") or not content.endswith(b"\n"):
        raise VerificationError(f"`{name}` is a package of a format that is not known: {content!r}")


class MemberReader:
    """Reads one member of an open file, from its begin to its end."""

    def __init__(self, file: IO[bytes], member: ArMember) -> None:
        self._file = file
        self._left = member.size
        file.seek(member.offset)

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, or all that are left; nothing at the end."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted)
        self._left -= len(data)
        return data
