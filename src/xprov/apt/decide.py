"""Decide, from answers alone, who serves an architecture of what an entry reads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace  # noqa: TID251 - it has what changes
from pathlib import Path

from xprov.apt.candidates import Candidate, bare, candidates, find_archive, is_same_archive
from xprov.apt.entry import Entry
from xprov.apt.questions import Desk, Found, IndexQuestion, ReleaseQuestion, Silent
from xprov.apt.release import Release
from xprov.archive.suites import ArchiveHosts, archives

_VARIABLE = "$(ARCH)"


@dataclass(frozen=True, kw_only=True, slots=True)
class SourcesRequest:
    """What the sources are wanted for.

    `target` and `native` are Debian architectures; `others` further foreign ones that dpkg had before xprov came;
    `mirrors` base URIs that the user names. `root` is where `etc/apt` lies.
    """

    target: str
    native: str
    others: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()
    root: Path = Path("/")
    archives: tuple[ArchiveHosts, ...] = field(default_factory=archives)

    @property
    def own(self) -> tuple[str, ...]:
        """The architectures that the user's entries serve when they name none."""
        return (self.native, *(name for name in self.others if name not in (self.native, self.target)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One suite in one place, as an entry of the user's reads it for the native architecture."""

    entry: Entry
    uri: str
    suite: str

    @property
    def components(self) -> tuple[str, ...]:
        return self.entry.components

    def uri_for(self, architecture: str) -> str:
        """Return the place for `architecture`; apt puts it in for a variable (sources.list(5))."""
        return self.uri.replace(_VARIABLE, architecture)


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Who serves which component of `wanted`, and why the others who were asked do not.

    `archive` is the distribution's archive that the entry belongs to, None for a third party's. `home` is what the
    entry's own host says of the suite, None when it says nothing.
    """

    wanted: Wanted
    archive: ArchiveHosts | None
    home: Release | None
    served: tuple[tuple[str, Candidate], ...]
    asked: tuple[str, ...]
    silent: tuple[Silent, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The components that nobody serves."""
        found = dict(self.served)
        return tuple(component for component in self.wanted.components if component not in found)


def find_wanted(entries: Iterable[Entry], request: SourcesRequest) -> tuple[Wanted, ...]:
    """Return what the enabled entries read for the native architecture, each suite of each place once per entry.

    A suite that is a path is left out: its one index serves every architecture.
    """
    return tuple(
        Wanted(entry=entry, uri=bare(uri), suite=suite)
        for entry in entries
        if entry.is_binary and request.native in entry.served(request.own)
        for uri in entry.uris
        for suite in entry.suites
        if not suite.endswith("/")
    )


def decide(wanted: Wanted, architecture: str, desk: Desk, request: SourcesRequest) -> Decision | None:
    """Return who serves `architecture` of `wanted`; None while the desk has open questions about it."""
    home = desk.ask(ReleaseQuestion(uri=wanted.uri_for(request.native), suite=wanted.suite))
    if home is None:
        return None
    release = home if isinstance(home, Release) else None
    archive = find_archive(request.archives, wanted.uri_for(request.native), release)
    # Whoever reads an archive over Tor, say, would not want it asked for in the clear elsewhere.
    asked_beyond = None if isinstance(home, Silent) and not home.spoken else archive
    round_ = _Round(wanted=wanted, architecture=architecture, desk=desk, home=release, archive=archive)
    for candidate in candidates(
        wanted.uri_for(architecture), wanted.suite, archive=asked_beyond, release=release, mirrors=request.mirrors
    ):
        if not round_.ask(candidate):
            return None
    return round_.decision()


def find_cover(
    wanted: Wanted, component: str, entries: Iterable[Entry], desk: Desk, request: SourcesRequest
) -> Entry | None:
    """Return the entry by which the user already reads the target's side of `component`, or None.

    It names the target itself, and reads the same suite of the same archive, in whatever place.
    """
    for entry in entries:
        names_it = entry.is_binary and entry.asks_for(request.target) and component in entry.components
        if names_it and any(_is_side_of(wanted, uri, entry, desk, request) for uri in entry.uris):
            return entry
    return None


def _is_side_of(wanted: Wanted, uri: str, entry: Entry, desk: Desk, request: SourcesRequest) -> bool:
    if wanted.suite not in entry.suites:
        return False
    side = replace(wanted, uri=bare(uri))
    if side.uri == wanted.uri:
        return True
    home, other = (
        desk.ask(ReleaseQuestion(uri=place.uri_for(request.native), suite=place.suite)) for place in (wanted, side)
    )
    if not isinstance(home, Release) or not isinstance(other, Release):
        return False
    return home.identity == other.identity and any(home.identity)


@dataclass(kw_only=True, slots=True)
class _Round:
    """The candidates that were asked so far, and what came of it."""

    wanted: Wanted
    architecture: str
    desk: Desk
    home: Release | None
    archive: ArchiveHosts | None
    served: dict[str, Candidate] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    silent: list[Silent] = field(default_factory=list)

    def ask(self, candidate: Candidate) -> bool:
        """Ask about what is not served yet. Return whether there are answers to go on with."""
        left = [component for component in self.wanted.components if component not in self.served]
        if not left:
            return True
        answer = self.desk.ask(ReleaseQuestion(uri=candidate.uri, suite=self.wanted.suite))
        if answer is None:
            return False
        self.asked.append(candidate.uri)
        if isinstance(answer, Silent):
            self.silent.append(answer)
        if not isinstance(answer, Release) or not is_same_archive(answer, self.home, self.archive):
            return True
        return all(list(self._components(candidate, answer, left)))

    def _components(self, candidate: Candidate, release: Release, left: list[str]) -> Iterator[bool]:
        for component in left:
            paths = release.index_paths(component, self.architecture)
            if not paths:
                continue
            answer = self.desk.ask(IndexQuestion(uri=candidate.uri, suite=self.wanted.suite, paths=paths))
            if isinstance(answer, Found):
                self.served[component] = candidate
            elif isinstance(answer, Silent):
                self.silent.append(answer)
            yield answer is not None

    def decision(self) -> Decision:
        return Decision(
            wanted=self.wanted,
            archive=self.archive,
            home=self.home,
            served=tuple(self.served.items()),
            asked=tuple(self.asked),
            silent=tuple(self.silent),
        )
