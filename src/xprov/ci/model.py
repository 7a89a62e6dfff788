"""What a workflow does, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.records import dataclass

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from xprov.ci.images import Build


@dataclass(frozen=True, kw_only=True, slots=True)
class Workflow:
    """A workflow that builds wheels, proves them and, where `publishes`, uploads those of a tag.

    `command` is what it was made by, `setup` what `xprov setup TARGET` is given besides, `requirement` what pip
    installs as xprov. `folder` is where the project is below the top of the checkout, `locks` are the files there by
    which the caches are told apart. `find_interpreter` has maturin build a wheel for each Python. `unproven` says why
    not every wheel can be proven, None where every one can.
    """

    command: str
    builds: tuple[Build, ...]
    setup: tuple[str, ...]
    requirement: str
    folder: PurePosixPath
    locks: tuple[PurePosixPath, ...]
    find_interpreter: bool
    unproven: str | None
    publishes: bool
