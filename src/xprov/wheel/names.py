"""What a wheel's name promises: interpreters, ABIs, and the machines and C libraries of its platform tags. Pure.

Sources: the binary distribution format (PEP 427, "File name convention"), PEP 425 (compressed tag sets), PEP 600 and
its legacy aliases, PEP 656.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from xprov.errors import UsageError
from xprov.glibc import format_version, parse_version
from xprov.records import dataclass
from xprov.target import TARGETS, Libc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xprov.glibc import Version
    from xprov.target import Target


class Family(str, Enum):
    """What kind of promise a platform tag is."""

    MANYLINUX = "manylinux"
    MUSLLINUX = "musllinux"
    LINUX = "linux"
    ANY = "any"
    OTHER = "other"
    """Another system than Linux."""


# The machines that pip takes manylinux wheels for, and from which glibc on (packaging, `_manylinux.platform_tags`).
_ACCEPTED = {
    **dict.fromkeys(("aarch64", "armv7l", "loongarch64", "ppc64", "ppc64le", "riscv64", "s390x"), (2, 17)),
    **dict.fromkeys(("i686", "x86_64"), (2, 5)),
}

# Each names the family, the version if it has one, and the machine.
_FORMS = (
    (re.compile(r"(?P<version>manylinux(?:1|2010|2014))_(?P<machine>.+)"), Family.MANYLINUX),
    (re.compile(r"manylinux_(?P<version>\d+_\d+)_(?P<machine>.+)"), Family.MANYLINUX),
    (re.compile(r"musllinux_(?P<version>\d+_\d+)_(?P<machine>.+)"), Family.MUSLLINUX),
    (re.compile(r"linux_(?P<machine>.+)"), Family.LINUX),
    (re.compile(r"any"), Family.ANY),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """A platform tag. `version` is that of glibc or musl, `machine` what `uname -m` says there, None for `any`."""

    tag: str
    family: Family
    version: Version | None = None
    machine: str | None = None

    @property
    def target(self) -> Target | None:
        """The machine, None where the table has it not."""
        libc = Libc.MUSL if self.family is Family.MUSLLINUX else Libc.GLIBC
        found = (target for target in TARGETS if target.platform == self.machine and target.libc is libc)
        return next(found, None)

    @property
    def is_accepted(self) -> bool:
        """Whether there can be a machine that pip installs it on."""
        if self.family is not Family.MANYLINUX or self.version is None:
            return True
        oldest_known = _ACCEPTED.get(self.machine or "")
        return oldest_known is not None and self.version >= oldest_known

    @property
    def libc(self) -> str:
        """What it promises, for people: `glibc 2.17`."""
        name = {Family.MANYLINUX: "glibc", Family.MUSLLINUX: "musl"}.get(self.family, "any libc")
        return f"{name} {format_version(self.version)}" if self.version else name


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelTag:
    """One of the tags that a name stands for: `cp311`, `abi3`, `manylinux_2_17_x86_64`."""

    interpreter: str
    abi: str
    platform: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelName:
    """What a wheel's name says. `distribution` is normalized (`pydantic-core`), `version` as packaging writes it."""

    file: str
    distribution: str
    version: str
    tags: tuple[WheelTag, ...]

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """Every platform of the name."""
        return tuple(parse_platform(tag) for tag in dict.fromkeys(tag.platform for tag in self.tags))

    @property
    def promises(self) -> tuple[Platform, ...]:
        """The platforms that a wheel is judged by: of each machine and C library the oldest that pip ever goes by."""
        accepted = [platform for platform in self.platforms if platform.is_accepted]
        return oldest(accepted or self.platforms)


def parse_wheel_name(file: str) -> WheelName:
    """Return what the name of a wheel says. Raises `UsageError` when it is none."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename  # noqa: PLC0415 - slow to import

    try:
        distribution, version, _build, tags = parse_wheel_filename(file)
    except (InvalidWheelFilename, ValueError) as error:
        raise UsageError(f"`{file}` is no name of a wheel: {error}") from None
    found = (WheelTag(interpreter=tag.interpreter, abi=tag.abi, platform=tag.platform) for tag in tags)
    ordered = sorted(found, key=lambda tag: (tag.interpreter, tag.abi, tag.platform))
    return WheelName(file=file, distribution=str(distribution), version=str(version), tags=tuple(ordered))


def parse_platform(tag: str) -> Platform:
    """Return what a platform tag promises; of another system than Linux, no more than that it is one."""
    for form, family in _FORMS:
        if match := form.fullmatch(tag):
            parts = match.groupdict()
            version = parts.get("version")
            return Platform(
                tag=tag,
                family=family,
                version=parse_version(version) if version else None,
                machine=parts.get("machine"),
            )
    return Platform(tag=tag, family=Family.OTHER)


def oldest(platforms: Iterable[Platform]) -> tuple[Platform, ...]:
    """Return of each machine and kind of promise the one that promises the oldest libc."""
    found: dict[tuple[Family, str | None], Platform] = {}
    for platform in platforms:
        key = (platform.family, platform.machine)
        if key not in found or (platform.version or ()) < (found[key].version or ()):
            found[key] = platform
    return tuple(found.values())
