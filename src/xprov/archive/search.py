"""Find one part of a suite: the first of the hosts that may have it whose release file and indices are right."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from typing import TYPE_CHECKING

from xprov.archive.fetch import Download, fetch
from xprov.archive.index import build_index, open_index
from xprov.archive.kept import SHARED, is_fresh, write_kept
from xprov.archive.locations import locations
from xprov.archive.releases import Releases
from xprov.errors import AbsentError, NetworkError, UnsatisfiableError, VerificationError, XprovError
from xprov.net import Client, shown
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from xprov.archive.client import Reading
    from xprov.archive.index import Index
    from xprov.archive.locations import Location, Part
    from xprov.archive.release import IndexFile, ReleaseFile
    from xprov.archive.suites import Suite
    from xprov.target import Target

# What has a manylinux wheel's libraries. Of Ubuntu, `universe` is Debian's packages that it does not look after itself.
_COMPONENTS = {"debian": ("main",), "ubuntu": ("main", "universe")}
_PACKED = ".packed"
_LACKS = "lacks"


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenPart:
    """A part of a suite that can be looked into: where it was found, the release's date, the hashes of its indices.

    `bases` are the addresses of the archives that may have its packages: where it was found, then all others.
    """

    part: Part
    location: Location
    bases: tuple[str, ...]
    date: datetime
    hashes: tuple[str, ...]
    indices: tuple[Index, ...]

    def close(self) -> None:
        for index in self.indices:
            index.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """The search for one part among its locations."""

    suite: Suite
    part: Part
    target: Target
    reading: Reading
    client: Client

    def run(self) -> OpenPart:
        """Return the part from the first location where it is right. One that is not right is told of.

        Raises `AbsentError` when no host has it, `NetworkError` when none answers, `UnsatisfiableError` when it has not
        the architecture, `VerificationError` when what they have is not right. A host that the user chose for it is
        the only one.
        """
        found, failures = self._locations(), dict["Location", XprovError]()
        # Who lacked the architecture a moment ago, when another host had it, is asked last.
        for location in sorted(found, key=lambda each: is_fresh(self._note(each, _LACKS), self.reading.now)):
            try:
                opened = self._at(location)
            except (NetworkError, VerificationError, UnsatisfiableError) as error:
                if location.chosen:
                    raise
                failures[location] = error
                continue
            if opened is not None:
                self._tell(opened, failures)
                return opened
        raise self._none(found, tuple(failures.values()))

    def _locations(self) -> tuple[Location, ...]:
        reading = self.reading
        return locations(self.suite, self.part, self.target.debian, reading.access, reading.own, reading.host_suite)

    def _tell(self, opened: OpenPart, failures: Mapping[Location, XprovError]) -> None:
        for location, failure in failures.items():
            if isinstance(failure, VerificationError):
                self.reading.warn(f"{failure.message}\ngoing on with `{shown(opened.location.uri)}`")
            if isinstance(failure, UnsatisfiableError):
                write_kept(self._note(location, _LACKS), b"", mode=SHARED)

    def _none(self, asked: Sequence[Location], failures: Sequence[XprovError]) -> XprovError:
        """Return the error that says why no location would do, the gravest reason first."""
        for kind in (VerificationError, UnsatisfiableError, NetworkError):
            for failure in failures:
                if isinstance(failure, kind):
                    return failure
        hosts = ", ".join(f"`{shown(location.uri)}`" for location in asked)
        return AbsentError(
            f"there is no `{self.part.name}` at {hosts}", hint=f"name a host that has {self.suite.name} with --mirror"
        )

    def _at(self, location: Location) -> OpenPart | None:
        """Return the part as `location` has it, or None when it does not.

        Mirrors change while they are read: when an index is not what the release file says, that is read once more.
        """
        reading = self.reading
        releases = Releases(
            folder=reading.cache.releases,
            access=reading.access,
            client=self.client,
            now=reading.now,
            warn=reading.warn,
        )
        release = releases.read(self.suite, self.part, location)
        if release is None:
            return None
        try:
            return self._opened(release, location)
        except (AbsentError, VerificationError) as error:
            newer = releases.read(self.suite, self.part, location, again=True)
            if newer is None or newer.sha256 == release.sha256:
                raise self._explained(error, location) from None
        try:
            return self._opened(newer, location)
        except (AbsentError, VerificationError) as error:
            raise self._explained(error, location) from None

    def _explained(self, error: AbsentError | VerificationError, location: Location) -> XprovError:
        """Return what an index that cannot be had means.

        Of an architecture that a host does not carry, there is none: Ubuntu's hosts share a release file that lists
        all. One that is not what the release file says is no more than that where the part is not required: mirrors in
        the middle of an update have such.
        """
        if isinstance(error, AbsentError):
            return self._without_architecture(location)
        if self.part.required:
            return error
        self.reading.progress(error.message)
        return AbsentError(f"its index of {self.target.debian} is not the one that its release file names")

    def _without_architecture(self, location: Location) -> UnsatisfiableError:
        return UnsatisfiableError(
            f"`{self.part.name}` has no packages for {self.target.debian} at `{shown(location.uri)}`",
            hint="`xprov suites` shows which suites have the target; `--mirror` names another host",
        )

    def _opened(self, release: ReleaseFile, location: Location) -> OpenPart:
        listed = [release.index_for(name, self.target.debian) for name in _COMPONENTS[self.suite.distribution]]
        with ExitStack() as opened:
            indices = []
            for forms in listed:
                if forms is not None:
                    indices.append(self._index(forms, location))
                    opened.enter_context(indices[-1][1])
            if not indices:
                raise self._without_architecture(location)
            opened.pop_all()
        return OpenPart(
            part=self.part,
            location=location,
            bases=tuple(dict.fromkeys(each.uri for each in (location, *self._locations()))),
            date=release.date,
            hashes=tuple(sha256 for sha256, _ in indices),
            indices=tuple(index for _, index in indices),
        )

    def _index(self, forms: Sequence[IndexFile], location: Location) -> tuple[str, Index]:
        """Return an index, which is fetched unless one of its forms was before."""
        folder = self.reading.cache.indices
        for form in forms:
            if (index := open_index(folder, form.sha256)) is not None:
                with ExitStack() as opened:
                    opened.enter_context(index)
                    if self._has(location, form):
                        opened.pop_all()
                        return form.sha256, index
        if self.reading.access.offline:
            raise NetworkError(
                f"offline, and the cache has no package index of `{self.part.name}` for {self.target.debian}",
                hint="run the same once without --offline",
            )
        return self._fetched(forms, location)

    def _has(self, location: Location, form: IndexFile) -> bool:
        """Return whether the host has an index that is in the cache: it may be there from another one.

        Ubuntu's main host names the indices of all architectures and has those of two: where their index is not, their
        packages are not. What a host has is remembered. Offline nobody is asked for packages.
        """
        has = self._note(location, form.sha256)
        if self.reading.access.offline or has.exists():
            return True
        if any(self.client.exists(url) for url in _download(form, self.part, location).urls):
            write_kept(has, b"", mode=SHARED)
            return True
        return False

    def _note(self, location: Location, what: str) -> Path:
        """Return the file that is there when the host is known to have an index, by its hash, or to lack them all."""
        name = f"{location.uri} {self.part.name} {self.target.debian} {what}"
        return self.reading.cache.releases / hashlib.sha256(name.encode()).hexdigest()

    def _fetched(self, forms: Sequence[IndexFile], location: Location) -> tuple[str, Index]:
        """Return the first form that can be had: one that is listed may be missing, or behind, where another is not."""
        failures: list[NetworkError | VerificationError] = []
        for form in forms:
            try:
                return form.sha256, self._built(form, location)
            except (NetworkError, VerificationError) as error:  # noqa: PERF203 - two forms at most
                failures.append(error)
        # That something came which is wrong says more than that something else is missing.
        raise next((each for each in failures if isinstance(each, VerificationError)), failures[0])

    def _built(self, form: IndexFile, location: Location) -> Index:
        folder = self.reading.cache.indices
        packed = folder / f"{form.sha256}{_PACKED}"
        download = _download(form, self.part, location)
        fetch([download], folder, suffix=_PACKED, client=self.client, progress=self.reading.progress)
        write_kept(self._note(location, form.sha256), b"", mode=SHARED)
        try:
            return build_index(folder, form.sha256, packed)
        except XprovError:
            # Another process that has built the same meanwhile has taken away what it was built from.
            if (index := open_index(folder, form.sha256)) is not None:
                return index
            raise
        finally:
            packed.unlink(missing_ok=True)


def _download(form: IndexFile, part: Part, location: Location) -> Download:
    base = f"{location.dists}/{part.name}"
    paths = (form.by_hash, form.path) if form.by_hash else (form.path,)
    return Download(
        urls=tuple(f"{base}/{path}" for path in paths),
        sha256=form.sha256,
        size=form.size,
        name=f"{part.name}/{form.path}",
    )
