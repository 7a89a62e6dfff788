"""Read what is in a `.deb`: its tar archives as a stream of members, each of them checked before anyone sees it.

A package is trusted to be the archive's own (its SHA-256 was right), not to be harmless. tarfile parses the headers;
what a member may be is decided here: its filters are too strict for packages (they refuse the absolute links of
bookworm's libc6-dev) and too lax in what follows.
"""

import posixpath
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import IO, Any, cast

from xprov.archive.ar import ArMember, MemberReader, read_deb_members
from xprov.archive.inflate import CHUNK, inflate
from xprov.archive.tarstream import StrictInfo, TarStream
from xprov.errors import VerificationError, XprovError
from xprov.records import dataclass

MAX_PATH = 1024
"""Bytes in a path: a quarter of PATH_MAX, so that it fits below the folder it is unpacked into."""

_MAX_NAME = 255  # NAME_MAX
_MAX_CONTROL = 1 << 20
# tarfile on hostile headers: its own errors, and those of int(), decode(), and of long names nested without end.
_PARSE_ERRORS = (tarfile.TarError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError, AttributeError)


class MemberKind(str, Enum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    HARD_LINK = "hard link"


_WITH_CONTENT = (MemberKind.FILE, MemberKind.HARD_LINK)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a package may unpack to. The largest in Debian has some gigabytes, and some ten thousand members.

    `ratio` is that of unpacked to packed bytes; it holds for what is beyond `ratio_from` bytes. Real packages stay
    below 100, zeros in xz reach 7,000.
    """

    total: int = 8 << 30
    members: int = 500_000
    ratio: int = 300
    ratio_from: int = 64 << 20

    def allowed(self, packed: int) -> int:
        """Return how many bytes may come out of `packed` ones."""
        return min(self.total, max(self.ratio_from, packed * self.ratio))


LIMITS = Limits()


@dataclass(frozen=True, kw_only=True, slots=True)
class DebMember:
    """One path of a package, as it is in its tar: relative, with slashes, without `.` and `..`; `""` is the root.

    `target` is the text of a link, or the path that a hard link shares its content with. `mtime` is in seconds.
    """

    path: str
    kind: MemberKind
    target: str
    runnable: bool
    mtime: int


class DebReader:
    """The members of one tar of a package, in their order; the content only of the one that came last."""

    def __init__(self, stream: TarStream, name: str, limits: Limits) -> None:
        self._stream, self._name, self._limits = stream, name, limits
        self._tar: tarfile.TarFile | None = None
        self._last: tarfile.TarInfo | None = None

    def __iter__(self) -> Iterator[DebMember]:
        """Give each member. Raises `VerificationError` for one that no package should have, or at a broken archive."""
        kinds: dict[str, MemberKind] = {}
        count = 0
        while (info := self._next()) is not None:
            count += 1
            if count > self._limits.members:
                raise VerificationError(f"`{self._name}` has more than {self._limits.members} members")
            member = _member(info, self._name)
            _require_place(member, kinds, self._name)
            kinds[member.path] = member.kind
            self._last = info
            yield member
            # Those that were given are not looked at again, and a tar may have very many.
            if self._tar is not None:
                cast("Any", self._tar).members = []
        self._stream.require_end()

    def content(self) -> Iterator[bytes]:
        """Give the content of the file that was given last, in pieces. Raises `VerificationError` when it is cut."""
        info = self._last
        if info is None or not info.isreg():
            return
        self._stream.seek(info.offset_data)
        left = info.size
        while left:
            piece = self._stream.read(min(left, CHUNK))
            if not piece:
                raise VerificationError(f"`{self._name}` ends within `{info.name}`")
            left -= len(piece)
            yield piece

    def _next(self) -> tarfile.TarInfo | None:
        try:
            if self._tar is None:
                # Only read, tell and seek forwards are asked of it.
                self._tar = tarfile.TarFile(
                    fileobj=cast("IO[bytes]", self._stream),
                    tarinfo=StrictInfo,
                    encoding="utf-8",
                    errors="surrogateescape",
                )
            return self._tar.next()
        except _PARSE_ERRORS as error:
            raise VerificationError(f"`{self._name}` holds a broken tar: {error}") from error


@contextmanager
def open_data(deb: Path, limits: Limits = LIMITS) -> Iterator[DebReader]:
    """Give the files of the package `deb`.

    Raises `VerificationError` when it is no sound package, `ToolMissingError` when nothing here reads its compression,
    `XprovError` when it cannot be read.
    """
    with _opened(deb) as file:
        yield _reader(file, read_deb_members(file, deb.name).data, deb.name, limits)


def read_control(deb: Path, limits: Limits = LIMITS) -> bytes:
    """Return the file `control` of the package `deb`: its stanza. Raises as `open_data` does."""
    with _opened(deb) as file:
        reader = _reader(file, read_deb_members(file, deb.name).control, deb.name, limits)
        found = None
        for member in reader:
            if member.path == "control" and member.kind is MemberKind.FILE:
                found = _short(reader, deb.name)
        if found is None:
            raise VerificationError(f"`{deb.name}` has no file `control`")
        return found


def _short(reader: DebReader, name: str) -> bytes:
    pieces, size = [], 0
    for piece in reader.content():
        size += len(piece)
        if size > _MAX_CONTROL:
            raise VerificationError(f"the control file of `{name}` is larger than {_MAX_CONTROL} bytes")
        pieces.append(piece)
    return b"".join(pieces)


@contextmanager
def _opened(deb: Path) -> Iterator[IO[bytes]]:
    try:
        file = deb.open("rb")
    except OSError as error:
        raise XprovError(f"`{deb}` cannot be read: {error.strerror}") from error
    with file:
        yield file


def _reader(file: IO[bytes], member: ArMember, name: str, limits: Limits) -> DebReader:
    allowed = limits.allowed(member.size)
    pieces = inflate(MemberReader(file, member), member.name, name, allowed)
    return DebReader(TarStream(pieces, name, allowed), name, limits)


def _member(info: tarfile.TarInfo, name: str) -> DebMember:
    kind = _kind(info, name)
    path = _path(info.name, name)
    if kind is MemberKind.LINK:
        _require_inside(path, info.linkname, name)
    return DebMember(
        path=path,
        kind=kind,
        target=_path(info.linkname, name) if kind is MemberKind.HARD_LINK else info.linkname,
        runnable=bool(info.mode & stat.S_IXUSR),
        # A time that no file system has is no reason to refuse what is otherwise sound.
        mtime=int(min(max(info.mtime, 0), 0xFFFFFFFF)),
    )


def _kind(info: tarfile.TarInfo, name: str) -> MemberKind:
    if info.isreg() and not info.issparse():
        return MemberKind.FILE
    tests = ((info.isdir(), MemberKind.FOLDER), (info.issym(), MemberKind.LINK), (info.islnk(), MemberKind.HARD_LINK))
    for is_it, kind in tests:
        if is_it:
            return kind
    raise VerificationError(f"`{name}` holds `{info.name}`, which is no file, folder or link")


def _path(text: str, name: str) -> str:
    """Return a path of a tar without `./`; an absolute one, and one with `..` in it, is in no package."""
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or ".." in parts:
        raise VerificationError(f"`{name}` holds `{text}`, which leads out of its folder")
    sizes = [len(part.encode(errors="surrogateescape")) for part in parts]
    if "\0" in text or max(sizes, default=0) > _MAX_NAME or sum(sizes) + len(sizes) > MAX_PATH:
        raise VerificationError(f"`{name}` holds a path that is too long, or has a NUL in it: `{text[:80]!r}`")
    return "/".join(parts)


def _require_inside(path: str, target: str, name: str) -> None:
    """Require that a link stays below the root; an absolute one means the root of the sysroot."""
    depth = 0 if target.startswith("/") else len([part for part in posixpath.dirname(path).split("/") if part])
    if not target or "\0" in target or len(target.encode(errors="surrogateescape")) > MAX_PATH:
        raise VerificationError(f"`{name}` holds the link `{path}` to a place that no link can name")
    for part in target.split("/"):
        depth += {"": 0, ".": 0, "..": -1}.get(part, 1)
        if depth < 0:
            raise VerificationError(f"`{name}` holds the link `{path}` to `{target}`, which leads out of its folder")


def _require_place(member: DebMember, kinds: dict[str, MemberKind], name: str) -> None:
    """Require that nothing but folders is above a member, nothing in its place, and a hard link's file before it."""
    parent = posixpath.dirname(member.path)
    while parent and parent not in kinds:
        kinds[parent] = MemberKind.FOLDER
        parent = posixpath.dirname(parent)
    if parent and kinds[parent] is not MemberKind.FOLDER:
        raise VerificationError(f"`{name}` holds `{member.path}`, below a {kinds[parent].value}")
    there = kinds.get(member.path, MemberKind.FOLDER if not member.path else member.kind)
    if there is not member.kind or (member.path in kinds and member.kind is not MemberKind.FOLDER):
        raise VerificationError(f"`{name}` holds `{member.path or '.'}` twice, or as no folder")
    if member.kind is MemberKind.HARD_LINK and kinds.get(member.target) not in _WITH_CONTENT:
        raise VerificationError(f"`{name}` holds the hard link `{member.path}` to `{member.target}`, no file before it")
