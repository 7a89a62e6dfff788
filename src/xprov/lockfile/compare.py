"""What has changed in a suite since a lock was written. Pure."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from xprov.archive.locations import parts_of
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from xprov.archive.resolution import ResolvedPackage
    from xprov.lockfile.model import LockedTarget


class Change(str, Enum):
    """How a package that would be locked now stands to the one that is."""

    NEWER = "newer"
    OLDER = "older"
    """The host that was asked lags behind the one that the lock was made by."""
    REBUILT = "rebuilt"
    """Of the same version, and not the same file."""
    ADDED = "added"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A package that is not what is locked: its versions, None where it is not there, and the part that has it now.

    `security` says that the part is the suite's security updates.
    """

    name: str
    change: Change
    locked: str | None
    newest: str | None
    part: str | None
    security: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "package": self.name,
            "change": self.change.value,
            "locked": self.locked,
            "newest": self.newest,
            "part": self.part,
            "security": self.security,
        }


def compare(locked: LockedTarget, packages: Sequence[ResolvedPackage]) -> tuple[Difference, ...]:
    """Return how `packages`, which would be locked now, differ from those that are, sorted by name."""
    security = {part.name for part in parts_of(locked.suite) if part.name.endswith(("-security", "/updates"))}
    return tuple(_differences(locked.packages, packages, security))


def _differences(
    locked: Sequence[ResolvedPackage], packages: Sequence[ResolvedPackage], security: set[str]
) -> Iterator[Difference]:
    before, now = {package.name: package for package in locked}, {package.name: package for package in packages}
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if (change := _change(old, new)) is not None:
            yield Difference(
                name=name,
                change=change,
                locked=old.version if old else None,
                newest=new.version if new else None,
                part=new.part if new else None,
                security=new is not None and new.part in security,
            )


def _change(old: ResolvedPackage | None, new: ResolvedPackage | None) -> Change | None:
    from debian.debian_support import version_compare  # noqa: PLC0415 - slow to import

    if old is None:
        return Change.ADDED
    if new is None:
        return Change.GONE
    if old.sha256 == new.sha256:
        return None
    order = version_compare(new.version, old.version)
    if order == 0:
        return Change.REBUILT
    return Change.NEWER if order > 0 else Change.OLDER


def is_behind(differences: Iterable[Difference]) -> bool:
    """Return whether a new lock would be another one, for more than that the host that was asked lags behind."""
    return any(difference.change is not Change.OLDER for difference in differences)
