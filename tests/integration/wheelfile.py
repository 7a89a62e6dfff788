"""What is in a wheel, by what the ELF files themselves say."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import NoteSection

from xprov.target import ByteOrder, ElfKind

_MAGIC = b"\x7fELF"


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """An ELF file, and what it says of itself.

    `build_id` is the linker's hash of what it linked, which stays when a program like patchelf alters the file.
    `comment` names the compilers.
    """

    name: str
    bits: int
    order: ByteOrder
    machine: str
    flags: int
    build_id: str | None
    comment: str

    def fits(self, kind: ElfKind) -> bool:
        """Return whether it is a file of that machine."""
        header = (self.bits, self.order, self.machine)
        return header == (kind.bits, kind.order, kind.machine) and self.flags & kind.flags_mask == kind.flags


def elf_members(wheel: Path) -> list[Member]:
    """Return every ELF file in `wheel`, whatever its name is."""
    with zipfile.ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    return [_member(name, data) for name, data in contents.items() if data.startswith(_MAGIC)]


def bundled(wheel: Path) -> set[str]:
    """Return the libraries that maturin put into `wheel`, by name without the hash: `libasound`."""
    return {Path(member.name).name.rpartition("-")[0] for member in _libraries(wheel)}


def strangers(wheel: Path, view: Path) -> list[str]:
    """Return the libraries in `wheel` that are not those of `view`, by their build ids: none, as it should be."""
    files = (path for path in view.rglob("*.so*") if path.is_file() and not path.is_symlink())
    contents = ((path, path.read_bytes()) for path in files)
    known = {_member(str(path), data).build_id for path, data in contents if data.startswith(_MAGIC)}
    return [member.name for member in _libraries(wheel) if member.build_id not in known - {None}]


def module(wheel: Path) -> Member:
    """Return the one extension module in `wheel`."""
    libraries = _libraries(wheel)
    (found,) = (member for member in elf_members(wheel) if member not in libraries)
    return found


def _libraries(wheel: Path) -> list[Member]:
    return [member for member in elf_members(wheel) if ".libs/" in member.name]


def _member(name: str, data: bytes) -> Member:
    elf = ELFFile(io.BytesIO(data))
    return Member(
        name=name,
        bits=elf.elfclass,
        order=ByteOrder.LITTLE if elf.little_endian else ByteOrder.BIG,
        machine=elf["e_machine"],
        flags=elf["e_flags"],
        build_id=_build_id(elf),
        comment=_comment(elf),
    )


def _build_id(elf: ELFFile) -> str | None:
    section = elf.get_section_by_name(".note.gnu.build-id")
    notes = section.iter_notes() if isinstance(section, NoteSection) else ()
    return next((str(note["n_desc"]) for note in notes), None)


def _comment(elf: ELFFile) -> str:
    section = elf.get_section_by_name(".comment")
    return section.data().decode(errors="replace") if section else ""
