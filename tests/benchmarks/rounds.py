"""Let contenders do their work in turn, several rounds of it, so that what disturbs one disturbs the others too."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.cases import Case
from tests.benchmarks.contenders import APT, Contender, Setting, places, xprov_setup
from tests.benchmarks.counting import counting_proxy
from tests.benchmarks.measuring import Sample, median, run


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What one contender took for one case: its samples, and the bytes that it fetched, None where nobody counted."""

    case: str
    who: str
    samples: tuple[Sample, ...]
    fetched: int | None = None

    @property
    def middle(self) -> Sample:
        return median(self.samples)


@dataclass(frozen=True, kw_only=True, slots=True)
class Closure:
    """How many packages, and how many bytes they have as they are fetched."""

    packages: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Closures:
    """What is taken for the same thing: by apt, and by xprov for either of its views."""

    apt: Closure
    libs: Closure
    full: Closure


def measure(
    case: str, taking_part: Sequence[Contender], setting: Setting, rounds: int, say: Callable[[str], None]
) -> list[Result]:
    """Return what each contender took, in `rounds` rounds in which all take part."""
    samples: dict[str, list[Sample]] = {contender.name: [] for contender in taking_part}
    for number in range(rounds):
        for contender in taking_part:
            say(f"{case}: round {number + 1} of {rounds}, {contender.name}")
            samples[contender.name].append(_once(contender, setting, {}))
    return [Result(case=case, who=name, samples=tuple(found)) for name, found in samples.items()]


def count_bytes(
    case: str, taking_part: Sequence[Contender], setting: Setting, say: Callable[[str], None]
) -> tuple[dict[str, int], Closure]:
    """Return the bytes that each contender fetches, by its name, and what apt takes for the closure. Nothing is timed.

    It is the first time that each does its work: what is fetched is in the archive's memory after it, and programs are
    in this machine's.
    """
    fetched: dict[str, int] = {}
    taken = Closure(packages=0, size=0)
    with counting_proxy() as proxy:
        for contender in taking_part:
            say(f"{case}: counting what is fetched, {contender.name}")
            proxy.received = 0
            _once(contender, setting, {"http_proxy": proxy.url, "no_proxy": ""})
            fetched[contender.name] = proxy.received
            if contender.name == APT:
                sizes = [deb.stat().st_size for deb in (_folder(contender, setting) / "archives").glob("*.deb")]
                taken = Closure(packages=len(sizes), size=sum(sizes))
    return fetched, taken


def closure_of(case: Case, setting: Setting, *options: str) -> Closure:
    """Return what xprov takes for the closure."""
    told = subprocess.run(
        [*xprov_setup(case, setting), *options, "--dry-run", "--json"],
        env={**setting.environ, **places(setting.folder / "plans")},
        check=True,
        capture_output=True,
        text=True,
    )
    packages = json.loads(told.stdout)["resolution"]["packages"]
    return Closure(packages=len(packages), size=sum(package["size"] for package in packages))


def _once(contender: Contender, setting: Setting, variables: Mapping[str, str]) -> Sample:
    folder = _folder(contender, setting)
    if not contender.kept:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    if not contender.kept:
        contender.prepare(folder)
    environ = {**setting.environ, **contender.variables(folder), **variables}
    return run(contender.command(folder), environ, folder / "log")


def _folder(contender: Contender, setting: Setting) -> Path:
    """Return where `contender` works; what is there already is the same for all who have it."""
    return setting.kept if contender.kept else setting.folder / "fresh" / re.sub(r"\W+", "-", contender.name)
