"""Read a wheel without trusting it: names, hashes, ELF files, the texts of its metadata. Nothing is unpacked.

What cannot be read is a finding, and the rest is read all the same.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import re
import stat
import tempfile
import zipfile
import zlib
from dataclasses import field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from xprov.elf import dynamic_symbols_in, isa_level_in, read_elf_in
from xprov.elf_image import MAGIC
from xprov.errors import XprovError
from xprov.records import dataclass
from xprov.wheel.finding import make_finding
from xprov.wheel.paths import BuildPaths, unsafe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xprov.elf import ElfFile
    from xprov.wheel.finding import Finding

_CHUNK = 1 << 20
# An ELF file up to this size is held in memory while it is read, a larger one in a temporary file. In bytes.
_IN_MEMORY = 64 << 20
# What PyPI allows, from which size on (warehouse, `COMPRESSION_RATIO_THRESHOLD` and `COMPRESSION_RATIO_MIN_SIZE`).
RATIO, RATIO_FROM = 50, 64 << 20
# A text of the metadata that is longer is no metadata. In bytes: RECORD has some 100 for each file.
_LONGEST_TEXT = 32 << 20

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_MODULE = "PyInit_"


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A file in a wheel: its size in bytes and its SHA-256 as RECORD writes it, None where it could not be read."""

    name: str
    size: int
    digest: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfMember:
    """An ELF file in a wheel.

    `wanted` are the symbols that somebody else must have, `modules` the names of the extension modules that it is
    (`PyInit_<name>`), `isa_level` the level of x86-64 that it needs, 0 where it says nothing, `build_path` a path of
    the machine that built it, if one stands in there.
    """

    name: str
    elf: ElfFile
    wanted: frozenset[str] = frozenset()
    modules: tuple[str, ...] = ()
    isa_level: int = 0
    build_path: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What is in a wheel, in the order of its central directory. `texts` are the files of `.dist-info` at the top."""

    members: tuple[Member, ...] = ()
    elves: tuple[ElfMember, ...] = ()
    texts: Mapping[str, bytes] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def read_contents(path: Path) -> Contents:
    """Return what is in the wheel `path`, with findings for what is broken or hostile.

    Raises `XprovError` when the file cannot be opened at all.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _Reader(archive, path.stat().st_size).read()
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise XprovError(f"`{path}` cannot be read: {error.strerror or error}") from error
        return Contents(findings=(make_finding("damaged", "it is no intact zip file: it names places before its own"),))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        return Contents(findings=(make_finding("damaged", f"it is no intact zip file: {error}"),))


class _Reader:
    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        self._archive, self._size = archive, size
        self._members: list[Member] = []
        self._elves: list[ElfMember] = []
        self._texts: dict[str, bytes] = {}
        self._findings: list[Finding] = []

    def read(self) -> Contents:
        entries = self._archive.infolist()
        if oversized := excess(sum(entry.file_size for entry in entries), self._size):
            self._findings.append(make_finding("too-large", oversized))
            self._members = [Member(name=entry.filename, size=entry.file_size, digest=None) for entry in entries]
            return self._contents()
        seen: set[str] = set()
        for entry in entries:
            self._findings += _name_findings(entry, seen)
            seen.add(entry.filename)
            if not entry.filename.endswith("/"):
                self._add(entry)
        return self._contents()

    def _contents(self) -> Contents:
        return Contents(
            members=tuple(self._members),
            elves=tuple(self._elves),
            texts=self._texts,
            findings=tuple(self._findings),
        )

    def _add(self, entry: zipfile.ZipInfo) -> None:
        digest = None
        if entry.compress_type not in _METHODS:
            what = f"it is compressed by method {entry.compress_type}, which installers need not know"
            self._findings.append(make_finding("damaged", what, member=entry.filename))
            self._members.append(Member(name=entry.filename, size=entry.file_size, digest=None))
            return
        try:
            with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as kept, self._archive.open(entry) as stream:
                digest = self._read(entry, stream, kept)
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
            # A place that cannot be is sought; what else the system says is of the disk, and not of the wheel.
            if isinstance(error, OSError) and error.errno != errno.EINVAL:
                raise
            self._findings.append(make_finding("damaged", str(error), member=entry.filename))
        self._members.append(Member(name=entry.filename, size=entry.file_size, digest=digest))

    def _read(self, entry: zipfile.ZipInfo, stream: IO[bytes], kept: IO[bytes]) -> str:
        """Return the digest of a member; an ELF file and a text of the metadata are looked into on the way."""
        hashed, paths, is_elf, is_text = hashlib.sha256(), BuildPaths(), False, _is_metadata(entry)
        while chunk := stream.read(_CHUNK):
            is_elf = is_elf or (not kept.tell() and chunk.startswith(MAGIC))
            hashed.update(chunk)
            if is_elf:
                paths.feed(chunk)
            if is_elf or is_text:
                kept.write(chunk)
        if is_elf:
            self._look_into(entry.filename, kept, paths.first)
        elif is_text:
            kept.seek(0)
            self._texts[entry.filename] = kept.read()
        return base64.urlsafe_b64encode(hashed.digest()).rstrip(b"=").decode()

    def _look_into(self, name: str, kept: IO[bytes], build_path: str | None) -> None:
        path = Path(name)
        try:
            elf, symbols, level = read_elf_in(kept, path), dynamic_symbols_in(kept, path), isa_level_in(kept, path)
        except XprovError as error:
            self._findings.append(make_finding("unreadable-elf", error.message, member=name))
            return
        modules = (symbol.removeprefix(_MODULE) for symbol in symbols.defined if symbol.startswith(_MODULE))
        self._elves.append(
            ElfMember(
                name=name,
                elf=elf,
                wanted=symbols.undefined - symbols.weak,
                modules=tuple(sorted(modules)),
                isa_level=level,
                build_path=build_path,
            )
        )


def excess(unpacked: int, packed: int) -> str | None:
    """Return how much too large a file of `packed` bytes is when unpacked, None where that is as usual."""
    if unpacked < RATIO_FROM or unpacked <= RATIO * packed:
        return None
    return f"its {packed:,} bytes unpack to {unpacked:,}"


def _name_findings(entry: zipfile.ZipInfo, seen: set[str]) -> Iterator[Finding]:
    name = entry.filename
    # What the archive says, not what zipfile made of it: it cuts names at a zero.
    if reason := unsafe(entry.orig_filename):
        yield make_finding("unsafe-name", f"the name {reason}", member=name)
    if name in seen:
        yield make_finding("duplicate-name", "it is there twice", member=name)
    if stat.S_ISLNK(entry.external_attr >> 16):
        yield make_finding("link", "it is a symbolic link", member=name)


def _is_metadata(entry: zipfile.ZipInfo) -> bool:
    return entry.file_size <= _LONGEST_TEXT and re.fullmatch(r"[^/]+\.dist-info/[^/]+", entry.filename) is not None
