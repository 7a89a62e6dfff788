"""What a Release file says of its suite: parsed from verified bytes, and held against what was asked for.

Fields: https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from xprov.errors import VerificationError
from xprov.records import dataclass

# Both are everywhere, the others are not (FACTS of 2026: `.zst` nowhere, plain ones listed and missing).
# The first is taken. Of bookworm, gzip's is 11.7 MB and xz's 8.5, which take 0.2 and 0.7 seconds to decompress: what
# is fetched less is sooner there only where a line has less than 60 Mbit/s, and it is more of the time then.
COMPRESSIONS = (".gz", ".xz")
# How much later than this machine's clock a release may be dated: clocks of laptops and boards are off by hours.
CLOCK_TOLERANCE = timedelta(days=1)

_MAX_LINE = 64 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexFile:
    """One form of a package index: paths below the suite's folder, SHA-256 in lower-case hex, size in bytes."""

    path: str
    by_hash: str | None
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseFile:
    """One suite as its archive describes it; `sha256` maps a path below the suite's folder to hash and size."""

    origin: str
    label: str
    suite: str
    codename: str
    date: datetime
    valid_until: datetime | None
    architectures: tuple[str, ...]
    components: tuple[str, ...]
    acquire_by_hash: bool
    sha256: Mapping[str, tuple[str, int]]

    def index_for(self, component: str, architecture: str) -> tuple[IndexFile, ...] | None:
        """Return the forms of a package index, the quickest first; None when the suite has none of `architecture`.

        A component may be written with a prefix that the paths lack: Debian-Security's `updates/main` is `main`.
        """
        folder = f"{component.rpartition('/')[2]}/binary-{architecture}"
        paths = (f"{folder}/Packages{ending}" for ending in COMPRESSIONS)
        found = tuple(self._index(folder, path) for path in paths if path in self.sha256)
        return found or None

    def _index(self, folder: str, path: str) -> IndexFile:
        sha256, size = self.sha256[path]
        by_hash = f"{folder}/by-hash/SHA256/{sha256}" if self.acquire_by_hash else None
        return IndexFile(path=path, by_hash=by_hash, sha256=sha256, size=size)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a release file must be of: the suite as it stands in the URL (`bookworm-updates`, `buster/updates`).

    `origin` and `label` are checked where they are given. `not_before` is the date of the release that was last
    accepted from there: an older one is a step back.
    """

    suite: str
    origin: str | None = None
    label: str | None = None
    not_before: datetime | None = None


def read_release(content: bytes, asked: Asked, *, now: datetime, allow_expired: bool = False) -> ReleaseFile:
    """Return what the verified `content` says, when it is of what was asked for and current.

    `allow_expired` takes a mirror that lags, past `Valid-Until`.

    Raises `VerificationError` when it cannot be read, is of another suite or archive, has expired, is dated in the
    future, or is older than `asked.not_before`.
    """
    return check_release(parse_release(content), asked, now=now, allow_expired=allow_expired)


def check_release(release: ReleaseFile, asked: Asked, *, now: datetime, allow_expired: bool = False) -> ReleaseFile:
    """Return `release`, when it is of what was asked for and current. As `read_release`, of what was read."""
    _check_identity(release, asked)
    _check_dates(release, asked, now)
    if release.valid_until and release.valid_until < now and not allow_expired:
        raise VerificationError(
            f"the release file of `{asked.suite}` expired on {release.valid_until:%Y-%m-%d %H:%M} UTC",
            hint="the mirror lags: take another (--mirror), or this one all the same (--allow-expired);"
            " check this machine's clock",
        )
    return release


def parse_release(content: bytes) -> ReleaseFile:
    """Return what a release file says. Raises `VerificationError` when it is not one, or lacks SHA-256 hashes."""
    fields = _fields(content)
    if not fields.get("sha256", "").strip():
        # Never the weaker lists beside it: those could be met by other files.
        raise _broken("it lists no SHA-256 hashes")
    return ReleaseFile(
        origin=fields.get("origin", ""),
        label=fields.get("label", ""),
        suite=fields.get("suite", ""),
        codename=fields.get("codename", ""),
        date=_date(fields.get("date", "")),
        valid_until=_date(fields["valid-until"]) if "valid-until" in fields else None,
        architectures=tuple(fields.get("architectures", "").split()),
        components=tuple(fields.get("components", "").split()),
        acquire_by_hash=fields.get("acquire-by-hash", "").lower() == "yes",
        sha256=_table(fields["sha256"]),
    )


def _broken(reason: str) -> VerificationError:
    return VerificationError(f"the release file cannot be used: {reason}", hint="try another mirror (--mirror)")


def _fields(content: bytes) -> dict[str, str]:
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise _broken(f"byte {error.start} is not UTF-8") from None
    fields: dict[str, list[str]] = {}
    values: list[str] = []
    for number, line in enumerate(lines, start=1):
        if len(line) > _MAX_LINE:
            raise _broken(f"line {number} has {len(line)} characters")
        if line.startswith((" ", "\t")) and fields:
            values.append(line)
        elif match := _FIELD.fullmatch(line.rstrip("\r")):
            values = [match[2].strip()]
            if fields.setdefault(match[1].lower(), values) is not values:
                raise _broken(f"`{match[1]}` stands in it twice")
        elif line.strip():
            raise _broken(f"line {number} is no field")
    return {name: "\n".join(value) for name, value in fields.items()}


def _table(listing: str) -> dict[str, tuple[str, int]]:
    table: dict[str, tuple[str, int]] = {}
    for line in listing.splitlines():
        match line.split():
            case []:
                continue
            case [sha256, size, path] if _SHA256.fullmatch(sha256) and re.fullmatch(r"[0-9]{1,15}", size):
                _check_path(path)
                # Debian lists some names twice; the same file both times, or there would be no telling which.
                if table.setdefault(path, (sha256, int(size))) != (sha256, int(size)):
                    raise _broken(f"`{path}` stands in it twice, with different hashes")
            case _:
                raise _broken(f"`{line.strip()[:100]}` is no hash, size and path")
    return table


def _check_path(path: str) -> None:
    if path.startswith("/") or ".." in path.split("/"):
        raise _broken(f"`{path[:100]}` leads out of the suite's folder")


def _date(text: str) -> datetime:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise _broken(f"`{text[:100]}` is no date") from None
    return date.astimezone(timezone.utc) if date.tzinfo else date.replace(tzinfo=timezone.utc)


def _check_identity(release: ReleaseFile, asked: Asked) -> None:
    answers = asked.suite in _names(release)
    origin = asked.origin is None or asked.origin == release.origin
    label = asked.label is None or asked.label == release.label
    if not (answers and origin and label):
        wanted = " ".join(word for word in (asked.origin, asked.label, asked.suite) if word)
        told = " ".join(word for word in (release.origin, release.label, release.suite, release.codename) if word)
        raise VerificationError(
            f"`{wanted}` was asked for, and the release file is of `{told}`",
            hint="the mirror mixes up suites, or someone in between does: try another (--mirror)",
        )


def _names(release: ReleaseFile) -> set[str]:
    """Return the names in a URL that the release file may answer for.

    Ubuntu's `jammy-updates` has the codename of the whole, `jammy`, for which it must not be taken. Debian's security
    archive was called `buster/updates` until buster, and said `buster` alone.
    """
    if "-" in release.suite and "-" not in release.codename:
        return {release.suite}
    if release.label == "Debian-Security" and "-" not in release.codename:
        return {f"{name.removesuffix('/updates')}/updates" for name in (release.suite, release.codename)}
    return {release.suite, release.codename} - {""}


def _check_dates(release: ReleaseFile, asked: Asked, now: datetime) -> None:
    if release.date > now + CLOCK_TOLERANCE:
        raise VerificationError(
            f"the release file of `{asked.suite}` is dated in the future: {release.date:%Y-%m-%d %H:%M} UTC",
            hint="check this machine's clock",
        )
    if asked.not_before and release.date < asked.not_before:
        raise VerificationError(
            f"the release file of `{asked.suite}` is of {release.date:%Y-%m-%d %H:%M} UTC, "
            f"older than the one of {asked.not_before:%Y-%m-%d %H:%M} UTC that was here before",
            hint="the mirror lags, or someone plays an old state back: try another (--mirror)",
        )
