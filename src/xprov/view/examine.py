"""Look into the libraries of a planned view: are they the target's, is everything there that they name."""

from __future__ import annotations

import posixpath
import re
from dataclasses import field, replace
from typing import TYPE_CHECKING

from xprov.elf import FileKind, file_kind, fits, read_archive, read_elf
from xprov.errors import XprovError
from xprov.records import dataclass
from xprov.view.alternatives import alternative_entries
from xprov.view.layout import Shape, is_library_name, is_linkable, is_toolchain_library, library_folders
from xprov.view.model import Copy, Text, ViewPlan
from xprov.view.plan import plan_view
from xprov.view.scan import PackageTree, scan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xprov.elf import ElfFile
    from xprov.target import Target

# The commands of a linker script that name files, and the files (ld's manual, "File Commands").
_COMMAND = re.compile(r"\b(?:GROUP|INPUT)\s*\(")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_FORMAT = re.compile(r"\bOUTPUT_FORMAT\s*\([^)]*\)\s*")
_ABSOLUTE = re.compile(r"(?<![\w./*-])/[^\s(),*]+")


def prepare_view(
    trees: Iterable[PackageTree], target: Target, shape: Shape = Shape.LIBS, *, keep_all: bool = False
) -> ViewPlan:
    """Return the plan of a view of `shape` that is made of `trees`, its libraries looked into.

    With `keep_all` it holds what no build reads, too: documentation, programs.

    Raises `XprovError` when a path cannot be read; what is wrong with the packages is in the plan's problems.
    """
    entries = scan(trees, target, keep_all=keep_all)
    return examine(plan_view((*entries, *alternative_entries(entries, target)), target, shape))


def examine(plan: ViewPlan) -> ViewPlan:
    """Return `plan` with what its libraries say: problems, notes, and linker scripts made to work where they stand.

    What a linker finds by `-l` has to be the target's, and has to find what it needs in turn; of plugins in folders
    below it is only noted.
    """
    findings = _Findings(plan=plan, names=_library_names(plan))
    for copy in plan.copies:
        _examine(copy, findings)
    scripts = {text.path for text in findings.texts}
    return replace(
        plan,
        copies=tuple(copy for copy in plan.copies if copy.path not in scripts),
        texts=tuple(sorted((*plan.texts, *findings.texts), key=lambda text: text.path)),
        problems=(*plan.problems, *findings.problems),
        notes=(*plan.notes, *findings.notes),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Findings:
    plan: ViewPlan
    names: frozenset[str]
    texts: list[Text] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, copy: Copy, message: str) -> None:
        (self.problems if is_linkable(copy.path, self.plan.target) else self.notes).append(message)


def _library_names(plan: ViewPlan) -> frozenset[str]:
    """Return what DT_NEEDED can name: every library of the view, in any folder, since DT_RUNPATH may lead there."""
    return frozenset(posixpath.basename(path) for path in plan.paths if is_library_name(path))


def _examine(copy: Copy, findings: _Findings) -> None:
    try:
        _examine_by_kind(copy, findings)
    except XprovError as error:
        findings.add(copy, error.message)


def _examine_by_kind(copy: Copy, findings: _Findings) -> None:
    if copy.path.endswith(".a"):
        _examine_archive(copy, findings)
    elif is_library_name(copy.path):
        match file_kind(copy.source):
            case FileKind.ELF:
                _examine_library(copy, read_elf(copy.source), findings)
            case FileKind.TEXT if copy.path.endswith(".so"):
                _examine_script(copy, findings)
            case FileKind.ARCHIVE | FileKind.TEXT | FileKind.OTHER:
                # A checksum beside its library, an archive under an odd name: no linker takes it for a library.
                pass


def _examine_archive(copy: Copy, findings: _Findings) -> None:
    member = read_archive(copy.source)
    if member is not None and not fits(member, findings.plan.target.elf):
        findings.add(copy, _not_the_targets(copy, member, findings.plan.target))


def _examine_library(copy: Copy, library: ElfFile, findings: _Findings) -> None:
    target = findings.plan.target
    if not fits(library, target.elf):
        findings.add(copy, _not_the_targets(copy, library, target))
    for name in library.needed:
        if posixpath.basename(name) not in findings.names and not is_toolchain_library(name, target):
            findings.add(copy, f"{copy.path} of {copy.package} needs {name}, which no package here has")


def _not_the_targets(copy: Copy, found: ElfFile, target: Target) -> str:
    return f"{copy.path} of {copy.package} is for another machine than {target.name}: {found.described}"


def _examine_script(copy: Copy, findings: _Findings) -> None:
    """Plan a copy of a linker script in which files have no folder, and no format is named.

    A linker takes an absolute path for one below its sysroot only where the script lies there too; beside a view
    that is named by `-L` alone it would read the host's file. The format is what a linker for the target takes anyhow;
    zig 0.17 knows no `elf32-littlearm` and gives up ("failed to parse linker script: UnknownCpuArch").
    """
    script = copy.source.read_text(encoding="utf-8", errors="surrogateescape")
    text = _COMMENT.sub("", script)
    if findings.plan.shape is Shape.SYSROOT or not _COMMAND.search(text):
        return
    for path in _ABSOLUTE.findall(text):
        name = posixpath.basename(path)
        if not _is_in_view(name, findings.plan) and not is_toolchain_library(name, findings.plan.target):
            findings.add(copy, f"{copy.path} of {copy.package} names {path}, which no package here has")
    relative = _FORMAT.sub("", _ABSOLUTE.sub(lambda match: posixpath.basename(match[0]), text))
    if relative != text:
        findings.texts.append(Text(path=copy.path, content=relative))


def _is_in_view(name: str, plan: ViewPlan) -> bool:
    return any(posixpath.join(folder, name) in plan.paths for folder in library_folders(plan.target))
