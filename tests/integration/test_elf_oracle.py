"""What is read of real ELF files is what pyelftools reads of them."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile
from tests.integration.unpacked import unpack

from xprov.elf import FileKind, dynamic_symbols, file_kind, read_elf
from xprov.target import find_target

# Each costs pyelftools some tens of milliseconds.
_MOST = 60


@pytest.mark.archive
@pytest.mark.parametrize("name", ["armhf", "arm64", "s390x"])
def test_libraries_of_packages_read_as_pyelftools_reads_them(name: str) -> None:
    folders = unpack("bookworm", find_target(name)).folders
    paths = sorted(path for _, folder in folders for path in folder.rglob("*.so*") if not path.is_symlink())
    libraries = [path for path in paths if path.is_file() and file_kind(path) is FileKind.ELF]
    assert libraries
    for path in itertools.islice(libraries, _MOST):
        assert _ours(path) == _theirs(path), path


def _ours(path: Path) -> tuple[object, ...]:
    found, symbols = read_elf(path), dynamic_symbols(path)
    needs = {need.library: need.versions for need in found.version_needs}
    header = (found.bits, found.order.value, found.machine, found.flags)
    places = (found.rpath, found.runpath)
    return header, found.needed, found.soname, places, needs, symbols.defined, symbols.undefined, symbols.weak


def _theirs(path: Path) -> tuple[object, ...]:
    with path.open("rb") as stream:
        elf: Any = ELFFile(stream)
        tags = [tag for section in elf.iter_sections("SHT_DYNAMIC") for tag in section.iter_tags()]
        needs = {
            need.name: tuple(version.name for version in versions)
            for section in elf.iter_sections("SHT_GNU_verneed")
            for need, versions in section.iter_versions()
        }
        every = [symbol for section in elf.iter_sections("SHT_DYNSYM") for symbol in section.iter_symbols()]
        symbols = [symbol for symbol in every if symbol["st_info"]["bind"] != "STB_LOCAL"]
        undefined = [symbol for symbol in symbols if symbol["st_shndx"] == "SHN_UNDEF"]
        return (
            (elf.elfclass, "little" if elf.little_endian else "big", elf["e_machine"], elf["e_flags"]),
            tuple(tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"),
            next((tag.soname for tag in tags if tag.entry.d_tag == "DT_SONAME"), None),
            (
                next((tag.rpath for tag in tags if tag.entry.d_tag == "DT_RPATH"), None),
                next((tag.runpath for tag in tags if tag.entry.d_tag == "DT_RUNPATH"), None),
            ),
            needs,
            frozenset(symbol.name for symbol in symbols if symbol["st_shndx"] != "SHN_UNDEF"),
            frozenset(symbol.name for symbol in undefined),
            frozenset(symbol.name for symbol in undefined if symbol["st_info"]["bind"] == "STB_WEAK"),
        )
