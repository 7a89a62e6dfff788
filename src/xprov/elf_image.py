"""The parts of an ELF file as its headers place them: sections, dynamic section, version needs, symbols.

Sources: the System V gABI (headers, sections, dynamic section, symbol table), the Linux Standard Base's symbol
versioning (`.gnu.version_r`). Only what a view is judged by is read, and each part in one piece: a view has hundreds of
libraries, and a parser that makes an object of each field takes longer over them than their decompression.

What does not fit together raises `ValueError`, or `struct.error`, which is what is said of damage here.
"""

from __future__ import annotations

import struct
from functools import cached_property
from typing import IO, TYPE_CHECKING, NamedTuple

from xprov.records import dataclass
from xprov.target import ByteOrder

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"\x7fELF"

# EI_CLASS and EI_DATA.
_BITS = {1: 32, 2: 64}
_ORDERS = {1: ByteOrder.LITTLE, 2: ByteOrder.BIG}
_IDENTITY = 16

# e_machine by its names in <elf.h>: the targets' machines, and others that Debian has or had ports to.
_MACHINES = {
    3: "EM_386",
    8: "EM_MIPS",
    15: "EM_PARISC",
    20: "EM_PPC",
    21: "EM_PPC64",
    22: "EM_S390",
    40: "EM_ARM",
    42: "EM_SH",
    43: "EM_SPARCV9",
    50: "EM_IA_64",
    62: "EM_X86_64",
    183: "EM_AARCH64",
    243: "EM_RISCV",
    258: "EM_LOONGARCH",
    0x9026: "EM_ALPHA",
}

_SHT_DYNAMIC, _SHT_NOTE, _SHT_DYNSYM, _SHT_VERNEED = 6, 7, 11, 0x6FFFFFFE
_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME, _DT_VERNEED = 0, 1, 5, 10, 14, 0x6FFFFFFE
_DT_RPATH, _DT_RUNPATH = 15, 29
# Linux Extensions to gABI, "Program Property"; x86-64 psABI, "Processor-specific program property".
_GNU, _NT_GNU_PROPERTY, _X86_ISA_NEEDED = b"GNU\0", 5, 0xC0008002
_STB_LOCAL, _STB_WEAK, _SHN_UNDEF = 0, 2, 0


class _Section(NamedTuple):
    kind: int
    place: int
    size: int
    link: int


class _Segment(NamedTuple):
    kind: int
    place: int
    address: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Dynamic:
    """What the dynamic section says: DT_NEEDED, DT_SONAME, and whether there is a DT_VERNEED.

    `rpath` and `runpath` are the text of DT_RPATH and DT_RUNPATH, None where there is none.
    """

    needed: tuple[str, ...] = ()
    soname: str | None = None
    rpath: str | None = None
    runpath: str | None = None
    has_version_needs: bool = False


