"""Which hosts may carry a suite: the one that is configured, those of its archive, those the user names."""

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from xprov.apt.release import Release
from xprov.archive.suites import ArchiveHosts, Hosts
from xprov.records import dataclass

# Parts of a suite that a system may go without; what they hang on is the base.
_SIDES = (
    "-updates",
    "-security",
    "-backports",
    "-backports-sloppy",
    "-proposed",
    "-proposed-updates",
    "-lts",
    "/updates",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A base URI to ask. `home` is the entry's own; `old` the host of releases that reached their end of life."""

    uri: str
    home: bool = False
    old: bool = False


def is_side_suite(suite: str) -> bool:
    """Return whether `suite` only adds to another one (`jammy-updates`, `bookworm-security`)."""
    return suite.endswith(_SIDES)


def find_archive(archives: Iterable[ArchiveHosts], uri: str, release: Release | None) -> ArchiveHosts | None:
    """Return the archive that `uri` belongs to, or None: by its Release, or, where there is none, by its host.

    A Release that names another origin (a PPA on a host of Ubuntu's) is proof that it belongs to none.
    """
    if release is not None:
        return next((archive for archive in archives if archive.origin == release.origin), None)
    host = urlsplit(uri).hostname or ""
    return next((archive for archive in archives if f".{host}".endswith(archive.host_suffix)), None)


def candidates(
    uri: str, suite: str, *, archive: ArchiveHosts | None, release: Release | None, mirrors: Sequence[str]
) -> tuple[Candidate, ...]:
    """Return whom to ask for `suite`, in order, each URI once: the entry's own host, the archive's, `mirrors`.

    A third-party archive has its own host and `mirrors` alone.
    """
    hosts = _hosts(archive, suite, release, uri) if archive else None
    found = [Candidate(uri=uri, home=True)]
    if hosts:
        found += [Candidate(uri=other, old=other == hosts.eol) for other in hosts.every]
    found += [Candidate(uri=bare(mirror)) for mirror in mirrors]
    once: dict[str, Candidate] = {}
    for candidate in found:
        once.setdefault(candidate.uri, candidate)
    return tuple(once.values())


def is_same_archive(candidate: Release, home: Release | None, archive: ArchiveHosts | None) -> bool:
    """Return whether `candidate` describes the archive that the entry reads, and not one that shares a suite's name."""
    if home is not None:
        return candidate.identity == home.identity
    return archive is not None and candidate.origin == archive.origin


def bare(uri: str) -> str:
    """Return `uri` without the slash at its end, which makes no difference to apt."""
    return uri.rstrip("/")


def _hosts(archive: ArchiveHosts, suite: str, release: Release | None, uri: str) -> Hosts:
    if archive.security is None:
        return archive.hosts
    if release is not None:
        is_security = release.label == archive.security_label
    else:
        is_security = "security" in uri or suite.endswith(("-security", "/updates"))
    return archive.security if is_security else archive.hosts
