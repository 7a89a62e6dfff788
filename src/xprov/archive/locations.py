"""Which hosts may have a suite, and under which names its parts lie there.

A suite of Debian or Ubuntu is several to its archive: the release itself, its updates, its security updates. They are
read together. Pure: the user's sources are given, nobody is asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xprov.archive.suites import archives
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from xprov.apt.entry import Entry
    from xprov.archive.suites import ArchiveHosts, Hosts, Suite

# Suites that have no parts beside them: they move on all the time.
_ROLLING = ("sid", "forky")
# The architectures of Ubuntu's main host; all others are on the one for ports.
_MAIN_ARCHITECTURES = ("amd64", "i386")
# Up to buster Debian's security suite was `buster/updates`; from bullseye on it is `bullseye-security`.
_OLD_SECURITY = ("jessie", "stretch", "buster")
# What sources may call a suite of Debian instead: which one that is depends on the day, which host it is does not.
_ALIASES = ("stable", "oldstable", "oldoldstable", "testing", "unstable")
# apt-pkg/contrib/strutl.cc, `StringToBool`.
_SAID_NO = frozenset({"no", "false", "without", "off", "disable", "0"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One of the suites, as archives count them, that make up a suite.

    `name` stands behind `dists/`, `label` is what its release file says under Label where that tells it from others.
    """

    name: str
    label: str | None
    security: bool
    required: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """A host that may have a part: the base URI of its archive.

    `signed_by` are key files, or keys, that count there beside those that come with xprov. `chosen` says that the user
    named it for this: no other one takes its place. `guessed` says that it is from the sources of the user's apt, and
    may be somebody else's archive, whose suites are called like the distribution's.
    """

    uri: str
    signed_by: tuple[Path | bytes, ...] = ()
    allow_expired: bool = False
    chosen: bool = False
    guessed: bool = False

    @property
    def dists(self) -> str:
        return f"{self.uri}/dists"


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """What the user says of how archives are to be read: `--mirror`, `--keyring`, `--allow-expired`, `--offline`.

    `snapshot` is where packages are that have left their archive, None for the archive's own snapshots.
    """

    mirror: str | None = None
    snapshot: str | None = None
    keyring: Path | None = None
    allow_expired: bool = False
    offline: bool = False


def archive_of(suite: Suite) -> ArchiveHosts:
    """Return the archive that `suite` is kept in."""
    return next(archive for archive in archives() if archive.distribution == suite.distribution)


def parts_of(suite: Suite) -> tuple[Part, ...]:
    """Return the parts of `suite`; of the same version of a package, the first one's is taken."""
    archive = archive_of(suite)
    name = suite.codename
    base = Part(name=name, label=None, security=False, required=True)
    if name in _ROLLING:
        return (base,)
    security = f"{name}/updates" if name in _OLD_SECURITY else f"{name}-security"
    return (
        base,
        Part(name=f"{name}-updates", label=None, security=False, required=False),
        Part(name=security, label=archive.security_label, security=archive.security is not None, required=False),
    )


def locations(
    suite: Suite, part: Part, architecture: str, access: Access, own: Iterable[Entry], host_suite: str
) -> tuple[Location, ...]:
    """Return where `part` of `suite` may be had for `architecture`, the first to be asked first.

    A mirror that the user named comes first, and for all but security alone; then the hosts of the `own` apt sources,
    if they are of the same distribution, as `host_suite` (`debian:bookworm`) tells; then those that are known.
    """
    archive = archive_of(suite)
    named = tuple(_named(access, part))
    if named and not part.security:
        return named
    hosts = archive.security if part.security and archive.security else archive.hosts
    distribution, _, codename = host_suite.partition(":")
    found = [*named, *(_own(own, part, codename) if distribution == suite.distribution else ())]
    found += [
        Location(uri=uri, allow_expired=access.allow_expired or suite.eol)
        for uri in _ordered(hosts, suite, architecture)
    ]
    return tuple({location.uri: location for location in reversed(found)}.values())[::-1]


def _named(access: Access, part: Part) -> Iterator[Location]:
    if access.mirror is None:
        return
    base = access.mirror.rstrip("/")
    # Mirrors of Debian that have its security archive too keep it beside the other one, under this name.
    yield Location(
        uri=f"{base}-security" if part.security else base,
        signed_by=(access.keyring,) if access.keyring else (),
        allow_expired=access.allow_expired,
        chosen=not part.security,
    )


def _own(entries: Iterable[Entry], part: Part, codename: str) -> Iterator[Location]:
    """Yield the hosts of the user's sources that have the same part of the machine's own suite."""
    for entry in entries:
        if not entry.is_binary or "main" not in {name.rpartition("/")[2] for name in entry.components}:
            continue
        if not any(_is_like(name, part, codename) for name in entry.suites):
            continue
        options = dict(entry.options)
        for uri in entry.uris:
            if uri.startswith(("http://", "https://")):
                yield Location(
                    uri=uri.rstrip("/"),
                    signed_by=tuple(_keys(options.get("Signed-By", ""))),
                    allow_expired=options.get("Check-Valid-Until", "").lower() in _SAID_NO,
                    guessed=True,
                )


def _is_like(name: str, part: Part, codename: str) -> bool:
    names = (codename, *_ALIASES)
    if part.security:
        return name in {f"{known}{ending}" for known in names for ending in ("-security", "/updates")}
    return name in {f"{known}{ending}" for known in names for ending in ("", "-updates")}


def _keys(value: str) -> Iterator[Path | bytes]:
    """Yield the keys that `Signed-By` names (sources.list(5)): files, or one that stands there itself."""
    if "-----BEGIN" in value:
        yield value.encode()
        return
    # Fingerprints pick from apt's own keyring: those that come with xprov count anyway.
    yield from (Path(word) for word in value.replace(",", " ").split() if word.startswith("/"))


def _ordered(hosts: Hosts, suite: Suite, architecture: str) -> tuple[str, ...]:
    ports = (hosts.main, hosts.ports) if architecture in _MAIN_ARCHITECTURES else (hosts.ports, hosts.main)
    every = (hosts.eol, *ports) if suite.eol else (*ports, hosts.eol)
    return tuple(uri for uri in every if uri)
