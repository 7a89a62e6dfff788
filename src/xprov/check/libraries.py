"""The shared libraries of a view, by the names that a linker and a loader know them by."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.elf import FileKind, file_kind, read_elf
from xprov.records import dataclass
from xprov.view.layout import is_library_name, library_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from xprov.elf import ElfFile
    from xprov.target import Target

# Files and -l options in a linker script (ld's manual, "File Commands").
_SCRIPT_LIBRARY = re.compile(r"[^\s(),]+\.so[.\w]*|-l[^\s(),]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Libraries:
    """`paths` leads from a file name (`libasound.so.2`) to the file; what `-l` finds comes before a plugin's."""

    paths: Mapping[str, Path]

    def linked(self, name: str) -> tuple[ElfFile, ...]:
        """Return the libraries that `-lNAME` means: none, one, or those that a linker script names.

        Raises `XprovError` when one is damaged.
        """
        found: dict[Path, ElfFile] = {}
        waiting = [f"lib{name}.so"]
        seen: set[str] = set()
        while waiting:
            file = waiting.pop(0)
            path = self.paths.get(file)
            if path is None or file in seen:
                continue
            seen.add(file)
            match file_kind(path):
                case FileKind.ELF:
                    found[path] = read_elf(path)
                case FileKind.TEXT:
                    waiting += _named_in(path)
                case FileKind.ARCHIVE | FileKind.OTHER:
                    pass
        return tuple(found.values())

    def closure(
        self, roots: Iterable[ElfFile], *, wanted: Callable[[str], bool] = lambda _name: True
    ) -> tuple[ElfFile, ...]:
        """Return `roots` and every library that they need, as far as the view has it, in the order they are met.

        A library that is not `wanted` is left out, with all that only it needs.

        Raises `XprovError` when one is damaged.
        """
        found = {root.path: root for root in roots if wanted(root.name)}
        waiting = list(found.values())
        while waiting:
            for name in waiting.pop(0).needed:
                path = self.paths.get(name)
                if path is not None and path not in found and wanted(name):
                    found[path] = read_elf(path)
                    waiting.append(found[path])
        return tuple(found.values())


def _named_in(script: Path) -> list[str]:
    words = _SCRIPT_LIBRARY.findall(script.read_text(encoding="utf-8", errors="replace"))
    return [f"lib{word[2:]}.so" if word.startswith("-l") else word.rpartition("/")[2] for word in words]


def read_libraries(view: Path, target: Target) -> Libraries:
    """Return the libraries in the folders of `view` that a linker looks in, and in those below them."""
    paths: dict[str, Path] = {}
    folders = [view / folder for folder in library_folders(target)]
    loose = (next(os.walk(folder), None) for folder in folders)
    # usr/lib has folders of programs too, and on Debian the one with the target's name.
    deeper = (each for folder in folders[:-1] for each in sorted(os.walk(folder)))
    for place, _, names in filter(None, (*loose, *deeper)):
        folder = Path(place)
        real = folder.resolve()
        for name in sorted(filter(is_library_name, names)):
            if name not in paths and (path := folder / name).is_file():
                paths[name] = path.resolve() if path.is_symlink() else real / name
    return Libraries(paths=paths)
