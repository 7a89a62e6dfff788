"""The results as a person reads them, and as a program does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tests.benchmarks.contenders import MMDEBSTRAP
from tests.benchmarks.rounds import Closure, Closures, Result
from tests.benchmarks.verdicts import Verdict

_HEAD = ("case", "who", "wall s", "of mmdebstrap", "CPU s", "peak MB", "fetched MB")


def as_text(
    facts: Mapping[str, object],
    results: Sequence[Result],
    judged: Sequence[Verdict],
    closures: Mapping[str, Closures],
) -> str:
    """Return the tables: what each took, what was to be reached, what was not the same work."""
    verdicts = [
        (verdict.what, f"{verdict.value:.3f}", f"{verdict.limit:.3f}", "reached" if verdict.reached else "MISSED")
        for verdict in judged
    ]
    return "\n".join(
        [
            ", ".join(f"{name} {value}" for name, value in facts.items()),
            *("", *_aligned([_HEAD, *_rows(results)])),
            *("", *_aligned([("what", "is", "limit", ""), *verdicts])),
            *("", *(_closure_note(case, closures[case]) for case in closures)),
            "",
        ]
    )


def as_json(
    facts: Mapping[str, object],
    results: Sequence[Result],
    judged: Sequence[Verdict],
    closures: Mapping[str, Closures],
) -> dict[str, Any]:
    """Return the same with every sample: seconds and bytes."""
    return {
        "version": 1,
        **facts,
        "results": [{**asdict(result), "median": asdict(result.middle)} for result in results],
        "verdicts": [{**asdict(verdict), "reached": verdict.reached} for verdict in judged],
        "closures": {case: asdict(found) for case, found in closures.items()},
    }


def _rows(results: Sequence[Result]) -> Iterator[tuple[str, ...]]:
    measures = {result.case: result.middle.wall for result in results if result.who == MMDEBSTRAP}
    for result in results:
        middle, measure = result.middle, measures[result.case]
        yield (
            result.case,
            result.who,
            f"{middle.wall:.3f}",
            f"{middle.wall / measure:.3f}",
            f"{middle.cpu:.3f}",
            f"{middle.peak / 1e6:.0f}",
            "" if result.fetched is None else f"{result.fetched / 1e6:.2f}",
        )


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return lines of columns, words to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if cell[:1].isdigit() else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _closure_note(case: str, closures: Closures) -> str:
    return (
        f"{case}: for the same libraries apt takes {_described(closures.apt)}; xprov takes {_described(closures.libs)}"
        f" without libc and what every toolchain has, and {_described(closures.full)} for the full view"
    )


def _described(closure: Closure) -> str:
    return f"{closure.packages} packages ({closure.size / 1e6:.2f} MB)"