class ElfImage:
    """An ELF file, open as `stream`. `machine` is `e_machine` by its name in <elf.h>, or as a number."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._end = stream.seek(0, 2)
        identity = self._read(0, _IDENTITY)
        if not identity.startswith(MAGIC) or identity[4] not in _BITS or identity[5] not in _ORDERS:
            raise ValueError("it has no ELF header")
        self.bits, self.order = _BITS[identity[4]], _ORDERS[identity[5]]
        self._wide = self.bits == 64  # noqa: PLR2004 - the larger of two classes
        header = self._unpack("HHIAAAI6H", _IDENTITY)
        self.machine = _MACHINES.get(header[1], str(header[1]))
        self.flags = header[6]
        self._segment_table, self._section_table = header[4], header[5]
        self._segment_size, self._segment_count, self._section_size, self._section_count = header[8:12]

    def dynamic(self) -> Dynamic:
        """Return what the dynamic section says; where there is none, nothing is needed."""
        tags, strings = self._tags()

        def texts(wanted: int) -> tuple[str, ...]:
            return tuple(_string(strings, value) for tag, value in tags if tag == wanted)

        return Dynamic(
            needed=texts(_DT_NEEDED),
            soname=next(iter(texts(_DT_SONAME)), None),
            rpath=next(iter(texts(_DT_RPATH)), None),
            runpath=next(iter(texts(_DT_RUNPATH)), None),
            has_version_needs=any(tag == _DT_VERNEED for tag, _ in tags),
        )

    def version_needs(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each library and the symbol versions that are wanted from it."""
        for section in self._sections(_SHT_VERNEED):
            yield from self._version_needs(self._content(section), self._strings(section))

    def symbols(self) -> Iterator[tuple[str, bool, bool]]:
        """Yield each name of the dynamic symbol table that is not local, whether it is defined here, whether weak."""
        form = struct.Struct(self._form("IBBHAA" if self._wide else "IAIBBH"))
        name, info, index = (0, 1, 3) if self._wide else (0, 3, 5)
        for section in self._sections(_SHT_DYNSYM):
            strings = self._strings(section)
            for symbol in form.iter_unpack(self._content(section)):
                binding = symbol[info] >> 4
                if binding != _STB_LOCAL:
                    yield _string(strings, symbol[name]), symbol[index] != _SHN_UNDEF, binding == _STB_WEAK

    def isa_needed(self) -> int:
        """Return the level of x86-64 that the file needs (1 to 4: x86-64, -v2, ...); 0 where it says nothing."""
        bits = 0
        for section in self._sections(_SHT_NOTE):
            for kind, value in self._properties(self._content(section)):
                bits |= int.from_bytes(value, "little") if kind == _X86_ISA_NEEDED else 0
        return bits.bit_length()

    def _properties(self, notes: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield type and value of each GNU property in a section of notes."""
        head, place = struct.Struct(self._form("III")), 0
        while place + head.size <= len(notes):
            name_size, size, kind = head.unpack_from(notes, place)
            begin = place + head.size + _padded(name_size, 4)
            if kind == _NT_GNU_PROPERTY and notes[place + head.size :].startswith(_GNU):
                yield from self._property_values(notes[begin : begin + size])
            place = begin + _padded(size, 4)

    def _property_values(self, content: bytes) -> Iterator[tuple[int, bytes]]:
        head, place = struct.Struct(self._form("II")), 0
        while place + head.size <= len(content):
            kind, size = head.unpack_from(content, place)
            place += head.size
            yield kind, content[place : place + size]
            place += _padded(size, 8 if self._wide else 4)

    def _tags(self) -> tuple[list[tuple[int, int]], bytes]:
        """Return the tags of the dynamic section with their values, and its strings.

        A file whose section headers were taken away still has the segment, which is what a loader reads.
        """
        for section in self._sections(_SHT_DYNAMIC):
            return self._until_null(self._content(section)), self._strings(section)
        segments = self._segments()
        for segment in segments:
            if segment.kind == _PT_DYNAMIC:
                tags = self._until_null(self._read(segment.place, segment.size))
                return tags, self._strings_at(dict(tags), segments)
        return [], b""

    def _until_null(self, content: bytes) -> list[tuple[int, int]]:
        tags: list[tuple[int, int]] = []
        for tag, value in struct.iter_unpack(self._form("AA"), content):
            if tag == _DT_NULL:
                break
            tags.append((tag, value))
        return tags

    def _strings_at(self, tags: dict[int, int], segments: list[_Segment]) -> bytes:
        """Return the strings that a loader would find: by their address in memory."""
        address = tags.get(_DT_STRTAB, 0)
        for segment in segments:
            if segment.kind == _PT_LOAD and 0 <= address - segment.address < segment.size:
                return self._read(segment.place + address - segment.address, tags.get(_DT_STRSZ, 0))
        raise ValueError("its dynamic section has no strings")

    def _version_needs(self, content: bytes, strings: bytes) -> Iterator[tuple[str, tuple[str, ...]]]:
        # Each entry says where the next one is: damaged ones can go round in a circle.
        need, version = struct.Struct(self._form("HHIII")), struct.Struct(self._form("IHHII"))
        room, place, step = len(content) // need.size, 0, -1
        while step and content:
            _, count, library, first, step = need.unpack_from(content, place)
            room -= 1 + count
            if room < 0:
                raise ValueError("more version needs than there is room for")
            names, at = [], place + first
            for _ in range(count):
                *_, name, following = version.unpack_from(content, at)
                names.append(_string(strings, name))
                at += following
            yield _string(strings, library), tuple(names)
            place += step

    def _sections(self, kind: int) -> list[_Section]:
        return [section for section in self._all_sections if section.kind == kind]

    @cached_property
    def _all_sections(self) -> list[_Section]:
        form = self._form("IIAAAAIIAA")
        table = self._table(form, self._section_table, self._section_size, self._section_count)
        return [_Section(kind=row[1], place=row[4], size=row[5], link=row[6]) for row in table]

    def _segments(self) -> list[_Segment]:
        form = self._form("IIAAAAAA" if self._wide else "IIIIIIII")
        table = self._table(form, self._segment_table, self._segment_size, self._segment_count)
        kind, place, address, size = (0, 2, 3, 5) if self._wide else (0, 1, 2, 4)
        return [_Segment(kind=row[kind], place=row[place], address=row[address], size=row[size]) for row in table]

    def _table(self, form: str, place: int, size: int, count: int) -> list[tuple[int, ...]]:
        if count and size != struct.calcsize(form):
            raise ValueError(f"its headers have {size} bytes each")
        return list(struct.iter_unpack(form, self._read(place, size * count)))

    def _strings(self, section: _Section) -> bytes:
        """Return the table of strings that `section` names."""
        return self._content(self._all_sections[section.link])

    def _content(self, section: _Section) -> bytes:
        return self._read(section.place, section.size)

    def _form(self, form: str) -> str:
        """Return a form of `struct` in the file's order; `A` is an address of its class, 4 or 8 bytes."""
        order = "<" if self.order is ByteOrder.LITTLE else ">"
        return order + form.replace("A", "Q" if self._wide else "I")

    def _unpack(self, form: str, place: int) -> tuple[int, ...]:
        form = self._form(form)
        return struct.unpack(form, self._read(place, struct.calcsize(form)))

    def _read(self, place: int, size: int) -> bytes:
        # Asked before it is read: a damaged size would be room in memory first.
        if place + size > self._end:
            raise ValueError(f"it ends at byte {self._end}, before byte {place + size}")
        self._stream.seek(place)
        return self._stream.read(size)


def _padded(size: int, to: int) -> int:
    return -(-size // to) * to


def _string(strings: bytes, place: int) -> str:
    """Return the string at `place` of a table, which a zero ends; `ValueError` where there is none."""
    end = strings.index(b"\0", place)
    return strings[place:end].decode("utf-8", "replace")
