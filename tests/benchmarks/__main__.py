"""`python -m tests.benchmarks`: xprov beside its peers, the same work in the same run. See README.md here."""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.cases import CASES, Case
from tests.benchmarks.contenders import (
    Setting,
    bare_typer,
    contenders,
    places,
    small_commands,
    warm,
    xprov_lock,
    xprov_setup,
)
from tests.benchmarks.measuring import run
from tests.benchmarks.rounds import Closures, Result, closure_of, count_bytes, measure
from tests.benchmarks.table import as_json, as_text
from tests.benchmarks.verdicts import verdicts
from tests.mirror import find_mirror

# How much more often is done what takes a moment.
_STARTS = 3


def main() -> int:
    """Run what was asked for, print it, and return 1 when something that was to be reached was not."""
    words = _parser().parse_args()
    rounds = words.rounds or (1 if words.quick else 5)
    cases = [case for case in CASES if (case.name in words.case if words.case else case.quick or not words.quick)]
    with tempfile.TemporaryDirectory(prefix="xprov-benchmark-", dir=words.folder) as folder:
        setting = Setting(target=words.target, suite=words.suite, mirror=find_mirror(), folder=Path(folder))
        results, closures = _run(cases, setting, rounds)
    judged = list(verdicts(results, closures))
    facts = {"target": words.target, "suite": words.suite, "rounds": rounds, **_machine()}
    if words.json:
        sys.stdout.write(json.dumps(as_json(facts, results, judged, closures), indent=2) + "\n")
    else:
        sys.stdout.write(as_text(facts, results, judged, closures))
    return 0 if all(verdict.reached for verdict in judged) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round, and no large case")
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES], help="this case alone")
    parser.add_argument("--rounds", type=int, help="how often each does its work (default: 5)")
    parser.add_argument("--target", default="arm64", help="Debian's name of an architecture (default: arm64)")
    parser.add_argument("--suite", default="bookworm", help="a suite of Debian (default: bookworm)")
    parser.add_argument("--folder", help="where to work: on a disk with 5 GB of space (default: TMPDIR)")
    parser.add_argument("--json", action="store_true", help="write JSON, with every sample")
    return parser


def _run(cases: Sequence[Case], setting: Setting, rounds: int) -> tuple[list[Result], dict[str, Closures]]:
    results: list[Result] = []
    closures: dict[str, Closures] = {}
    for case in cases:
        _ready(case, setting)
        taking_part = contenders(case, setting)
        fetched, apt = count_bytes(case.name, taking_part, setting, _say)
        found = measure(case.name, taking_part, setting, rounds, _say)
        results += [replace(result, fetched=fetched[result.who]) for result in found]
        closures[case.name] = Closures(
            apt=apt, libs=closure_of(case, setting), full=closure_of(case, setting, "--view", "full")
        )
        # Starting is short: it is done more often.
        small = small_commands(setting) if case is cases[0] else ()
        results += measure(case.name, (bare_typer(), warm(case, setting), *small), setting, rounds * _STARTS, _say)
        shutil.rmtree(setting.kept)
    return results, closures


def _ready(case: Case, setting: Setting) -> None:
    """Write the lock file, and set all up where it is to be there already."""
    for command in (xprov_lock(case, setting), xprov_setup(case, setting)):
        setting.kept.mkdir(parents=True, exist_ok=True)
        run(command, {**setting.environ, **places(setting.kept)}, setting.kept / "log")


def _machine() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "processors": str(os.cpu_count()),
        "load": f"{os.getloadavg()[1]:.1f}",
    }


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
