"""Find the C toolchain that builds for a target, and ask it what it builds against."""

from __future__ import annotations

import os
import re
import shlex
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.errors import ToolMissingError
from xprov.records import dataclass
from xprov.sites import HERE
from xprov.target import Libc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xprov.process import Completed
    from xprov.sites import Answer, Site
    from xprov.target import Target

LINKER_WRAPPER = "xprov-linker-"
"""What the name of every linker wrapper of xprov begins with, by which it is told from a toolchain."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolchain:
    """A C compiler that builds for a target, and what it builds against.

    `cc`, `cxx` and `ar` are absolute paths. `machine` is what `-dumpmachine` says, `sysroot` what `-print-sysroot`
    says, None where that is the host's root. `glibc` is None where the compiler has no glibc headers. `multiarch` is
    the folder name that it searches below /usr/lib, None for a toolchain that knows of none. `libc_includes` are
    the folders it takes libc's headers from, none where it has no libc. `found_by` names the variable or PATH.
    `arguments` are what it always needs to be this target's: none, but for a clang that builds for any.
    """

    cc: Path
    cxx: Path | None
    ar: Path | None
    machine: str
    prefix: str
    sysroot: Path | None
    glibc: tuple[int, int] | None
    multiarch: str | None
    libc_includes: tuple[Path, ...]
    found_by: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidate:
    program: Path
    found_by: str
    arguments: tuple[str, ...] = ()


# What a compiler predefines for a machine, and what it must not: names, or name=value (GCC manual, "Predefined
# Macros"; Arm C Language Extensions for the float ABI; each psABI supplement).
_MACROS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "armhf": (("__arm__", "__ARM_PCS_VFP"), ()),
    "armel": (("__arm__",), ("__ARM_PCS_VFP",)),
    "arm64": (("__aarch64__",), ("__AARCH64EB__", "__ILP32__")),
    "i386": (("__i386__",), ()),
    "amd64": (("__x86_64__",), ("__ILP32__",)),
    "ppc64el": (("__powerpc64__", "__LITTLE_ENDIAN__"), ()),
    "s390x": (("__s390x__",), ()),
    "riscv64": (("__riscv", "__riscv_xlen=64"), ()),
    "loong64": (("__loongarch__", "__loongarch_grlen=64"), ()),
}

# GCC before 5 has no __has_include: manylinux2014's toolchain is GCC 4.8. Debian's cross gcc looks into /usr/include
# also where no libc of its target is installed, and meets this machine's features.h there, without the rest.
_PROBE = """\
#ifdef __has_include
# if __has_include(<features.h>) && __has_include(<sys/cdefs.h>)
#  include <features.h>
# endif
#else
# include <features.h>
#endif
"""

# Where GCC and clang keep the headers that are theirs and not libc's.
_OWN_FOLDER = re.compile(r"/lib\w*/(gcc|gcc-cross|clang|llvm)[-/]")

# Searched by every compiler without being told, when there is no sysroot.
_HOST_FOLDERS = frozenset({Path("/usr/include"), Path("/usr/local/include")})

_OF_EVERY_LIBC = "features.h"

# Programs that are put before a compiler, and are none.
_LAUNCHERS = frozenset({"ccache", "sccache", "distcc", "icecc"})


def find_toolchain(target: Target, environ: Mapping[str, str]) -> Toolchain | None:
    """Return the toolchain that builds for `target`, or None when this machine has none.

    Asked, in this order: `CARGO_TARGET_<T>_LINKER`, `CC_<t>`, `TARGET_CC`, then `<prefix>-gcc` and
    `<prefix>-clang` in PATH, then plain `gcc` and `cc`. The first that really compiles for the target is taken:
    `TARGET_CC` may be meant for another one. A clang without a prefix is told of the target when one of the variables
    names it, and is not taken from PATH: to name a compiler turns zig off, which may be what the user builds with.
    """
    with ExitStack() as programs:
        return seek_toolchain(target, environ, programs)()


def seek_toolchain(
    target: Target, environ: Mapping[str, str], programs: ExitStack, site: Site = HERE
) -> Callable[[], Toolchain | None]:
    """Start to ask the first compiler, and return what waits for its answers, asks the others, and finds the toolchain.

    `programs` ends what runs. `site` is where the compilers are, and `environ` the variables there.
    """
    questions = (_Questions(candidate, programs, site) for candidate in _distinct(target, environ, site))
    first = list(islice(questions, 1))

    def found() -> Toolchain | None:
        answers = (_toolchain(asked, target, environ) for asked in chain(first, questions))
        return next(filter(None, answers), None)

    return found


def _distinct(target: Target, environ: Mapping[str, str], site: Site) -> Iterator[_Candidate]:
    """Yield the candidates, each program once."""
    asked: set[Path] = set()
    for candidate in _candidates(target, environ, site):
        program = _behind_links(candidate.program, site)
        if program not in asked:
            asked.add(program)
            yield candidate


def _behind_links(program: Path, site: Site) -> Path:
    """Return the file that `program` is, so that none is started twice: a launcher is another one by each name."""
    real = site.resolve(program)
    return program if real.name in _LAUNCHERS else real


def is_linker_wrapper(path: str) -> bool:
    """Return whether `path` names a linker wrapper of xprov, of this home or of another."""
    return Path(path).name.startswith(LINKER_WRAPPER)


def scoped(base: str, triple: str) -> tuple[str, str]:
    """Return both spellings of cc-rs's and pkg-config-rs's `base` variable for a Rust triple, the dashed one first."""
    return f"{base}_{triple}", f"{base}_{underscored(triple)}"


def underscored(triple: str) -> str:
    """Return a Rust triple as it stands in the name of a shell variable."""
    return triple.replace("-", "_")


def cargo_variable(triple: str, key: str) -> str:
    """Return the variable by which cargo takes `target.<triple>.<key>` (The Cargo Book, Configuration)."""
    return f"CARGO_TARGET_{underscored(triple).upper()}_{key}"


def real_linker(triple: str) -> str:
    """Return the variable in which the environment keeps the linker that was set before it was wrapped."""
    return f"XPROV_LINKER_{underscored(triple)}"


def _candidates(target: Target, environ: Mapping[str, str], site: Site) -> Iterator[_Candidate]:
    path = environ.get("PATH")
    for name in _variables(target):
        if (value := environ.get(name)) and (program := _program(value, path, site)):
            arguments = _clang_arguments(program, target, path, site)
            yield _Candidate(program=program, found_by=name, arguments=arguments)
    names = [f"{prefix}-{kind}" for kind in ("gcc", "clang") for prefix in target.prefixes]
    for name in (*names, "gcc", "cc"):
        if program := site.find(name, path=path):
            yield _Candidate(program=program, found_by="PATH")


def _clang_arguments(program: Path, target: Target, path: str | None, site: Site) -> tuple[str, ...]:
    """Return what makes a clang that is made for no target compile and link for `target`; nothing for other compilers.

    Its linker has to be one for any target, or the target's own. Where it only compiles, it complains of a linker.
    """
    if not re.fullmatch(r"clang(-[\d.]+)?", program.name):
        return ()
    beside = os.pathsep.join(filter(None, (str(site.resolve(program).parent), path)))
    linker = "-fuse-ld=lld" if site.find("ld.lld", path=beside) else None
    if linker is None and (found := site.find(f"{target.triplet}-ld", path=path)):
        linker = f"--ld-path={found}"
    triple = f"--target={clang_triple(target)}"
    return (triple, linker, "-Wno-unused-command-line-argument") if linker else (triple,)


def clang_triple(target: Target) -> str:
    """Return the name by which clang knows `target`: the Rust triple without Rust's own names of extensions."""
    return target.rust.replace("riscv64gc-", "riscv64-")


