"""Read what an ELF file says about itself: its machine, what it needs, what it offers.

`elf_image` takes the file apart; here is what it means. Source of `e_flags`: the ABI of each machine.
"""

from __future__ import annotations

import contextlib
import io
import struct
from dataclasses import replace
from enum import Enum
from typing import IO, TYPE_CHECKING

from xprov.elf_image import MAGIC, ElfImage
from xprov.errors import XprovError
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xprov.target import ByteOrder, ElfKind

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60
# The larger of Elf32_Ehdr and Elf64_Ehdr.
_ELF_HEADER = 64
_AR_END = b"`\n"
# A linker script is short, and text from its first byte; more than this need not be looked at to tell.
_SNIFFED = 4096

# ARM has two bits for its float ABI; target.py's mask holds the one for hard float. A file with neither says nothing,
# as gold's output and every relocatable object do (ELF for the Arm architecture, "ELF header flags").
_ARM_FLOAT_SOFT, _ARM_FLOAT_HARD = 0x200, 0x400


class FileKind(str, Enum):
    """What a file is to a linker, by its first bytes."""

    ELF = "ELF"
    ARCHIVE = "archive"
    TEXT = "text"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionNeed:
    """The symbol versions that a file wants from one library: `libc.so.6`, (`GLIBC_2.4`, `GLIBC_2.34`)."""

    library: str
    versions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfFile:
    """An ELF file's header and dynamic section.

    `machine` is `e_machine` by its name in <elf.h>; `needed`, `soname`, `rpath` and `runpath` are DT_NEEDED, DT_SONAME,
    DT_RPATH and DT_RUNPATH.
    """

    path: Path
    bits: int
    order: ByteOrder
    machine: str
    flags: int
    needed: tuple[str, ...] = ()
    soname: str | None = None
    rpath: str | None = None
    runpath: str | None = None
    version_needs: tuple[VersionNeed, ...] = ()

    @property
    def name(self) -> str:
        """What others need it by: its soname, or else the file's name."""
        return self.soname or self.path.name

    @property
    def described(self) -> str:
        """What the file is for, in words: `32-bit little-endian ARM, flags 0x5000400`."""
        flags = f", flags {self.flags:#x}" if self.flags else ""
        return f"{self.bits}-bit {self.order.value}-endian {self.machine.removeprefix('EM_')}{flags}"


@dataclass(frozen=True, kw_only=True, slots=True)
class DynamicSymbols:
    """The names in a file's dynamic symbol table, without their versions; `weak` is what it can do without."""

    defined: frozenset[str]
    undefined: frozenset[str]
    weak: frozenset[str] = frozenset()


def file_kind(path: Path) -> FileKind:
    """Return what `path` is to a linker. Raises `XprovError` when it cannot be read."""
    with _opened(path) as stream:
        start = stream.read(_SNIFFED)
    if start.startswith(MAGIC):
        return FileKind.ELF
    if start.startswith((_AR_MAGIC, b"!<thin>\n")):
        return FileKind.ARCHIVE
    return FileKind.TEXT if start and b"\0" not in start else FileKind.OTHER


def read_elf(path: Path) -> ElfFile:
    """Return what the ELF file `path` says. Raises `XprovError` when it is no ELF file, or a damaged one."""
    with _opened(path) as stream:
        return _with_dynamic(ElfImage(stream), path)


def read_elf_in(stream: IO[bytes], path: Path) -> ElfFile:
    """Return the same of what `stream` holds, a member of a wheel; `path` is its name alone. Raises the same."""
    with _explained(path):
        return _with_dynamic(ElfImage(stream), path)


def read_archive(path: Path) -> ElfFile | None:
    """Return the header of the first ELF member of the `ar` archive `path`; None when none is one.

    glibc has had empty archives since 2.34 (`libpthread.a`). Raises `XprovError` when the archive is damaged.
    """
    with _opened(path) as stream:
        if stream.read(len(_AR_MAGIC)) != _AR_MAGIC:
            return None
        for start, size in _members(stream):
            stream.seek(start)
            content = stream.read(min(size, _ELF_HEADER))
            if content.startswith(MAGIC):
                return _header(ElfImage(io.BytesIO(content)), path)
    return None


