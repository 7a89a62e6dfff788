"""Which suites' libraries fit a toolchain, the best first: DESIGN.md's glibc rule.

Pure. The table of suites and the floors that recipes carry decide which suites are worth asking; whether a suite that
is newer than the toolchain really fits, only its unpacked ELF files tell.
"""

from __future__ import annotations

import difflib
from enum import Enum
from typing import TYPE_CHECKING

from xprov.archive.suites import Suite, archives, suites
from xprov.errors import UnsatisfiableError, UsageError
from xprov.glibc import format_version
from xprov.records import dataclass
from xprov.target import Libc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xprov.glibc import Version
    from xprov.recipe import Recipe
    from xprov.target import Target

# Suites that nothing was measured of and that are worth a try where nothing else is left: each costs an index.
_GUESSES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A suite to take packages from, and why.

    `proven` says that the suite's own glibc is not above the wanted one, so that none of its libraries can need more;
    otherwise the unpacked ELF files have to be asked.
    """

    suite: Suite
    reason: str
    proven: bool


class Standing(str, Enum):
    """How a suite stands to what is wanted."""

    PROVEN = "proven"
    HINTED = "hinted"
    """Its own glibc is too new, the libraries that were measured are not."""
    UNKNOWN = "unknown"
    """Its own glibc is too new, and not every library was measured."""
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How `suite` stands to what is wanted; `why` goes on where `debian:bookworm's ...` stops."""

    suite: Suite
    standing: Standing
    why: str

    @property
    def reason(self) -> str:
        """Why, without a stop: `debian:bookworm's alsa needs glibc 2.34, wanted is 2.31`."""
        return f"{self.suite.name}'s {self.why}"


def fitting_suites(
    recipes: Sequence[Recipe], target: Target, wanted: Version | None, *, named: Suite | None = None
) -> tuple[Fit, ...]:
    """Return the suites to try for `recipes` on `target`, the best first; none where nothing can fit.

    `wanted` is the newest glibc that the libraries may ask for, None where nobody knows. A suite that is `named` is
    the only one. Where no suite with valid keys is known to fit, the oldest that nothing was measured of are added.
    """
    if named:
        return (Fit(suite=named, reason=f"{named.name} was asked for", proven=_is_within(named, wanted)),)
    verdicts = judge_suites(recipes, target, wanted)
    found = [verdict for verdict in verdicts if verdict.standing in _FITTING]
    guesses = [] if any(not verdict.suite.keys_expired for verdict in found) else _guesses(verdicts)
    tried = sorted([*found, *guesses], key=lambda verdict: verdict.suite.keys_expired)
    return tuple(
        Fit(
            suite=verdict.suite,
            reason=verdict.reason if at or verdict in guesses else _first_reason(verdict, verdicts),
            proven=verdict.standing is Standing.PROVEN,
        )
        for at, verdict in enumerate(tried)
    )


def judge_suites(recipes: Sequence[Recipe], target: Target, wanted: Version | None) -> tuple[Verdict, ...]:
    """Return how each suite stands that is chosen without being named, in the order in which they are tried."""
    return tuple(judge_suite(suite, recipes, target, wanted) for suite in candidates())


def candidates() -> tuple[Suite, ...]:
    """Return the suites that are maintained for years, the newest glibc first; of equals, Debian's before Ubuntu's.

    Those whose keys have expired come last.
    """
    order = [archive.distribution for archive in archives()]

    def place(suite: Suite) -> tuple[bool, tuple[int, ...], int]:
        return (
            suite.keys_expired,
            tuple(-number for number in suite.glibc_version or ()),
            order.index(suite.distribution),
        )

    return tuple(sorted((suite for suite in suites() if suite.lts), key=place))


def find_named_suite(text: str) -> Suite:
    """Return the suite that `text` names: `debian:bullseye`, `bullseye`, `ubuntu:22.04` or `22.04`.

    Raises `UsageError` with the nearest names when there is none.
    """
    word = text.strip().lower()
    names = {name: suite for suite in reversed(suites()) for name in _names(suite)}
    if suite := names.get(word):
        return suite
    near = difflib.get_close_matches(word, names, n=3)
    known = ", ".join(suite.name for suite in suites() if suite.lts)
    hint = f"did you mean {' or '.join(f'`{name}`' for name in near)}? " if near else ""
    raise UsageError(f"there is no suite `{text}`", hint=f"{hint}xprov knows {known} and those between them")