def _variables(target: Target) -> Iterator[str]:
    for triple in target.rust_triples:
        yield cargo_variable(triple, "LINKER")
        yield real_linker(triple)
    for triple in target.rust_triples:
        yield from scoped("CC", triple)
    yield "TARGET_CC"


def _program(value: str, path: str | None, site: Site) -> Path | None:
    """Return the compiler that a variable names, or None where it is xprov's wrapper or needs arguments to be one."""
    if is_linker_wrapper(value):
        return None
    if found := site.find(value, path=path):
        return found
    words = _split(value)
    if len(words) > 1 and Path(words[0]).name in _LAUNCHERS:
        words = words[1:]
    return site.find(words[0], path=path) if len(words) == 1 else None


def _split(value: str) -> list[str]:
    try:
        return shlex.split(value)
    except ValueError:
        return []


class _Questions:
    """What a compiler is asked, by two starts of it at the same time. `programs` ends them."""

    def __init__(self, candidate: _Candidate, programs: ExitStack, site: Site) -> None:
        self.candidate, self.site, self._programs = candidate, site, programs
        self._probe = self._preprocess(_PROBE)
        self._sysroot = programs.enter_context(site.start([candidate.program, "-print-sysroot"]))

    def probe(self) -> Completed:
        """Return the macros that a libc's header leaves defined, and on standard error what is searched, and where.

        Raises `ToolMissingError`.
        """
        probe = self._probe.result(check=False)
        # A header that is not there takes every macro with it.
        return probe if probe.stdout else self._preprocess("").result(check=False)

    def sysroot(self) -> Path | None:
        """Return the folder that the compiler names, None where that is the root, or it does not know the question."""
        done = self._sysroot.result(check=False)
        named = done.stdout.strip() if done.ok else ""
        return self.site.resolve(Path(named)) if named.strip("/") else None

    def _preprocess(self, text: str) -> Answer:
        # All in one start of the compiler: each takes its time, and this one is done by every `xprov setup`.
        questions = (*self.candidate.arguments, "-E", "-dM", "-v", "-x", "c", "-")
        return self._programs.enter_context(self.site.start([self.candidate.program, *questions], stdin=text))