def dynamic_symbols(path: Path) -> DynamicSymbols:
    """Return the names that `path` defines for others, and those that it wants from others.

    Raises `XprovError` when it is no ELF file, or a damaged one.
    """
    with _opened(path) as stream:
        return _symbols(ElfImage(stream))


def dynamic_symbols_in(stream: IO[bytes], path: Path) -> DynamicSymbols:
    """Return the same of what `stream` holds; `path` is its name alone. Raises the same."""
    with _explained(path):
        return _symbols(ElfImage(stream))


def isa_level_in(stream: IO[bytes], path: Path) -> int:
    """Return the level of x86-64 that a file needs, which `stream` holds (3: x86-64-v3); 0 where it says nothing.

    Raises `XprovError` when it is damaged.
    """
    with _explained(path):
        return ElfImage(stream).isa_needed()


def fits(elf: ElfFile, kind: ElfKind) -> bool:
    """Return whether a program of `kind` can be linked with `elf`.

    Flags that say nothing (0 in their field, as in objects without code) fit; only a contradiction does not.
    """
    if (elf.bits, elf.order, elf.machine) != (kind.bits, kind.order, kind.machine):
        return False
    if kind.machine == "EM_ARM" and kind.flags & _ARM_FLOAT_HARD and elf.flags & _ARM_FLOAT_SOFT:
        return False
    fields = ((elf.flags & field, kind.flags & field) for field in _fields(kind.flags_mask))
    return all(found in (0, wanted) for found, wanted in fields)


def _fields(mask: int) -> Iterator[int]:
    """Yield each run of neighbouring bits in `mask`: one statement of the ABI each."""
    while mask:
        lowest = mask & -mask
        field = mask & ~(mask + lowest)
        yield field
        mask &= ~field


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open `path`; what goes wrong with it inside becomes an `XprovError` that names it."""
    with _explained(path), path.open("rb") as stream:
        yield stream


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except XprovError:
        raise
    except OSError as error:
        raise XprovError(f"`{path}` cannot be read: {error.strerror}") from error
    except (ValueError, IndexError, OverflowError, struct.error) as error:
        raise XprovError(f"`{path}` is not an intact ELF file or archive: {error}") from error


def _header(image: ElfImage, path: Path) -> ElfFile:
    return ElfFile(path=path, bits=image.bits, order=image.order, machine=image.machine, flags=image.flags)


def _with_dynamic(image: ElfImage, path: Path) -> ElfFile:
    dynamic = image.dynamic()
    needs = tuple(VersionNeed(library=library, versions=versions) for library, versions in image.version_needs())
    if dynamic.has_version_needs and not needs:
        raise XprovError(f"`{path}` has lost its section headers: the symbol versions it needs cannot be read")
    return replace(
        _header(image, path),
        needed=dynamic.needed,
        soname=dynamic.soname,
        rpath=dynamic.rpath,
        runpath=dynamic.runpath,
        version_needs=needs,
    )


def _symbols(image: ElfImage) -> DynamicSymbols:
    defined: set[str] = set()
    undefined: set[str] = set()
    weak: set[str] = set()
    for name, is_defined, is_weak in image.symbols():
        (defined if is_defined else undefined).add(name)
        if is_weak and not is_defined:
            weak.add(name)
    return DynamicSymbols(defined=frozenset(defined), undefined=frozenset(undefined), weak=frozenset(weak))


def _members(stream: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Yield start and size of each member of an `ar` archive whose magic has been read."""
    place = len(_AR_MAGIC)
    while header := _header_at(stream, place):
        size = int(header[48:58])
        if len(header) < _AR_HEADER or not header.endswith(_AR_END) or size < 0:
            raise ValueError(f"no member header at byte {place}")
        place += _AR_HEADER
        yield place, size
        place += size + size % 2


def _header_at(stream: IO[bytes], place: int) -> bytes:
    stream.seek(place)
    return stream.read(_AR_HEADER)
