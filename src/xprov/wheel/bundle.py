"""How the ELF files of one wheel hang together: which of them a name leads to, and how the loader gets there. Pure.

Source: ld.so(8), "DESCRIPTION": DT_RUNPATH of the file itself, or else DT_RPATH of it and of all that lead to it.
"""

from __future__ import annotations

import posixpath
import re
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from xprov.wheel.paths import installed, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xprov.wheel.contents import ElfMember

_ORIGIN = re.compile(r"\$(?:ORIGIN\b|\{ORIGIN\})")


class Found(str, Enum):
    """How a library that a file needs is found in the wheel."""

    BY_PATH = "by path"
    """The loader is told where."""
    LOADED = "loaded before"
    """By another file of the wheel that needs both, and knows where."""
    UNREACHED = "unreached"
    """It is in the wheel, and nobody knows where."""
    ABSENT = "absent"


class Bundle:
    """The ELF files of a wheel."""

    def __init__(self, elves: Sequence[ElfMember]) -> None:
        self.elves = tuple(elves)
        self._at = {installed(member.name): member for member in elves}

    def library(self, name: str) -> ElfMember | None:
        """Return the file that is called `name`, by its file's name or its soname."""
        return self._by_name.get(name)

    def is_library(self, member: ElfMember) -> bool:
        """Return whether another file of the wheel needs `member`."""
        return any(name in self._needed for name in _names(member))

    def find(self, member: ElfMember, needed: str) -> Found:
        """Return how the loader finds the library `needed` for `member`."""
        if self._is_at(needed, self._folders(member)):
            return Found.BY_PATH
        if self.library(needed) is None:
            return Found.ABSENT
        loaders = (other for other in self.elves if other is not member and self._leads_to(other, member))
        # What a file needs is loaded before what its libraries need.
        knowing = (other for other in loaders if needed in other.elf.needed)
        if any(self._is_at(needed, self._folders(other)) for other in knowing):
            return Found.LOADED
        return Found.UNREACHED

    def is_bundled(self, needed: str) -> bool:
        """Return whether the wheel carries the library `needed`."""
        return self.library(needed) is not None

    @cached_property
    def _by_name(self) -> dict[str, ElfMember]:
        return {name: member for member in reversed(self.elves) for name in _names(member)}

    @cached_property
    def _needed(self) -> frozenset[str]:
        return frozenset(name for member in self.elves for name in member.elf.needed)

    @cached_property
    def _reached(self) -> dict[str, frozenset[str]]:
        """Return by each file's name the names of all files that are loaded with it."""
        return {member.name: self._closure(member) for member in self.elves}

    def _closure(self, member: ElfMember) -> frozenset[str]:
        found: dict[str, ElfMember] = {}
        pending = [member]
        while pending:
            for name in pending.pop().elf.needed:
                library = self.library(name)
                if library is not None and library.name not in found:
                    found[library.name] = library
                    pending.append(library)
        return frozenset(found)

    def _leads_to(self, member: ElfMember, other: ElfMember) -> bool:
        return other.name in self._reached[member.name]

    def _folders(self, member: ElfMember) -> Iterator[str]:
        if member.elf.runpath is not None:
            yield from origin_folders(member, member.elf.runpath)
            return
        leading = (other for other in self.elves if self._leads_to(other, member))
        for other in (member, *leading):
            if other.elf.runpath is None and other.elf.rpath is not None:
                yield from origin_folders(other, other.elf.rpath)

    def _is_at(self, name: str, folders: Iterator[str]) -> bool:
        return any(joined(folder, name) in self._at for folder in folders)


def entries(path: str) -> list[str]:
    """Return the folders that the text of an rpath names, as they stand there."""
    return path.split(":")


def origin_folders(member: ElfMember, path: str) -> Iterator[str]:
    """Yield the folders of the wheel that `path`, an rpath of `member`, leads to, relative to where it is installed."""
    own = posixpath.dirname(installed(member.name))
    for entry in entries(path):
        if match := _ORIGIN.match(entry):
            yield joined(own, f"./{entry[match.end() :]}")


def is_relative(entry: str) -> bool:
    """Return whether an entry of an rpath is relative to the file that it stands in."""
    return _ORIGIN.match(entry) is not None


def _names(member: ElfMember) -> tuple[str, ...]:
    file = posixpath.basename(member.name)
    return (file,) if member.elf.soname is None else (file, member.elf.soname)
