"""Check libraries in a view that was built."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING

from xprov import process
from xprov.check.libraries import read_libraries
from xprov.check.link import try_link
from xprov.check.model import Expectation, LibraryCheck, Linked, LinkResult, Module, Report
from xprov.elf import dynamic_symbols
from xprov.glibc import glibc_needs, is_bundled
from xprov.process import Completed
from xprov.records import dataclass
from xprov.threads import each
from xprov.view.layout import is_toolchain_library, library_folders

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future
    from pathlib import Path

    from xprov.check.libraries import Libraries
    from xprov.check.link import Compiler
    from xprov.elf import DynamicSymbols, ElfFile
    from xprov.target import Target

PkgConfig = Callable[[Sequence[str]], Completed]
"""Runs the target's pkg-config wrapper with arguments, and returns what it wrote."""

# What glibc calls the functions that take a 64-bit time_t on machines where it used to have 32 bits; any other name
# ends with `_time64` (glibc manual, "64-bit time symbol handling"; the names read in Debian trixie's armhf libraries).
_TIME64 = frozenset(
    {
        "__clock_getres64",
        "__clock_gettime64",
        "__difftime64",
        "__futimens64",
        "__gettimeofday64",
        "__gmtime64",
        "__gmtime64_r",
        "__localtime64",
        "__localtime64_r",
        "__mktime64",
        "__nanosleep64",
        "__ppoll64",
        "__pselect64",
        "__pthread_cond_timedwait64",
        "__select64",
        "__time64",
        "__timegm64",
        "__utimensat64",
        "__utimes64",
    }
)


# Programs run beside each other, and beside what is read of the libraries meanwhile.
_AT_ONCE = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class _View:
    folder: Path
    target: Target
    libraries: Libraries


@dataclass(frozen=True, kw_only=True, slots=True)
class _Flags:
    """What a build would be told about a library, to compile and to link; `refused` is why nothing was."""

    words: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """What programs say of a library: pkg-config, and the compiler that links something with it."""

    flags: _Flags
    modules: tuple[Module, ...]
    link: LinkResult


def pkg_config_program(program: Path) -> PkgConfig:
    """Return a `PkgConfig` that runs `program`."""
    return lambda arguments: process.run([program, *arguments], check=False)


def check_libraries(
    expectations: Iterable[Expectation],
    view: Path,
    target: Target,
    *,
    pkg_config: PkgConfig,
    compiler: Compiler | None = None,
) -> Report:
    """Return what `view` holds of what is expected. A program is linked when there is a `compiler`.

    What is not as expected is in the report; `XprovError` is raised when a library is damaged, `ToolMissingError`
    when the pkg-config program is not there.
    """
    wanted = tuple(expectations)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        asked = [pool.submit(_ask, expectation, view, target, pkg_config, compiler) for expectation in wanted]
        there = _View(folder=view, target=target, libraries=read_libraries(view, target))
        return Report(checks=tuple(map(_check, wanted, repeat(there), asked)))


def _ask(
    expectation: Expectation, view: Path, target: Target, pkg_config: PkgConfig, compiler: Compiler | None
) -> _Told:
    modules = expectation.modules
    questions = [["--modversion", name] for name in modules]
    if modules:
        questions.append(["--cflags", "--libs", *modules])
    answers = each(pkg_config, questions, at_once=len(questions))
    flags = _flags(answers[-1]) if modules else _bare_flags(expectation, view, target)
    return _Told(
        flags=flags,
        modules=tuple(map(_module, modules, answers)),
        link=_link(expectation, flags, compiler),
    )


def _check(expectation: Expectation, view: _View, asked: Future[_Told]) -> LibraryCheck:
    own = [library for name in expectation.link for library in view.libraries.linked(name)]
    symbols = {library.path: dynamic_symbols(library.path) for library in own}
    # A full view has the toolchain's own too: what glibc asks of itself says nothing about the library.
    all_needed = view.libraries.closure(own, wanted=lambda name: not is_toolchain_library(name, view.target))
    bundled = view.libraries.closure(
        own, wanted=lambda name: is_bundled(name) and not is_toolchain_library(name, view.target)
    )
    needs, wheel_needs = glibc_needs(all_needed), glibc_needs(bundled)
    told = asked.result()
    check = LibraryCheck(
        library=expectation.library,
        modules=told.modules,
        header=_find_header(expectation.header, told.flags, view),
        symbol_file=_exporter(expectation.symbol, symbols),
        link=told.link,
        needs=needs,
        wheel_needs=wheel_needs,
        bundled=tuple(library.path for library in bundled),
        time64=_time64_users(own, symbols),
        problems=(),
    )
    return replace(check, problems=tuple(_problems(check, expectation, told.flags, own)))


def _module(name: str, answer: Completed) -> Module:
    return Module(name=name, version=answer.stdout.strip() if answer.ok else None)


def _flags(answer: Completed) -> _Flags:
    """Return the flags for the library, as pkg-config says."""
    return _Flags(words=tuple(shlex.split(answer.stdout))) if answer.ok else _Flags(refused=answer.stderr.strip())


def _bare_flags(expectation: Expectation, view: Path, target: Target) -> _Flags:
    """Return what a bare `-l` needs, where the library has no module."""
    folders = (f"-L{view / folder}" for folder in library_folders(target))
    return _Flags(words=(*folders, *(f"-l{name}" for name in expectation.link)))


def _link(expectation: Expectation, flags: _Flags, compiler: Compiler | None) -> LinkResult:
    if compiler is None:
        return LinkResult(linked=Linked.NOT_TRIED, why="not linked, for want of a C compiler")
    if flags.refused:
        return LinkResult(linked=Linked.NOT_TRIED, why="pkg-config gave no flags")
    return try_link(expectation, compiler, flags.words)


def _find_header(header: str, flags: _Flags, view: _View) -> Path | None:
    named = [view.folder / flag[2:] for flag in flags.words if flag.startswith("-I")]
    # Where a compiler that is told of the view looks without being told by a module.
    common = [view.folder / "usr/include" / view.target.triplet, view.folder / "usr/include"]
    return next((folder / header for folder in (*named, *common) if (folder / header).is_file()), None)


def _exporter(symbol: str, symbols: dict[Path, DynamicSymbols]) -> Path | None:
    return next((path for path, names in symbols.items() if symbol in names.defined), None)


def _time64_users(own: Iterable[ElfFile], symbols: dict[Path, DynamicSymbols]) -> tuple[Path, ...]:
    def uses(names: DynamicSymbols) -> bool:
        return any(name in _TIME64 or name.endswith("_time64") for name in names.undefined)

    return tuple(library.path for library in own if uses(symbols[library.path]))


def _problems(check: LibraryCheck, expectation: Expectation, flags: _Flags, own: Sequence[ElfFile]) -> Iterable[str]:
    for module in check.modules:
        if module.version is None:
            yield f"pkg-config has no module `{module.name}`: {flags.refused or 'it does not answer'}"
    if check.header is None:
        yield f"the header `{expectation.header}` is not there"
    names = ", ".join(f"lib{name}.so" for name in expectation.link)
    if not own:
        yield f"there is no {names}"
    elif check.symbol_file is None:
        yield f"{names} does not export `{expectation.symbol}`"
