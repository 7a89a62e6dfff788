"""What is kept of releases in the cache: files that are replaced in one step, and believed for a while."""

from __future__ import annotations

import contextlib
import os
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FRESH = timedelta(hours=1)
"""How long what a host said of a release counts: runs in a row ask once."""

SHARED = 0o644
"""The mode of what archives publish: no secret, other users of the cache read it too."""


def is_fresh(path: Path, now: datetime) -> bool:
    """Return whether what is kept at `path` still counts; False when nothing is there."""
    try:
        age = now - datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
    except FileNotFoundError:
        return False
    return timedelta(0) <= age < FRESH


def write_kept(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Put what is known of a release in its place at once. A cache that cannot be written keeps what it has."""
    # `tempfile` is slow to import, and numbers of processes are not their own among containers.
    fresh = path.with_name(f".release-{os.urandom(8).hex()}")
    with contextlib.suppress(OSError):
        try:
            with open(fresh, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
                os.fchmod(file.fileno(), mode)
                file.write(content)
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
