"""Release files: fetched from a location, verified, and kept as the last state that is known of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.archive.keyring import Keyring
from xprov.archive.locations import archive_of
from xprov.archive.release import Asked, read_release
from xprov.archive.signature import MAX_SIZE, verify_cleartext, verify_detached
from xprov.errors import NetworkError, VerificationError
from xprov.net import shown

if TYPE_CHECKING:
    from xprov.archive.locations import Access, Location, Part
    from xprov.archive.release import ReleaseFile
    from xprov.archive.suites import Suite
    from xprov.net import Client

# How long a release file that was fetched counts as the present one: runs in a row ask once.
FRESH = timedelta(hours=1)

_SPLIT = b"\n-----xprov: signature of the above-----\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Releases:
    """Reads release files by way of the cache's `folder`, in which the newest of each location stays."""

    folder: Path
    access: Access
    client: Client
    now: datetime

    def read(self, suite: Suite, part: Part, location: Location) -> ReleaseFile | None:
        """Return what the archive at `location` says of `part`, verified; None when it has no such suite.

        What was fetched within `FRESH` is not asked for again, and what is older than the last that was seen never
        takes its place: mirrors step back when one of their servers lags, and so does an attacker.

        Raises `NetworkError` when the host does not answer, or, offline, when the cache has nothing;
        `VerificationError` when the signature or what is signed is not right.
        """
        kept = self._path(location, part)
        known = self._kept(kept, suite, part, location)
        if known and (self.access.offline or self._is_fresh(kept)):
            return known
        if self.access.offline:
            raise NetworkError(
                f"offline, and the cache has no release file of `{part.name}` from `{shown(location.uri)}`",
                hint="run the same once without --offline",
            )
        fetched = self._fetch(part, location)
        if fetched is None:
            return None
        release = self._verified(fetched, suite, part, location)
        if known and release.date < known.date:
            return known
        write_kept(kept, fetched)
        return release

    def _path(self, location: Location, part: Part) -> Path:
        name = hashlib.sha256(f"{location.uri} {part.name}".encode()).hexdigest()
        return self.folder / name

    def _is_fresh(self, kept: Path) -> bool:
        age = self.now - datetime.fromtimestamp(kept.stat().st_mtime, timezone.utc)
        return timedelta(0) <= age < FRESH

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

    def _verified(self, fetched: bytes, suite: Suite, part: Part, location: Location) -> ReleaseFile:
        keyring = _keyring(suite, location)
        content, mark, signature = fetched.rpartition(_SPLIT)
        if mark:
            verified = verify_detached(content, signature, keyring, now=self.now)
        else:
            verified = verify_cleartext(fetched, keyring, now=self.now)
        # Keys that the user names are trusted for what the user names them for, whatever that calls itself.
        origin = None if location.chosen and location.signed_by else archive_of(suite).origin
        asked = Asked(suite=part.name, origin=origin, label=part.label)
        return read_release(verified.content, asked, now=self.now, allow_expired=location.allow_expired)


def _keyring(suite: Suite, location: Location) -> Keyring:
    """Return the keys that count at `location`: those that come with xprov, and those that the user named for it."""
    # apt's sources may name a file that is not there; a file that was named for this has to be.
    keys = [key for key in location.signed_by if location.chosen or isinstance(key, bytes) or key.is_file()]
    named = [Keyring.load(key) for key in keys]
    return Keyring.join(Keyring.of(suite), *named)


def write_kept(path: Path, content: bytes) -> None:
    """Put what is known of a release in its place at once. A cache that cannot be written keeps what it has."""
    with contextlib.suppress(OSError):
        handle, name = tempfile.mkstemp(prefix=".release-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
