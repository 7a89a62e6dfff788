"""Where a package is that has left its archive: the snapshots of Debian and Ubuntu keep every version for ever.

Both have the archive as it was at any time below a folder named by that time (https://snapshot.debian.org/,
https://snapshot.ubuntu.com/). Debian's is made a few times a day: what is asked for by a time in between is what was
there before it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from xprov.archive.suites import archives, find_suite

if TYPE_CHECKING:
    from xprov.archive.locations import Access
    from xprov.archive.resolution import Resolution, ResolvedPackage


# What a release brings is in the snapshot after it, not before, and stays in the archive for a while when it is
# superseded (dak clean-suites, StayOfExecution).
_LATER = timedelta(days=1)


def snapshot_urls(package: ResolvedPackage, resolution: Resolution, access: Access) -> tuple[str, ...]:
    """Return where `package` of `resolution` is to be had when its archive has it no more; () where nowhere is known.

    The times are that of the release that it was found in (`20260912T075541Z`), and a day later.
    """
    released = resolution.released.get(package.part)
    base = access.snapshot or _base(resolution.suite, package.part)
    if not released or not base:
        return ()
    time = datetime.fromisoformat(released.replace("Z", "+00:00"))
    return tuple(f"{base.rstrip('/')}/{at:%Y%m%dT%H%M%SZ}/{package.path}" for at in (time, time + _LATER))


def _base(suite_name: str, part: str) -> str | None:
    suite = find_suite(*suite_name.split(":", 1))
    archive = next((known for known in archives() if suite and known.distribution == suite.distribution), None)
    if archive is None:
        return None
    security = part.endswith(("-security", "/updates")) and archive.security is not None
    hosts = archive.security if security and archive.security else archive.hosts
    return hosts.snapshot
