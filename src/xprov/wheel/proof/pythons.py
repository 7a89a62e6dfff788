"""Which Pythons may prove a wheel: the suites that satisfy its tag, the oldest glibc first. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xprov.glibc import format_version
from xprov.records import dataclass
from xprov.wheel.names import Family

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from xprov.archive.suites import Suite
    from xprov.wheel.names import Platform, WheelName

Release = tuple[int, int]
"""A version of Python, (3, 11)."""


# What `inside` is written for.
_OLDEST: Release = (3, 6)


@dataclass(frozen=True, kw_only=True, slots=True)
class SuitePython:
    """The Python of a suite."""

    suite: Suite
    release: Release

    @property
    def described(self) -> str:
        return f"{self.suite.name}'s Python {format_version(self.release)}"


def suite_pythons(
    name: WheelName, platform: Platform, requires_python: str, suites: Iterable[Suite]
) -> tuple[SuitePython, ...]:
    """Return the Pythons of `suites` that pip would install the wheel for, the one with the oldest glibc first.

    `requires_python` is that of its metadata. Suites whose keys have expired come last, as elsewhere.
    """
    target = platform.target
    if target is None or platform.family not in (Family.MANYLINUX, Family.LINUX):
        return ()
    found = [
        SuitePython(suite=suite, release=_release(suite.python))
        for suite in suites
        if suite.python is not None
        and target.debian in suite.architectures
        and (suite.glibc_version or ()) >= (platform.version or ())
        and accepts(_release(suite.python), name, platform, requires_python)
    ]
    return tuple(sorted(found, key=lambda python: (python.suite.keys_expired, python.suite.glibc_version or ())))


def accepts(release: Release, name: WheelName, platform: Platform, requires_python: str) -> bool:
    """Return whether pip of CPython `release`, on a machine that `platform` is for, takes the wheel.

    A Python that is older than what `inside` is written for is not asked.
    """
    from packaging import tags  # noqa: PLC0415 - slow to import

    if release < _OLDEST or not _is_required(release, requires_python):
        return False
    own = f"cp{release[0]}{release[1]}"
    # Up to 3.7 the ABI had an `m` for its memory allocator.
    abis = [own, f"{own}m"]
    taken = {
        *tags.cpython_tags(release, abis, [platform.tag]),
        *tags.compatible_tags(release, own, [platform.tag]),
    }
    return any((tag.interpreter, tag.abi, tag.platform) in _triples(taken) for tag in name.tags)


def why_none(name: WheelName, platform: Platform, requires_python: str, pythons: Sequence[SuitePython]) -> str:
    """Return why there is no suite to prove the wheel with."""
    if platform.family is Family.MUSLLINUX:
        return "Debian and Ubuntu have no Python for musl"
    if platform.target is None or platform.family is Family.OTHER:
        return f"no suite is for {platform.machine or platform.tag}"
    if pythons:
        return "none of its suites can be had"
    wanted = ", ".join(sorted({f"{tag.interpreter}-{tag.abi}" for tag in name.tags}))
    only = f" and Python {requires_python}" if requires_python else ""
    return f"no suite for {platform.machine} with {platform.libc} or newer has a Python for {wanted}{only}"


def _is_required(release: Release, requires_python: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - slow to import

    try:
        # The last of its patch releases, as a suite has it: `>=3.9.2` does not keep 3.9 out.
        return SpecifierSet(requires_python).contains(f"{format_version(release)}.99")
    except InvalidSpecifier:
        return True


def _triples(taken: Iterable[object]) -> set[tuple[str, ...]]:
    return {tuple(str(tag).split("-")) for tag in taken}


def _release(text: str) -> Release:
    major, minor = re.findall(r"\d+", text)[:2]
    return int(major), int(minor)
