"""Where a package is that has left its archive: the snapshots of Debian and Ubuntu keep every version for ever.

Both have the archive as it was at any time below a folder named by that time (https://snapshot.debian.org/,
https://snapshot.ubuntu.com/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.archive.suites import archives, find_suite

if TYPE_CHECKING:
    from xprov.archive.locations import Access
    from xprov.archive.resolution import Resolution, ResolvedPackage


def snapshot_urls(package: ResolvedPackage, resolution: Resolution, access: Access) -> tuple[str, ...]:
    """Return where `package` of `resolution` is to be had when its archive has it no more; () where nowhere is known.

    The time is that of the release that it was found in: `20260912T075541Z`.
    """
    released = resolution.released.get(package.part)
    base = access.snapshot or _base(resolution.suite, package.part)
    if not released or not base:
        return ()
    time = released.replace("-", "").replace(":", "")
    return (f"{base.rstrip('/')}/{time}/{package.path}",)


def _base(suite_name: str, part: str) -> str | None:
    suite = find_suite(*suite_name.split(":", 1))
    archive = next((known for known in archives() if suite and known.distribution == suite.distribution), None)
    if archive is None:
        return None
    security = part.endswith(("-security", "/updates")) and archive.security is not None
    hosts = archive.security if security and archive.security else archive.hosts
    return hosts.snapshot
