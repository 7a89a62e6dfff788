"""The table of suites and of the hosts of their archives: `suites.toml`, typed."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from xprov.glibc import Version, parse_version
from xprov.records import dataclass
from xprov.toml import parse_toml


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """One release of a distribution.

    `version` is None where it has none (sid), `glibc` and `python` where they still move. `time64_armhf` says whether
    armhf's libraries have a 64-bit time_t; `eol` whether the suite has left the usual hosts for the one of old
    releases; `lts` whether it is maintained for years, `keys_expired` whether no key that signed it is valid any more.
    `architectures` are those it was released with, by Debian's names.
    """

    distribution: str
    codename: str
    version: str | None
    glibc: str | None
    python: str | None
    time64_armhf: bool
    eol: bool
    lts: bool
    keys_expired: bool
    architectures: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.distribution}:{self.codename}"

    @property
    def glibc_version(self) -> Version | None:
        """`glibc` as a number to compare by."""
        return parse_version(self.glibc) if self.glibc else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Hosts:
    """Base URIs of one archive: the usual host, the one of further architectures, the one of old releases.

    `snapshot` has every version there ever was, below a folder named by the time.
    """

    main: str
    ports: str | None
    eol: str | None
    snapshot: str | None = None

    @property
    def every(self) -> tuple[str, ...]:
        """The hosts that may carry a suite, those that most often do first."""
        return tuple(uri for uri in (self.ports, self.main, self.eol) if uri)


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveHosts:
    """Where the archive of a distribution is.

    `origin` is what its Release files say under `Origin`, `security_label` what those of its security archive say
    under `Label` where that is an archive of its own. `host_suffix` ends the names of hosts that carry it.
    """

    distribution: str
    origin: str
    host_suffix: str
    hosts: Hosts
    security_label: str | None
    security: Hosts | None


@cache
def archives() -> tuple[ArchiveHosts, ...]:
    """Return the archives that are known."""
    return tuple(_archive(distribution, facts) for distribution, facts in _facts().items())


@cache
def suites() -> tuple[Suite, ...]:
    """Return the suites that are known, those of one distribution from the oldest to the newest."""
    return tuple(
        _suite(distribution, codename, suite, _architectures(facts, codename))
        for distribution, facts in _facts().items()
        for codename, suite in facts["suites"].items()
    )


def find_suite(distribution: str, codename: str) -> Suite | None:
    """Return the suite of `distribution` (`debian`, `ubuntu`) that is called `codename`, or None."""
    wanted = (distribution.lower(), codename.lower())
    return next((suite for suite in suites() if (suite.distribution, suite.codename) == wanted), None)


@cache
def _facts() -> Mapping[str, Any]:
    return parse_toml(Path(__file__).with_name("suites.toml").read_text(encoding="utf-8"))


def _architectures(facts: Mapping[str, Any], codename: str) -> tuple[str, ...]:
    order = list(facts["suites"])
    place = order.index(codename)

    def had(span: Mapping[str, str]) -> bool:
        return order.index(span.get("from", order[0])) <= place <= order.index(span.get("until", order[-1]))

    return tuple(name for name, span in facts["architectures"].items() if had(span))


def _suite(distribution: str, codename: str, facts: Mapping[str, Any], architectures: tuple[str, ...]) -> Suite:
    return Suite(
        distribution=distribution,
        codename=codename,
        version=facts.get("version"),
        glibc=facts.get("glibc"),
        python=facts.get("python"),
        time64_armhf=facts["time64-armhf"],
        eol=facts["eol"],
        lts=facts.get("lts", False),
        keys_expired=facts.get("keys-expired", False),
        architectures=architectures,
    )


def _archive(distribution: str, facts: Mapping[str, Any]) -> ArchiveHosts:
    security = facts.get("security")
    return ArchiveHosts(
        distribution=distribution,
        origin=facts["origin"],
        host_suffix=facts["host-suffix"],
        hosts=_hosts(facts),
        security_label=security["label"] if security else None,
        security=_hosts(security) if security else None,
    )


def _hosts(facts: Mapping[str, Any]) -> Hosts:
    return Hosts(main=facts["main"], ports=facts.get("ports"), eol=facts.get("eol"), snapshot=facts.get("snapshot"))
