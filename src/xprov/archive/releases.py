"""Release files: fetched from a location, verified, and kept as the last state that is known of it."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

from xprov.archive.kept import SHARED, is_fresh, write_kept
from xprov.archive.keyring import Keyring
from xprov.archive.locations import archive_of
from xprov.archive.release import Asked, check_release, parse_release
from xprov.archive.signature import MAX_SIZE, StrangerError, verify_cleartext, verify_detached
from xprov.errors import NetworkError, UsageError, VerificationError
from xprov.net import shown
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from xprov.archive.locations import Access, Location, Part
    from xprov.archive.release import ReleaseFile
    from xprov.archive.suites import Suite
    from xprov.net import Client

_SPLIT = b"\n-----xprov: signature of the above-----\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Releases:
    """Reads release files by way of the cache's `folder`, in which the newest of each location stays."""

    folder: Path
    access: Access
    client: Client
    now: datetime
    warn: Callable[[str], None]

    def read(self, suite: Suite, part: Part, location: Location, *, again: bool = False) -> ReleaseFile | None:
        """Return what the archive at `location` says of `part`, verified; None when it has no such suite.

        What was fetched within `FRESH` is asked for `again` only where that is wanted. What is older than the last that
        was seen never takes its place: mirrors step back when one of their servers lags, and so does an attacker.
        Offline, what has expired counts: nothing newer can be had.

        Raises `NetworkError` when the host does not answer, or, offline, when the cache has nothing;
        `VerificationError` when the signature or what is signed is not right.
        """
        kept = self._path(location, part)
        known = self._kept(kept, suite, part, location)
        if known and (self.access.offline or (is_fresh(kept, self.now) and not again)):
            return known
        if self.access.offline:
            raise NetworkError(
                f"offline, and the cache has no release file of `{part.name}` from `{shown(location.uri)}`",
                hint="run the same once without --offline",
            )
        fetched = self._fetch(part, location)
        release = self._verified(fetched, suite, part, location) if fetched is not None else None
        if fetched is None or release is None:
            return None
        if known and release.date < known.date:
            self.warn(
                f"`{part.name}` at `{shown(location.uri)}` is of {release.date:%Y-%m-%d %H:%M} UTC, older than what was"
                f" there before: going on with what it had at {known.date:%Y-%m-%d %H:%M} UTC"
            )
            return known
        write_kept(kept, fetched, mode=SHARED)
        return release

    def _path(self, location: Location, part: Part) -> Path:
        name = hashlib.sha256(f"{location.uri} {part.name}".encode()).hexdigest()
        return self.folder / name

    def _kept(self, kept: Path, suite: Suite, part: Part, location: Location) -> ReleaseFile | None:
        """Return the release file that the cache has, unless it is no longer good: it is verified again."""
        try:
            return self._verified(kept.read_bytes(), suite, part, location)
        except (OSError, VerificationError):
            return None

    def _fetch(self, part: Part, location: Location) -> bytes | None:
        """Return InRelease, or Release with its signature behind it, as far as the location has them."""
        base = f"{location.dists}/{part.name}"
        signed = self.client.get(f"{base}/InRelease", limit=MAX_SIZE)
        if signed is not None:
            return signed
        content = self.client.get(f"{base}/Release", limit=MAX_SIZE)
        signature = self.client.get(f"{base}/Release.gpg", limit=MAX_SIZE) if content is not None else None
        return content + _SPLIT + signature if content is not None and signature is not None else None

    def _verified(self, fetched: bytes, suite: Suite, part: Part, location: Location) -> ReleaseFile | None:
        """Return what a release file says; None when it is that of another archive than the suite's."""
        try:
            content = _signed(fetched, _keyring(suite, location), self.now)
        except StrangerError:
            if location.guessed:
                return None
            raise
        archive = archive_of(suite)
        release = parse_release(content)
        if location.guessed and release.origin != archive.origin:
            return None
        # Keys that the user names are trusted for what the user names them for, whatever that calls itself.
        origin = None if location.chosen and location.signed_by else archive.origin
        asked = Asked(suite=part.name, origin=origin, label=part.label)
        allowed = location.allow_expired or self.access.offline
        return check_release(release, asked, now=self.now, allow_expired=allowed)


def _signed(fetched: bytes, keyring: Keyring, now: datetime) -> bytes:
    content, mark, signature = fetched.rpartition(_SPLIT)
    if mark:
        return verify_detached(content, signature, keyring, now=now).content
    return verify_cleartext(fetched, keyring, now=now).content


def _keyring(suite: Suite, location: Location) -> Keyring:
    """Return the keys that count at `location`: those that come with xprov, and those that the user named for it."""
    shipped = Keyring.of(suite)
    if not location.guessed:
        return Keyring.join(shipped, *map(Keyring.load, location.signed_by))
    named = []
    for key in location.signed_by:
        # apt's sources may name what is not there, or is no key: apt says so, and it may be another archive's.
        with contextlib.suppress(UsageError):
            named.append(Keyring.load(key))
    return Keyring.join(shipped, *named)
