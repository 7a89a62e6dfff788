"""Ask a suite for the closure of packages, and remember the answer as long as its release counts as the present one."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from xprov.archive.kept import FRESH, write_kept
from xprov.archive.resolution import Resolution
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from xprov.apt.entry import SourcesFile
    from xprov.archive.client import OpenSuite
    from xprov.archive.locations import Access
    from xprov.archive.suites import Suite
    from xprov.cache import Cache
    from xprov.environment.model import View
    from xprov.output import Output
    from xprov.target import Target
    from xprov.view.layout import Shape

# Part of an answer's name: one that was worked out by other rules is not read.
_FORM = 3
_ANSWER = ".answer"

# The package whose version tells which compiler a suite was built with.
_LIBSTDCXX = "libstdc++6"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked of which suite, and how.

    `own` are the files that this machine's apt reads its sources from, if it has one: their content counts, and what it
    means is asked only when the answer is not known. `without` are parts of the suite that are not read. `view` is the
    larger of those that are made.
    """

    suite: Suite
    target: Target
    packages: tuple[str, ...]
    view: View
    access: Access
    own: tuple[SourcesFile, ...]
    host_suite: str
    without: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What names the answer: every word of the question counts."""
        access = (self.access.mirror, self.access.keyring, self._keys, self.access.allow_expired, self.without)
        words = (_FORM, self.suite, self.target.debian, self.packages, self.view, access, self.own, self.host_suite)
        return hashlib.sha256(repr(words).encode()).hexdigest()

    @property
    def _keys(self) -> bytes | None:
        """What is in the file of keys: who takes one out trusts it no more."""
        with suppress(OSError):
            return self.access.keyring.read_bytes() if self.access.keyring else None
        return None


def answer(question: Question, cache: Cache, output: Output) -> Resolution:
    """Return the closure of what is asked for.

    Raises `NetworkError` when no host has the suite, `UnsatisfiableError` when it lacks the architecture or a package,
    `VerificationError` when what a host says is not right, `UsageError` when apt's sources are not.
    """
    path = cache.releases / f"{question.key}{_ANSWER}"
    now = datetime.now(timezone.utc)
    if (known := _remembered(path, now, whatever_age=question.access.offline)) is not None:
        return known
    with output.step(f"Reading {question.suite.name} for {question.target.debian}") as progress:
        found, lasting = _ask(question, cache, now, progress)
    if lasting:
        write_kept(path, json.dumps(found.as_json()).encode())
    return found


def _ask(question: Question, cache: Cache, now: datetime, progress: Callable[[str], None]) -> tuple[Resolution, bool]:
    """Return the closure, and whether it is that of all there is: then it need not be asked for again so soon."""
    from xprov.apt.sources import parse  # noqa: PLC0415 - as all that follows: not needed for an answer that is known
    from xprov.archive.client import Reading, open_suite  # noqa: PLC0415
    from xprov.archive.resolution import resolve_in  # noqa: PLC0415
    from xprov.view.layout import Shape, belongs  # noqa: PLC0415

    shape = Shape(question.view.value)
    warnings: list[str] = []
    reading = Reading(
        access=question.access,
        own=tuple(entry for file in question.own for entry in parse(file)),
        host_suite=question.host_suite,
        without=question.without,
        cache=cache,
        now=now,
        warn=warnings.append,
        progress=progress,
    )
    with open_suite(question.suite, question.target, reading) as opened:
        wanted = (*question.packages, *_beside(shape, opened))
        found = resolve_in(opened, wanted, question.target.debian, stop=lambda package: not belongs(package, shape))
        lasting = not opened.passing
    return replace(found, warnings=tuple(warnings)), lasting


def _beside(shape: Shape, opened: OpenSuite) -> tuple[str, ...]:
    """Return what the view has beside the libraries: nothing, or libc and what C++ needs."""
    from xprov.view.layout import Shape, packages_for  # noqa: PLC0415 - see _ask

    if shape is Shape.LIBS:
        return ()
    found = [package for package in opened.archive.look_up(_LIBSTDCXX) if package.name == _LIBSTDCXX]
    return packages_for(shape, found[0].package.version) if found else ()


def _remembered(path: Path, now: datetime, *, whatever_age: bool) -> Resolution | None:
    """Return the answer that is kept, unless it is too old, or damaged."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        age = now.timestamp() - path.stat().st_mtime
        if whatever_age or 0 <= age < FRESH.total_seconds():
            return Resolution.from_json(json.loads(path.read_bytes()))
    return None
