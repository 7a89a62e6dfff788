"""What a lock file says, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.environment.model import View
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xprov.archive.resolution import ResolvedPackage
    from xprov.archive.suites import Suite
    from xprov.glibc import Version
    from xprov.target import Target

NAME = "xprov.lock"

FORM = 1
"""The version of the file's form; it rises when a key goes or means something else."""

VIEWS = {"libs": View.LIBS, "full": View.FULL}
"""The words of `--view`, which the file says too."""

DATE = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedTarget:
    """What is locked for one target: what it is for, where it is from, and each package.

    `glibc` is the newest that the packages may need, None where the suite was named and nothing was promised. `view` is
    the larger of the views that can be made of them. `asked` are the packages that the recipes of `libraries` name.
    `released` has the date of each part of the suite, as RFC 3339 writes it. The packages are sorted, without `bases`.
    """

    target: Target
    libraries: tuple[str, ...]
    suite: Suite
    glibc: Version | None
    view: View
    asked: tuple[str, ...]
    released: Mapping[str, str]
    packages: tuple[ResolvedPackage, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """What a lock file says, by the name of the target."""

    targets: Mapping[str, LockedTarget]

    def with_targets(self, fresh: Iterable[LockedTarget]) -> Lock:
        """Return the lock with `fresh` in it; what it says of other targets stays."""
        return Lock(targets={**self.targets, **{locked.target.name: locked for locked in fresh}})
