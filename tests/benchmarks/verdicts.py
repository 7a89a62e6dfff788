"""What was to be reached, and whether it was."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.cases import CASES, Case
from tests.benchmarks.contenders import COLD, ENV, HELP, LOCKED, MMDEBSTRAP, TYPER, WARM
from tests.benchmarks.rounds import Closures, Result

_WARM_OF_MMDEBSTRAP, _WARM_OF_TYPER = 0.05, 2.5
_ENV_OF_TYPER, _HELP_OF_TYPER = 1.5, 2.0
_PEAK = 250e6
_LOCKED_BYTES = 1.02


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A number that must not be above its limit."""

    what: str
    value: float
    limit: float

    @property
    def reached(self) -> bool:
        return self.value <= self.limit


def verdicts(results: Sequence[Result], closures: Mapping[str, Closures]) -> Iterator[Verdict]:
    """Yield a verdict on each number that was measured and has a limit."""
    for case in CASES:
        found = {result.who: result for result in results if result.case == case.name}
        if found:
            yield from _of_times(case, {who: result.middle.wall for who, result in found.items()})
            value = (found[LOCKED].fetched or 0) / closures[case.name].libs.size
            yield Verdict(what=f"{case.name}: {LOCKED}, bytes / the closure's", value=value, limit=_LOCKED_BYTES)
    peak = max(result.middle.peak for result in results if result.who.startswith("xprov"))
    yield Verdict(what="the largest process of xprov, in MB", value=peak / 1e6, limit=_PEAK / 1e6)


def _of_times(case: Case, walls: Mapping[str, float]) -> Iterator[Verdict]:
    measure, typer = walls[MMDEBSTRAP], walls[TYPER]
    for who, limit in ((COLD, case.cold_limit), (LOCKED, case.locked_limit)):
        if limit is not None:
            yield Verdict(what=f"{case.name}: {who} / {MMDEBSTRAP}", value=walls[who] / measure, limit=limit)
    limit = max(_WARM_OF_MMDEBSTRAP * measure, _WARM_OF_TYPER * typer)
    yield Verdict(what=f"{case.name}: {WARM}, in seconds", value=walls[WARM], limit=limit)
    for who, limit in ((ENV, _ENV_OF_TYPER), (HELP, _HELP_OF_TYPER)):
        if who in walls:
            yield Verdict(what=f"{who} / {TYPER}", value=walls[who] / typer, limit=limit)
