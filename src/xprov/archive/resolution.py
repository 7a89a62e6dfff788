"""What a suite gives for a list of packages: each package of the closure, where it is, and how to know it again."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xprov.archive.candidate import Candidate
    from xprov.archive.client import OpenSuite


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedPackage:
    """A package to fetch. `sha256` in hexadecimal digits, `size` in bytes.

    `path` is below an archive, of which `bases` are the addresses to try, the first one first. `part` is the suite as
    the archive counts them: `bookworm`, `bookworm-security`.
    """

    name: str
    architecture: str
    version: str
    sha256: str
    size: int
    path: str
    part: str
    bases: tuple[str, ...]

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it may be had."""
        return tuple(f"{base}/{self.path}" for base in self.bases)

    @property
    def url(self) -> str:
        """Where it is asked for first."""
        return self.urls[0]

    @property
    def described(self) -> str:
        """How apt writes it: `libasound2-dev:armhf`."""
        return f"{self.name}:{self.architecture}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """The closure of what was asked for in one suite, sorted: the same packages are the same closure.

    `released` has the date of each part that was read, by its name, as RFC 3339 writes it; `warnings` say
    what could not be read.
    """

    suite: str
    architecture: str
    released: dict[str, str]
    packages: tuple[ResolvedPackage, ...]
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """What there is to fetch when nothing is there yet, in bytes."""
        return sum(package.size for package in self.packages)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Resolution:
        """Return what `as_json` was made from. Raises `KeyError` or `TypeError` when it is something else."""
        packages = tuple(
            ResolvedPackage(**{**package, "bases": tuple(package["bases"])}) for package in content["packages"]
        )
        return cls(**{**content, "packages": packages, "warnings": tuple(content["warnings"])})


def resolve_in(
    opened: OpenSuite, wanted: Sequence[str], architecture: str, *, stop: Callable[[str], bool]
) -> Resolution:
    """Return the closure of the packages `wanted` in an open suite, without those that `stop` names.

    Raises `UnsatisfiableError` that says what needs what.
    """
    from xprov.archive.resolver import resolve  # noqa: PLC0415 - not needed for an answer that is known

    chosen = resolve(wanted, opened.archive.look_up, stop=stop)
    return Resolution(
        suite=opened.suite.name,
        architecture=architecture,
        released={part.part.name: f"{part.date:%Y-%m-%dT%H:%M:%SZ}" for part in opened.parts},
        packages=tuple(_resolved(candidate, opened) for candidate in sorted(chosen, key=lambda found: found.name)),
    )


def _resolved(candidate: Candidate, opened: OpenSuite) -> ResolvedPackage:
    return ResolvedPackage(
        name=candidate.name,
        architecture=candidate.package.architecture,
        version=candidate.package.version,
        sha256=candidate.sha256,
        size=candidate.size,
        path=candidate.filename,
        part=candidate.origin,
        bases=opened.bases(candidate),
    )