def unsatisfied(recipes: Sequence[Recipe], target: Target, wanted: Version | None) -> UnsatisfiableError:
    """Return the error that no suite fits, with what keeps each from it."""
    verdicts = judge_suites(recipes, target, wanted)
    libraries = ", ".join(recipe.library for recipe in recipes)
    limit = f" within glibc {format_version(wanted)}" if wanted else ""
    width = max(len(verdict.suite.name) for verdict in verdicts)
    lines = [f"  {verdict.suite.name:{width}}  {verdict.why}" for verdict in verdicts]
    return UnsatisfiableError(
        "\n".join([f"no suite has {libraries} for {target.name}{limit}", *lines]), hint=_way_out(target)
    )


def _way_out(target: Target) -> str:
    further = [suite.name for suite in suites() if target.debian in suite.architectures and not suite.lts]
    if target.libc is Libc.GLIBC and not any(target.debian in suite.architectures for suite in candidates()):
        return f"{' and '.join(further)} have {target.debian}, but still move: `--suite {further[-1]}` takes one"
    return "`--suite NAME` takes one all the same; a toolchain with a newer glibc lets more of them fit"


_FITTING = (Standing.PROVEN, Standing.HINTED)


def judge_suite(suite: Suite, recipes: Sequence[Recipe], target: Target, wanted: Version | None) -> Verdict:
    """Return how one suite stands to what is wanted."""
    if refusal := _refusal(suite, recipes, target):
        return Verdict(suite=suite, standing=Standing.REFUSED, why=refusal)
    if wanted is None:
        why = f"archive has {target.debian}, and no glibc is wanted in particular"
        return Verdict(suite=suite, standing=Standing.PROVEN, why=why)
    if _is_within(suite, wanted):
        why = f"glibc is {suite.glibc}, wanted is {format_version(wanted)}"
        return Verdict(suite=suite, standing=Standing.PROVEN, why=why)
    return _judge_hints(suite, recipes, target, wanted)


def _judge_hints(suite: Suite, recipes: Sequence[Recipe], target: Target, wanted: Version) -> Verdict:
    limit = f"wanted is {format_version(wanted)}"
    hints = [(recipe.library, recipe.floor_hint(suite, target.debian)) for recipe in recipes]
    library, floor = max(hints, key=lambda pair: pair[1] or (), default=("", None))
    if floor is not None and floor > wanted:
        why = f"{library} needs glibc {format_version(floor)}, {limit}"
        return Verdict(suite=suite, standing=Standing.REFUSED, why=why)
    unknown = ", ".join(library for library, hint in hints if hint is None)
    if floor is None or unknown:
        why = f"glibc is {suite.glibc}, {limit}, and what it has of {unknown} was not measured"
        return Verdict(suite=suite, standing=Standing.UNKNOWN, why=why)
    why = f"glibc is {suite.glibc}, but its {library} needs {format_version(floor)}, {limit}"
    return Verdict(suite=suite, standing=Standing.HINTED, why=why)


def _refusal(suite: Suite, recipes: Sequence[Recipe], target: Target) -> str | None:
    """Return why `suite` cannot serve `target`, whatever glibc is wanted."""
    if target.libc is not Libc.GLIBC:
        return f"libraries are for glibc, not for {target.libc.value}"
    if target.debian not in suite.architectures:
        return f"archive has no {target.debian}"
    if target.debian == "armhf" and suite.time64_armhf:
        return "armhf libraries have a 64-bit time_t"
    return next((f"archive has no {recipe.library}" for recipe in recipes if not _has(suite, recipe)), None)


def _has(suite: Suite, recipe: Recipe) -> bool:
    try:
        return bool(recipe.packages_for(suite.distribution, suite.codename))
    except UnsatisfiableError:
        return False


def _is_within(suite: Suite, wanted: Version | None) -> bool:
    own = suite.glibc_version
    return wanted is None or (own is not None and own <= wanted)


def _first_reason(verdict: Verdict, verdicts: Sequence[Verdict]) -> str:
    """Return why it is not a newer suite of its distribution, or else why it fits."""
    above = verdicts[: verdicts.index(verdict)]
    nearest = [passed for passed in above if passed.suite.distribution == verdict.suite.distribution][-1:]
    return f"{nearest[0].reason}: using {verdict.suite.name}" if nearest else verdict.reason


def _guesses(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the oldest suites that nothing was measured of: what was built there asks for the least."""
    unknown = [verdict for verdict in reversed(verdicts) if verdict.standing is Standing.UNKNOWN]
    unknown.sort(key=lambda verdict: (verdict.suite.keys_expired, verdict.suite.glibc_version or ()))
    live = [verdict for verdict in unknown if not verdict.suite.keys_expired]
    return [*live[:_GUESSES], *unknown[len(live) :]]


def _names(suite: Suite) -> tuple[str, ...]:
    plain = [name for name in (suite.codename, suite.version) if name]
    return tuple(f"{prefix}{name}" for prefix in (f"{suite.distribution}:", "") for name in plain)
