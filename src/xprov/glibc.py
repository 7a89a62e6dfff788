"""The floor: the newest glibc that a set of ELF files asks for, and what it means for a wheel's tag.

Sources: PEP 600 (`manylinux_X_Y` promises to run on glibc X.Y) and the policies that auditwheel and maturin share
(`manylinux-policy.json`, read in maturin 1.16), which know only some of these tags.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xprov.errors import UsageError
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from xprov.elf import ElfFile
    from xprov.target import Target

Version = tuple[int, ...]
"""A glibc version, compared as numbers: 2.9 is older than 2.10."""

_PREFIX = "GLIBC_"
_PRIVATE = "GLIBC_PRIVATE"

# Versions that name an ability of the loader, and the release that has it (glibc's NEWS and elf/Versions).
_ABILITIES: dict[str, Version] = {
    "GLIBC_ABI_DT_RELR": (2, 36),
    "GLIBC_ABI_GNU_TLS": (2, 42),
    "GLIBC_ABI_GNU2_TLS": (2, 42),
    "GLIBC_ABI_DT_X86_64_PLT": (2, 42),
}

# Names that tags had before PEP 600, in its own table.
_LEGACY_TAGS: dict[str, Version] = {
    "manylinux1": (2, 5),
    "manylinux2010": (2, 12),
    "manylinux2014": (2, 17),
}

# The tags that maturin takes for `--manylinux`; above the last one every release of glibc is assumed to get its own.
_POLICIES: tuple[Version, ...] = tuple(
    (2, minor) for minor in (5, 12, 17, 24, 26, 27, 28, 31, 34, 35, 36, 37, 38, 39, 40, 41)
)

# The lowest policy that lists an architecture. armel stands in none: its wheels are outside of PyPI.
_LOWEST_POLICY: dict[str, Version] = {
    "i386": (2, 5),
    "amd64": (2, 5),
    "armhf": (2, 17),
    "arm64": (2, 17),
    "ppc64el": (2, 17),
    "s390x": (2, 17),
    "riscv64": (2, 31),
    "loong64": (2, 36),
}

# Libraries that every policy expects on the machine that a wheel is installed on, beside the toolchain's own: they are
# not bundled, so what they ask of glibc is no matter of the tag.
_EXPECTED = frozenset(
    {
        *("libX11.so.6", "libXext.so.6", "libXrender.so.1", "libICE.so.6", "libSM.so.6", "libGL.so.1"),
        *("libgobject-2.0.so.0", "libgthread-2.0.so.0", "libglib-2.0.so.0", "libexpat.so.1", "libz.so.1"),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Floor:
    """The newest glibc that is asked for, by which name (`GLIBC_2.38`, `GLIBC_ABI_DT_RELR`), and by which file.

    `library` is what the file is called by those that need it, its soname.
    """

    version: Version
    symbol_version: str
    library: str
    file: Path

    @property
    def why(self) -> str:
        """The proof, for people: `libasound.so.2: GLIBC_2.38`."""
        return f"{self.library}: {self.symbol_version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class GlibcNeeds:
    """What a set of files asks of glibc.

    `private` are files that use glibc's insides (GLIBC_PRIVATE): they run with the one build of glibc that they were
    made for, whatever the floor. `unknown` are files with an ability that xprov has not heard of, and its name: their
    floor is at least what `floor` says.
    """

    floor: Floor | None
    private: tuple[Path, ...] = ()
    unknown: tuple[tuple[Path, str], ...] = ()


def parse_version(text: str) -> Version:
    """Return the glibc version that `text` means: `2.31`, `2_31`, `manylinux_2_31`, `manylinux2014` or `2014`.

    Raises `UsageError` when it means none.
    """
    word = text.strip().lower()
    legacy = word if word.startswith("manylinux") else f"manylinux{word}"
    if legacy in _LEGACY_TAGS:
        return _LEGACY_TAGS[legacy]
    if match := re.fullmatch(r"(?:manylinux_?)?([0-9]+)[._]([0-9]+)", word):
        return int(match[1]), int(match[2])
    raise UsageError(f"`{text}` is no glibc version", hint="write it like `2.31`, or like the tag: `manylinux_2_31`")


def read_version(text: str) -> Version:
    """Return what `format_version` wrote, which may have a third number: x86_64's symbols begin with GLIBC_2.2.5.

    Raises `UsageError` when it means no version.
    """
    if re.fullmatch(r"[0-9]+(\.[0-9]+){2}", text):
        return tuple(map(int, text.split(".")))
    return parse_version(text)


def format_version(version: Version) -> str:
    """Return `version` the way glibc writes it: `2.31`."""
    return ".".join(map(str, version))


def format_tag(version: Version) -> str:
    """Return the tag of PEP 600 for exactly `version`: `manylinux_2_31`. A third number makes no other tag."""
    return f"manylinux_{version[0]}_{version[1]}"


def lowest_tag(floor: Version, target: Target) -> str:
    """Return the lowest tag that is true for `floor` on `target` and that maturin and auditwheel know."""
    least = max(floor[:2], _LOWEST_POLICY.get(target.debian, floor[:2]))
    return format_tag(next((policy for policy in _POLICIES if policy >= least), least))


def is_bundled(library: str) -> bool:
    """Return whether a wheel that needs `library` (a soname) has to carry it. The toolchain's own are not asked for."""
    return library not in _EXPECTED


def glibc_needs(files: Iterable[ElfFile]) -> GlibcNeeds:
    """Return what `files` together ask of glibc. Of equals, the first file is the one that is named."""
    floor: Floor | None = None
    private: list[Path] = []
    unknown: list[tuple[Path, str]] = []
    for file in files:
        for name in _asked(file):
            version = _version_of(name)
            if name == _PRIVATE:
                private.append(file.path)
            elif version is None:
                unknown.append((file.path, name))
            elif floor is None or version > floor.version:
                floor = Floor(version=version, symbol_version=name, library=file.name, file=file.path)
    return GlibcNeeds(floor=floor, private=tuple(dict.fromkeys(private)), unknown=tuple(dict.fromkeys(unknown)))


def _asked(file: ElfFile) -> list[str]:
    return [name for need in file.version_needs for name in need.versions if name.startswith(_PREFIX)]


def _version_of(name: str) -> Version | None:
    """Return the release of glibc that `name` came with; None when only glibc knows."""
    if match := re.fullmatch(r"GLIBC_([0-9]+(?:\.[0-9]+)+)", name):
        return tuple(map(int, match[1].split(".")))
    return _ABILITIES.get(name)


def floor_warning(library: str, floor: Floor, toolchain: Version, target: Target) -> str | None:
    """Return what is wrong when `library` needs a newer glibc than `toolchain` links against, or None if it does not.

    `library` is how people call it, with its version if known: `alsa 1.2.14`. `floor` is that of everything of it
    that goes into the wheel.
    """
    if floor.version[:2] <= toolchain[:2]:
        return None
    wanted = lowest_tag(toolchain, target).removeprefix("manylinux_")
    return (
        f"{library} needs glibc {format_version(floor.version)} ({floor.why}), your toolchain has "
        f"{format_version(toolchain)}: maturin refuses `--manylinux {wanted}`; "
        f"the lowest honest tag is {lowest_tag(floor.version, target)}"
    )
