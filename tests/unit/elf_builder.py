"""Tiny ELF files for any target, written byte by byte: a dynamic section, its names, version needs and symbols."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xprov.target import ByteOrder, ElfKind, find_target

# e_machine (<elf.h>).
_MACHINES = {
    "EM_386": 3,
    "EM_S390": 22,
    "EM_PPC64": 21,
    "EM_ARM": 40,
    "EM_X86_64": 62,
    "EM_AARCH64": 183,
    "EM_RISCV": 243,
    "EM_LOONGARCH": 258,
}
_ET_DYN, _PT_LOAD, _PT_DYNAMIC = 3, 1, 2
_SHT_STRTAB, _SHT_DYNAMIC, _SHT_DYNSYM, _SHT_VERNEED = 3, 6, 11, 0x6FFFFFFE
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME = 0, 1, 5, 10, 14
_DT_RPATH, _DT_RUNPATH = 15, 29
_DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF
# What linkers write for soft float, which is nothing that target.py asks for.
_ARMEL_FLAGS = 0x05000200
_GLOBAL_FUNCTION, _WEAK_FUNCTION = 0x12, 0x22


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A shared library to write. `versions` maps a library to the symbol versions wanted from it."""

    target: str = "armhf"
    soname: str | None = None
    needed: Sequence[str] = ()
    versions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    defined: Sequence[str] = ()
    undefined: Sequence[str] = ()
    weak: Sequence[str] = ()
    rpath: str | None = None
    runpath: str | None = None
    flags: int | None = None
    sections: bool = True

    @property
    def header_flags(self) -> int:
        usual = _ARMEL_FLAGS if self.target == "armel" else self.kind.flags
        return usual if self.flags is None else self.flags

    @property
    def kind(self) -> ElfKind:
        return find_target(self.target).elf

    def write(self, path: Path) -> Path:
        """Write the library to `path`, its folders with it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content())
        return path

    def content(self) -> bytes:
        return _Writer(self).content()


class _Strings:
    """A string table."""

    def __init__(self) -> None:
        self.content = b"\0"

    def add(self, text: str) -> int:
        place = len(self.content)
        self.content += text.encode() + b"\0"
        return place


class _Writer:
    """Lays out: header, two program headers, then strings, symbols, version needs, dynamic section, section headers.

    Everything lies in one segment at address 0, so that an address is an offset.
    """

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.order = "<" if shared.kind.order is ByteOrder.LITTLE else ">"
        self.wide = shared.kind.bits == 64
        self.strings = _Strings()

    def pack(self, form: str, *values: int) -> bytes:
        """Return `values` in the file's order; `A` in `form` is an address of its class, 4 or 8 bytes."""
        return struct.pack(self.order + form.replace("A", "Q" if self.wide else "I"), *values)

    def content(self) -> bytes:
        symbols, needs = self.symbols(), self.version_needs()
        tags = self.tags()
        start = (64 + 2 * 56) if self.wide else (52 + 2 * 32)
        places, place = {}, start
        parts = {"strings": self.strings.content, "symbols": symbols, "needs": needs}
        for name, part in parts.items():
            places[name], place = place, place + len(part)
        if needs:
            tags += [(_DT_VERNEED, places["needs"]), (_DT_VERNEEDNUM, len(self.shared.versions))]
        tags += [(_DT_STRTAB, places["strings"]), (_DT_STRSZ, len(parts["strings"])), (_DT_NULL, 0)]
        dynamic = b"".join(self.pack("AA", *tag) for tag in tags)
        sections = [
            (_SHT_STRTAB, places["strings"], len(parts["strings"]), 0, 0, 0),
            (_SHT_DYNSYM, places["symbols"], len(symbols), 1, 1, 24 if self.wide else 16),
            (_SHT_VERNEED, places["needs"], len(needs), 1, len(self.shared.versions), 0),
            (_SHT_DYNAMIC, place, len(dynamic), 1, 0, 16 if self.wide else 8),
        ]
        end = place + len(dynamic)
        return b"".join(
            (
                self.header(end if self.shared.sections else 0, 5 if self.shared.sections else 0),
                self.segment(_PT_LOAD, 0, end),
                self.segment(_PT_DYNAMIC, place, len(dynamic)),
                *parts.values(),
                dynamic,
                self.section(0, 0, 0, 0, 0, 0) if self.shared.sections else b"",
                *(self.section(*section) for section in sections if self.shared.sections),
            )
        )

    def header(self, sections: int, count: int) -> bytes:
        kind = self.shared.kind
        magic = b"\x7fELF" + bytes((2 if self.wide else 1, 1 if self.order == "<" else 2, 1)) + bytes(9)
        flags = self.shared.header_flags
        sizes = (64, 56, 2, 64, count, 0) if self.wide else (52, 32, 2, 40, count, 0)
        place = 64 if self.wide else 52
        return magic + self.pack("HHIAAAI6H", _ET_DYN, _MACHINES[kind.machine], 1, 0, place, sections, flags, *sizes)

    def segment(self, kind: int, place: int, size: int) -> bytes:
        if self.wide:
            return self.pack("IIQQQQQQ", kind, 5, place, place, place, size, size, 8)
        return self.pack("8I", kind, place, place, place, size, size, 5, 4)

    def section(self, kind: int, place: int, size: int, link: int, info: int, each: int) -> bytes:
        return self.pack("IIAAAAIIAA", 0, kind, 0, place, place, size, link, info, 1, each)

    def symbols(self) -> bytes:
        rows = [(0, 0, 0), *((self.strings.add(name), _GLOBAL_FUNCTION, 1) for name in self.shared.defined)]
        rows += [(self.strings.add(name), _GLOBAL_FUNCTION, 0) for name in self.shared.undefined]
        rows += [(self.strings.add(name), _WEAK_FUNCTION, 0) for name in self.shared.weak]
        return b"".join(self.symbol(*row) for row in rows)

    def symbol(self, name: int, info: int, section: int) -> bytes:
        if self.wide:
            return self.pack("IBBHQQ", name, info, 0, section, 0, 0)
        return self.pack("IIIBBH", name, 0, 0, info, 0, section)

    def version_needs(self) -> bytes:
        content = b""
        libraries = list(self.shared.versions.items())
        for number, (library, versions) in enumerate(libraries, start=1):
            size = 16 + 16 * len(versions)
            following = 0 if number == len(libraries) else size
            content += self.pack("HHIII", 1, len(versions), self.strings.add(library), 16, following)
            for index, version in enumerate(versions, start=1):
                step = 0 if index == len(versions) else 16
                content += self.pack("IHHII", 0, 0, index + 1, self.strings.add(version), step)
        return content

    def tags(self) -> list[tuple[int, int]]:
        tags = [(_DT_NEEDED, self.strings.add(name)) for name in self.shared.needed]
        named = {_DT_SONAME: self.shared.soname, _DT_RPATH: self.shared.rpath, _DT_RUNPATH: self.shared.runpath}
        return tags + [(tag, self.strings.add(text)) for tag, text in named.items() if text is not None]


def archive(*members: tuple[str, bytes]) -> bytes:
    """Return an `ar` archive of `members`, each a name and its content."""
    content = b"!<arch>\n"
    for name, data in members:
        content += f"{name + '/':<16}{0:<12}{0:<6}{0:<6}{'644':<8}{len(data):<10}`\n".encode()
        content += data + b"\n" * (len(data) % 2)
    return content
