"""Read a suite of a Debian archive: its release files verified, its package indices at hand.

with open_suite(find_suite("debian", "bookworm"), target, reading) as opened:
    closure = resolve(["libasound2-dev"], opened.archive.look_up)
    opened.urls(closure[0])
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xprov.archive.fetch import Download, fetch
from xprov.archive.index import Archive, Index, build_index, open_index
from xprov.archive.locations import locations, parts_of
from xprov.archive.releases import Releases
from xprov.errors import NetworkError, UnsatisfiableError, VerificationError, XprovError
from xprov.net import Client, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from xprov.apt.entry import Entry
    from xprov.archive.candidate import Candidate
    from xprov.archive.locations import Access, Location, Part
    from xprov.archive.release import IndexFile, ReleaseFile
    from xprov.archive.suites import Suite
    from xprov.cache import Cache
    from xprov.target import Target

# What has a manylinux wheel's libraries. Of Ubuntu, `universe` is Debian's packages that it does not look after itself.
_COMPONENTS = {"debian": ("main",), "ubuntu": ("main", "universe")}
_PACKED = ".packed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """With what archives are read: what the user said, the cache, the time, and whom to tell.

    `own` are the entries of the user's apt sources, on a machine whose suite is `host_suite`; `without` are parts that
    are not read.
    """

    access: Access
    own: tuple[Entry, ...]
    host_suite: str
    cache: Cache
    now: datetime
    warn: Callable[[str], None]
    progress: Callable[[str], None]
    without: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenPart:
    """A part of a suite that can be looked into: where it was found, the release's date, the hashes of its indices."""

    part: Part
    location: Location
    date: datetime
    hashes: tuple[str, ...]
    indices: tuple[Index, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenSuite:
    """A suite for one architecture: what it has, and where its packages are."""

    suite: Suite
    parts: tuple[OpenPart, ...]
    archive: Archive

    @property
    def date(self) -> datetime:
        """When the newest of its parts was released."""
        return max(part.date for part in self.parts)

    @property
    def hashes(self) -> tuple[str, ...]:
        """The hashes of all indices: what the suite holds changes only with these."""
        return tuple(sha256 for part in self.parts for sha256 in part.hashes)

    def location(self, candidate: Candidate) -> Location:
        """Return the host that the index of `candidate` came from."""
        return next(part.location for part in self.parts if part.part.name == candidate.origin)


@contextmanager
def open_suite(suite: Suite, target: Target, reading: Reading) -> Iterator[OpenSuite]:
    """Give `suite` for the architecture of `target`, its updates and security updates with it.

    Only what changed since the last time is fetched. A part that is not required and cannot be had is warned of.

    Raises `NetworkError` when no host has the suite, `UnsatisfiableError` when it has not the architecture,
    `VerificationError` when what a host says of it is not right.
    """
    parts = [part for part in parts_of(suite) if part.name not in reading.without]
    with ExitStack() as stack:
        with ThreadPoolExecutor(len(parts)) as pool:
            found = list(pool.map(lambda part: _open_part(suite, part, target, reading), parts))
        for part in found:
            for index in part.indices if part else ():
                stack.enter_context(index)
        opened = tuple(part for part in found if part is not None)
        archive = Archive([(part.part.name, index) for part in opened for index in part.indices])
        yield OpenSuite(suite=suite, parts=opened, archive=archive)


def _open_part(suite: Suite, part: Part, target: Target, reading: Reading) -> OpenPart | None:
    """Return `part` from the first location that has it; None when it is not required and nobody has."""
    attempt = _Attempt(suite=suite, part=part, target=target, reading=reading, client=Client())
    try:
        return attempt.first()
    except (NetworkError, UnsatisfiableError) as error:
        if part.required:
            raise
        if not suite.eol:
            # The first line says what; the next, what the host said that was asked first. One is enough here.
            said = " ".join(line.strip() for line in error.message.splitlines()[:2])
            reading.warn(f"going on without `{part.name}`: {said}")
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Attempt:
    """The search for one part among its locations."""

    suite: Suite
    part: Part
    target: Target
    reading: Reading
    client: Client

    def first(self) -> OpenPart:
        reading, failures = self.reading, list[XprovError]()
        found = locations(self.suite, self.part, self.target.debian, reading.access, reading.own, reading.host_suite)
        for location in found:
            try:
                if (opened := self.at(location)) is not None:
                    return opened
            except (NetworkError, VerificationError, UnsatisfiableError) as error:  # noqa: PERF203 - one a host
                if location.chosen:
                    raise
                failures.append(error)
        raise self._none(found, failures)

    def at(self, location: Location) -> OpenPart | None:
        """Return the part as `location` has it, or None when it does not."""
        reading = self.reading
        releases = Releases(folder=reading.cache.releases, access=reading.access, client=self.client, now=reading.now)
        release = releases.read(self.suite, self.part, location)
        if release is None:
            return None
        indices = self._indices(release, location)
        return OpenPart(
            part=self.part,
            location=location,
            date=release.date,
            hashes=tuple(sha256 for sha256, _ in indices),
            indices=tuple(index for _, index in indices),
        )

    def _indices(self, release: ReleaseFile, location: Location) -> list[tuple[str, Index]]:
        found = []
        for component in _COMPONENTS[self.suite.distribution]:
            forms = release.index_for(component, self.target.debian)
            if forms is not None:
                found.append(self._index(forms, location))
        if not found:
            raise UnsatisfiableError(
                f"`{self.part.name}` has no packages for {self.target.debian} at `{shown(location.uri)}`",
                hint="`xprov suites` shows which suites have the target; `--mirror` names another host",
            )
        return found

    def _index(self, forms: Sequence[IndexFile], location: Location) -> tuple[str, Index]:
        """Return an index, which is fetched unless one of its forms was before."""
        folder = self.reading.cache.indices
        for form in forms:
            if (index := open_index(folder, form.sha256)) is not None:
                return form.sha256, index
        if self.reading.access.offline:
            raise NetworkError(
                f"offline, and the cache has no package index of `{self.part.name}` for {self.target.debian}",
                hint="run the same once without --offline",
            )
        return self._fetched(forms, location)

    def _fetched(self, forms: Sequence[IndexFile], location: Location) -> tuple[str, Index]:
        folder = self.reading.cache.indices
        failure: XprovError | None = None
        for form in forms:
            try:
                self._fetch(form, location)
            except (NetworkError, VerificationError) as error:
                # A form that is listed may be missing, or behind, where another one is as the release says.
                failure = failure or self._lagging(error)
                continue
            packed = folder / f"{form.sha256}{_PACKED}"
            index = build_index(folder, form.sha256, packed)
            packed.unlink(missing_ok=True)
            return form.sha256, index
        assert failure is not None  # noqa: S101 - an index has at least one form
        raise failure

    def _fetch(self, form: IndexFile, location: Location) -> None:
        fetch(
            [_download(form, self.part, location)],
            self.reading.cache.indices,
            suffix=_PACKED,
            client=self.client,
            progress=self.reading.progress,
        )

    def _lagging(self, error: XprovError) -> XprovError:
        """Return what an index that cannot be had means: of a part that is not required, no more than that.

        Mirrors in the middle of an update have indices that are not those of their release file.
        """
        if self.part.required or isinstance(error, NetworkError):
            return error
        self.reading.progress(error.message)
        return NetworkError(f"its index of {self.target.debian} is not the one that its release file names")

    def _none(self, asked: Sequence[Location], failures: Sequence[XprovError]) -> XprovError:
        """Return the error that says why no location would do, the gravest reason first."""
        for kind in (VerificationError, UnsatisfiableError, NetworkError):
            for failure in failures:
                if isinstance(failure, kind):
                    return failure
        hosts = ", ".join(f"`{shown(location.uri)}`" for location in asked)
        return NetworkError(
            f"there is no `{self.part.name}` at {hosts}",
            hint=f"name a host that has {self.suite.name} with --mirror",
        )


def _download(form: IndexFile, part: Part, location: Location) -> Download:
    base = f"{location.dists}/{part.name}"
    paths = (form.by_hash, form.path) if form.by_hash else (form.path,)
    return Download(
        urls=tuple(f"{base}/{path}" for path in paths),
        sha256=form.sha256,
        size=form.size,
        name=f"{part.name}/{form.path}",
    )
