"""What is in a wheel, by what the ELF files themselves say."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from xprov.target import ByteOrder, ElfKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """An ELF file in a wheel, and what its header says."""

    name: str
    bits: int
    order: ByteOrder
    machine: str
    flags: int

    def fits(self, kind: ElfKind) -> bool:
        """Return whether it is a file of that machine."""
        header = (self.bits, self.order, self.machine)
        return header == (kind.bits, kind.order, kind.machine) and self.flags & kind.flags_mask == kind.flags


def elf_members(wheel: Path) -> list[Member]:
    """Return every ELF file in `wheel`, whatever its name is."""
    with zipfile.ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    return [_member(name, data) for name, data in contents.items() if data.startswith(b"\x7fELF")]


def bundled(wheel: Path) -> set[str]:
    """Return the libraries that maturin put into `wheel`, by name without the hash: `libasound`."""
    folder = ".libs/"
    return {Path(m.name).name.rpartition("-")[0] for m in elf_members(wheel) if folder in m.name}


def _member(name: str, data: bytes) -> Member:
    elf = ELFFile(io.BytesIO(data))
    return Member(
        name=name,
        bits=elf.elfclass,
        order=ByteOrder.LITTLE if elf.little_endian else ByteOrder.BIG,
        machine=elf["e_machine"],
        flags=elf["e_flags"],
    )
