"""What each ELF file has to be for every machine that the tags promise: machine, libc, symbol versions. Pure.

Sources: PEP 600 ("the wheel's contents must work on any glibc of that version or later"), PEP 656, auditwheel's
policies for libraries other than glibc.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from xprov.elf import fits
from xprov.glibc import format_version, glibc_needs
from xprov.wheel.finding import Severity, make_finding
from xprov.wheel.names import Family

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.elf import ElfFile
    from xprov.glibc import Floor
    from xprov.wheel.bundle import Bundle
    from xprov.wheel.contents import ElfMember
    from xprov.wheel.finding import Finding
    from xprov.wheel.names import Platform
    from xprov.wheel.policies import Policy

_GLIBC = "GLIBC"
_X86_64 = "x86_64"

# What a file needs that is linked against one C library and not the other. musl is called so on Alpine; `libc.so` is
# what its own linker writes.
_OF_GLIBC = re.compile(r"libc\.so\.6(?:\.1)?|ld-linux.*\.so\.\d+|ld64\.so\.\d+")
_OF_MUSL = re.compile(r"libc\.so|libc\.musl-.*\.so\.1|ld-musl-.*\.so\.1")

# musl 1.2 gave 32-bit machines a 64-bit time_t by symbols of other names (musl 1.2.0, "time64").
_TIME64 = re.compile(r"__(?:\w+_time64|(?:stat|lstat|fstat|fstatat|utimensat|clock_\w+|nanosleep|time|timegm)64)")
_WITH_TIME64 = (1, 2)
_NARROW = 32


def check_machine(bundle: Bundle, platform: Platform) -> Iterator[Finding]:
    """Yield a finding for each file that the machine of `platform` cannot load.

    A file that is no module and that nobody needs is data as far as anybody can tell, unless all are wrong.
    """
    target = platform.target
    if target is None:
        return
    wrong = [member for member in bundle.elves if not fits(member.elf, target.elf)]
    for member in wrong:
        is_data = not member.modules and not bundle.is_library(member) and len(wrong) < len(bundle.elves)
        yield make_finding(
            "wrong-machine",
            f"it is {member.elf.described}, and {platform.tag} is {target.elf.described}",
            member=member.name,
            severity=Severity.WARNING if is_data else None,
        )


def check_processor(bundle: Bundle, platform: Platform) -> Iterator[Finding]:
    """Yield a finding for each file that needs a newer processor than every machine of `platform` has."""
    for member in bundle.elves:
        if platform.machine == _X86_64 and member.isa_level > 1:
            what = f"it needs a processor of x86-64-v{member.isa_level}, and {platform.tag} is for every x86-64"
            yield make_finding("newer-processor", what, member=member.name)


def check_pure(bundle: Bundle) -> Iterator[Finding]:
    """Yield a finding for the first ELF file of a wheel for all machines.

    An extension module is imported, and fails; what is none is data, and may be there for the machines that it fits.
    """
    first = next((member for member in bundle.elves if member.modules), next(iter(bundle.elves), None))
    if first is not None:
        severity = None if first.modules else Severity.WARNING
        what = f"it is {first.elf.described}, and the tag is any"
        yield make_finding("elf-in-pure", what, member=first.name, severity=severity)


def check_libc(bundle: Bundle, platform: Platform) -> Iterator[Finding]:
    """Yield a finding for each file that is linked against the other C library."""
    if platform.family not in (Family.MANYLINUX, Family.MUSLLINUX):
        return
    musl = platform.family is Family.MUSLLINUX
    for member in bundle.elves:
        strange = _OF_GLIBC if musl else _OF_MUSL
        needed = next((name for name in member.elf.needed if strange.fullmatch(name)), None)
        if needed is not None:
            what = f"it needs {needed} of {'glibc' if musl else 'musl'}, and {platform.tag} is {platform.libc}"
            yield make_finding("wrong-libc", what, member=member.name)


def check_glibc(bundle: Bundle, platform: Platform) -> Iterator[Finding]:
    """Yield a finding for each file that asks glibc for more than `platform` promises."""
    for member in bundle.elves:
        needs = glibc_needs([_outside(member, bundle)])
        if needs.private:
            yield make_finding("private-glibc", "it needs GLIBC_PRIVATE", member=member.name)
        for _file, symbol in needs.unknown:
            yield make_finding("unknown-glibc", f"it needs {symbol}", member=member.name)
        floor, promised = needs.floor, platform.version
        if floor and promised and platform.family is Family.MANYLINUX and floor.version[:2] > promised:
            what = (
                f"it needs glibc {format_version(floor.version)} ({floor.symbol_version}), and {platform.tag} promises"
            )
            yield make_finding("newer-glibc", f"{what} {format_version(promised)}", member=member.name)


def check_musl(bundle: Bundle, platform: Platform) -> Iterator[Finding]:
    """Yield a finding for each file of a 32-bit machine with symbols that the musl of `platform` has not."""
    if platform.family is not Family.MUSLLINUX or (platform.version or ()) >= _WITH_TIME64:
        return
    for member in bundle.elves:
        newer = sorted(name for name in member.wanted if _TIME64.fullmatch(name))
        if member.elf.bits == _NARROW and newer:
            what = f"it needs {newer[0]} of musl 1.2, and {platform.tag} promises {platform.libc}"
            yield make_finding("newer-musl", what, member=member.name)


def check_versions(bundle: Bundle, platform: Platform, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each library but glibc that a file wants a newer one of than `policy` promises."""
    if platform.family is not Family.MANYLINUX:
        return
    for member in bundle.elves:
        for need in _outside(member, bundle).version_needs:
            newer = [name for name in need.versions if _exceeds(name, policy)]
            if newer:
                names = ", ".join(newer)
                what = f"it needs {names} of {need.library}, and machines of {policy.name} may have none of it"
                yield make_finding("newer-library", what, member=member.name)


def floor_of(bundle: Bundle) -> Floor | None:
    """Return the newest glibc that the files of the wheel ask for, those that are libraries of it included."""
    return glibc_needs([_outside(member, bundle) for member in bundle.elves]).floor


def _exceeds(name: str, policy: Policy) -> bool:
    family, _, version = name.partition("_")
    return family != _GLIBC and family in policy.versions and version not in policy.versions[family]


def _outside(member: ElfMember, bundle: Bundle) -> ElfFile:
    """Return the file with the versions alone that it needs of libraries outside of the wheel.

    It goes by the name of the member, where a soname that two wheels share would tell nobody which file it is.
    """
    needs = tuple(need for need in member.elf.version_needs if not bundle.is_bundled(need.library))
    return replace(member.elf, version_needs=needs)
