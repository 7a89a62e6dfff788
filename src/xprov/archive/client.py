"""Read a suite of a Debian archive: its release files verified, its package indices at hand.

with open_suite(find_suite("debian", "bookworm"), target, reading) as opened:
    closure = resolve(["libasound2-dev"], opened.archive.look_up)
    opened.urls(closure[0])
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import field
from enum import Enum
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING

from xprov.archive.index import Archive
from xprov.archive.locations import parts_of
from xprov.archive.reached import archive_client
from xprov.archive.search import OpenPart, Search
from xprov.errors import AbsentError, NetworkError, UnsatisfiableError
from xprov.net import Bounds
from xprov.records import dataclass
from xprov.threads import start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from xprov.apt.entry import Entry
    from xprov.archive.candidate import Candidate
    from xprov.archive.locations import Access, Part
    from xprov.archive.suites import Suite
    from xprov.cache import Cache
    from xprov.net import Client
    from xprov.target import Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """With what archives are read: what the user said, the cache, the time, and whom to tell.

    `own` are the entries of the user's apt sources, on a machine whose suite is `host_suite`; `without` are parts that
    are not read. `bounds` are how patient it is.
    """

    access: Access
    own: tuple[Entry, ...]
    host_suite: str
    cache: Cache
    now: datetime
    warn: Callable[[str], None]
    progress: Callable[[str], None]
    without: tuple[str, ...] = ()
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenSuite:
    """A suite for one architecture: what it has, and where its packages are.

    `passing` says that a part of it is left out for a reason that may be gone in a while.
    """

    suite: Suite
    parts: tuple[OpenPart, ...]
    archive: Archive
    passing: bool = False

    @property
    def date(self) -> datetime:
        """When the newest of its parts was released."""
        return max(part.date for part in self.parts)

    @property
    def hashes(self) -> tuple[str, ...]:
        """The hashes of all indices: what the suite holds changes only with these."""
        return tuple(sha256 for part in self.parts for sha256 in part.hashes)

    def bases(self, candidate: Candidate) -> tuple[str, ...]:
        """Return the addresses of the archives that may have `candidate`: the one that its index came from first."""
        return next(part.bases for part in self.parts if part.part.name == candidate.origin)


@contextmanager
def open_suite(suite: Suite, target: Target, reading: Reading) -> Iterator[OpenSuite]:
    """Give `suite` for the architecture of `target`, its updates and security updates with it.

    Only what changed since the last time is fetched. A part that is not required and cannot be had is warned of.

    Raises `NetworkError` when no host has the suite, `UnsatisfiableError` when it has not the architecture,
    `VerificationError` when what a host says of it is not right.
    """
    parts = [part for part in parts_of(suite) if part.name not in reading.without]
    with ExitStack() as stack:
        client = archive_client(reading.bounds, offline=reading.access.offline)
        found = _each(parts, lambda part: _open_part(suite, part, target, reading, client))
        for outcome in found:
            for index in outcome.indices if isinstance(outcome, OpenPart) else ():
                stack.enter_context(index)
        for outcome in found:
            if isinstance(outcome, BaseException):
                raise outcome
        opened = tuple(outcome for outcome in found if isinstance(outcome, OpenPart))
        archive = Archive([(part.part.name, index) for part in opened for index in part.indices])
        yield OpenSuite(suite=suite, parts=opened, archive=archive, passing=_Lack.PASSING in found)


class _Lack(Enum):
    """Why a part that is not required is left out."""

    LASTING = "nobody has it, or not as its release file says"
    PASSING = "a host did not answer"


def _open_part(suite: Suite, part: Part, target: Target, reading: Reading, client: Client) -> OpenPart | _Lack:
    """Return `part` from the first location that has it, or why it is left out: then it is not required."""
    try:
        return Search(suite=suite, part=part, target=target, reading=reading, client=client).run()
    except (NetworkError, UnsatisfiableError) as error:
        if part.required:
            raise
        if not suite.eol:
            # The first line says what; the next, what the host said that was asked first. One is enough here.
            said = " ".join(line.strip() for line in error.message.splitlines()[:2])
            reading.warn(f"going on without `{part.name}`: {said}")
        return _Lack.LASTING if isinstance(error, (AbsentError, UnsatisfiableError)) else _Lack.PASSING


def _each(parts: Sequence[Part], find: Callable[[Part], OpenPart | _Lack]) -> list[OpenPart | _Lack | BaseException]:
    """Return what `find` makes of each part, or what it raised. All are asked for at once.

    The threads are daemons: who waits for hosts that do not answer can be interrupted, and for what is of no use
    without a part that nobody has nobody waits.
    """
    arrivals = SimpleQueue[int]()
    lock, found = threading.Lock(), dict[int, "OpenPart | _Lack | BaseException"]()

    def ask(number: int) -> None:
        try:
            outcome: OpenPart | _Lack | BaseException = find(parts[number])
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            outcome = error
        with lock:
            if not _is_settled(parts, found):
                found[number] = outcome
            elif isinstance(outcome, OpenPart):
                outcome.close()
        arrivals.put(number)

    for number in range(len(parts)):
        if start(partial(ask, number)) is None:
            ask(number)
    while not _is_settled(parts, found):
        arrivals.get()
    return [found[number] for number in sorted(found)]


def _is_settled(parts: Sequence[Part], found: Mapping[int, object]) -> bool:
    """Return whether all parts are there, or one is not without which the others are of no use."""
    failed = (isinstance(found.get(number), BaseException) for number, part in enumerate(parts) if part.required)
    return len(found) == len(parts) or any(failed)
