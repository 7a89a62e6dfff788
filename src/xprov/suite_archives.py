"""Ask the archives of many suites about recipes' packages, for `xprov suites`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from xprov.apt.sources import parse
from xprov.archive.client import Reading, open_suite
from xprov.archive.resolution import resolve_in
from xprov.archive.resolver import resolve
from xprov.cache import open_cache
from xprov.errors import NetworkError, UnsatisfiableError, VerificationError
from xprov.facts import own_sources
from xprov.host import inspect_host
from xprov.records import dataclass
from xprov.survey import make_row, missing_row, packages_in, read_answer
from xprov.view import is_toolchain_package

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xprov.apt.entry import Entry
    from xprov.archive.candidate import Candidate
    from xprov.archive.locations import Access
    from xprov.archive.resolution import Resolution
    from xprov.archive.suites import Suite
    from xprov.cache import Cache
    from xprov.errors import XprovError
    from xprov.output import Output
    from xprov.recipe import Recipe
    from xprov.survey import SuiteAnswer, SuiteRow
    from xprov.target import Target

# Hosts that do not answer take their time: the others are asked meanwhile.
_AT_ONCE = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Archives:
    """How archives are read; `own` are the entries of this machine's apt, `host_suite` is the suite that it is."""

    access: Access
    own: tuple[Entry, ...]
    host_suite: str
    cache: Cache
    output: Output

    def closure(self, suite: Suite, target: Target, packages: tuple[str, ...]) -> tuple[Candidate, ...]:
        """Return `packages` and all that they need but what every toolchain has.

        Raises `NetworkError` when no host has the suite, `UnsatisfiableError` when it lacks the architecture or a
        package, `VerificationError` when what a host says is not right.
        """
        with open_suite(suite, target, self._reading()) as opened:
            return resolve(packages, opened.archive.look_up, stop=is_toolchain_package)

    def resolution(
        self,
        suite: Suite,
        target: Target,
        packages: tuple[str, ...],
        *,
        stop: Callable[[str], bool] = is_toolchain_package,
        without: tuple[str, ...] = (),
    ) -> Resolution:
        """Return the same with what it takes to fetch it, without the packages that `stop` names; raises the same.

        `without` are parts of the suite that are not read.
        """
        with open_suite(suite, target, self._reading(without)) as opened:
            return resolve_in(opened, packages, target.debian, stop=stop)

    def _reading(self, without: tuple[str, ...] = ()) -> Reading:
        return Reading(
            access=self.access,
            own=self.own,
            host_suite=self.host_suite,
            without=without,
            cache=self.cache,
            now=datetime.now(timezone.utc),
            # A dozen suites, of which some have lost their updates: the table says what came of it.
            warn=self.output.detail,
            progress=lambda _text: None,
        )


def open_archives(access: Access, environ: Mapping[str, str], output: Output) -> Archives:
    """Return the archives as this machine reaches them, its own apt's hosts first. Nobody is asked yet.

    Raises `UsageError` or `XprovError` when apt's sources cannot be read.
    """
    host = inspect_host(environ)
    return Archives(
        access=access,
        own=tuple(entry for file in own_sources(host) for entry in parse(file)),
        host_suite=host.suite,
        cache=open_cache(environ),
        output=output,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the archives of some suites said, which have not all that was asked for, and why others said nothing."""

    answers: Mapping[Suite, SuiteAnswer]
    lacking: Mapping[Suite, XprovError]
    failures: Mapping[Suite, XprovError]

    def row(self, suite: Suite, recipes: Sequence[Recipe], target: Target) -> SuiteRow:
        """Return the row of `suite` in the table."""
        if suite in self.lacking:
            return missing_row(suite, target)
        return make_row(suite, recipes, target, self.answers.get(suite))


def ask_suites(recipes: Sequence[Recipe], target: Target, suites: Sequence[Suite], archives: Archives) -> Asked:
    """Ask the archive of each of `suites` what it has of `recipes`; one that fails keeps no other from it."""
    answers: dict[Suite, SuiteAnswer] = {}
    lacking: dict[Suite, XprovError] = {}
    failures: dict[Suite, XprovError] = {}

    def ask(suite: Suite) -> None:
        try:
            closure = archives.closure(suite, target, packages_in(recipes, suite))
            answers[suite] = read_answer(recipes, suite, closure)
        except UnsatisfiableError as error:
            lacking[suite] = error
        except (NetworkError, VerificationError) as error:
            failures[suite] = error

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(ask, suites))
    return Asked(
        answers=answers, lacking=lacking, failures={suite: failures[suite] for suite in suites if suite in failures}
    )