def _toolchain(asked: _Questions, target: Target, environ: Mapping[str, str]) -> Toolchain | None:
    """Return what the compiler says of itself, or None when it does not build for `target`."""
    try:
        probe = asked.probe()
    except ToolMissingError:
        return None
    macros = dict(re.findall(r"^#define (\S+) (.*)$", probe.stdout, re.MULTILINE))
    machine = _first(r"^Target: (\S+)$", probe.stderr)
    if not machine or not fits(target, macros, machine):
        return None
    candidate = asked.candidate
    tools = _Tools(target=target, cc=candidate.program, machine=machine, environ=environ, site=asked.site)
    gnu = () if candidate.arguments else ("g++",)
    return Toolchain(
        cc=candidate.program,
        cxx=tools.find("CXX", *gnu, "clang++"),
        ar=tools.find("AR", *(("ar",) if gnu else ()), "llvm-ar"),
        machine=machine,
        prefix=tools.prefix,
        sysroot=asked.sysroot(),
        glibc=_glibc(macros),
        multiarch=_multiarch(macros, probe.stderr, target),
        libc_includes=_libc_includes(probe.stderr, asked.site),
        found_by=candidate.found_by,
        arguments=candidate.arguments,
    )


def fits(target: Target, macros: Mapping[str, str], machine: str) -> bool:
    """Return whether a compiler with these predefined macros, for `machine`, builds for `target`."""
    required, forbidden = _MACROS[target.debian]
    if ("musl" in machine) is not (target.libc is Libc.MUSL):
        return False
    return all(_defined(macro, macros) for macro in required) and not any(name in macros for name in forbidden)


def _defined(macro: str, macros: Mapping[str, str]) -> bool:
    name, _, value = macro.partition("=")
    return name in macros and (not value or macros[name] == value)


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else ""


def _multiarch(macros: Mapping[str, str], verbose: str, target: Target) -> str | None:
    """Return the folder name that the driver passes on to the compiler proper; clang knows the target's by itself."""
    return target.triplet if "__clang__" in macros else _first(r" -imultiarch (\S+)", verbose) or None


def _glibc(macros: Mapping[str, str]) -> tuple[int, int] | None:
    """Return the version that `features.h` states (glibc manual, "Feature Test Macros")."""
    try:
        return int(macros["__GLIBC__"]), int(macros["__GLIBC_MINOR__"])
    except (KeyError, ValueError):
        return None


def _libc_includes(verbose: str, site: Site) -> tuple[Path, ...]:
    """Return the folders of system headers that `-v` lists, less those of the compiler and of this machine.

    None where no libc is in them: g++ alone has a folder there too, for the headers of C++.
    """
    _, _, rest = verbose.partition("#include <...> search starts here:\n")
    listed, _, _ = rest.partition("End of search list.")
    folders = (site.resolve(Path(line.strip())) for line in listed.splitlines() if line.startswith(" "))
    found = tuple(dict.fromkeys(folder for folder in folders if site.is_folder(folder) and not _is_no_libc(folder)))
    return found if any(site.is_file(folder / _OF_EVERY_LIBC) for folder in found) else ()


def _is_no_libc(folder: Path) -> bool:
    return folder in _HOST_FOLDERS or _OWN_FOLDER.search(str(folder)) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tools:
    """Where the programs beside a compiler are."""

    target: Target
    cc: Path
    machine: str
    environ: Mapping[str, str]
    site: Site

    @property
    def prefix(self) -> str:
        """What stands before `gcc` in the compiler's name, without the dash; empty for plain `gcc`."""
        matched = re.fullmatch(r"(?:(.+)-)?(?:gcc|clang|cc)(?:-[\d.]+)?", self.cc.name)
        return (matched[1] or "") if matched else self.machine

    def find(self, base: str, *kinds: str) -> Path | None:
        """Return the program that the target's own `base` variables name, else one of `kinds` with the prefix."""
        path = self.environ.get("PATH")
        for triple in self.target.rust_triples:
            for name in scoped(base, triple):
                if (value := self.environ.get(name)) and (found := _program(value, path, self.site)):
                    return found
        dashed = f"{self.prefix}-" if self.prefix else ""
        beside = f"{self.cc.parent}:{path}" if path else str(self.cc.parent)
        names = [f"{dashed}{kind}" for kind in kinds]
        return next((found for name in names if (found := self.site.find(name, path=beside))), None)
