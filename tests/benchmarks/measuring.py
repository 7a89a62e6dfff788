"""Run a program to its end, and say what it took."""

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TAIL = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """What one run took: seconds of the clock, seconds of all processors together, bytes of memory.

    `peak` is that of the largest of its processes, not of all that ran at the same time (wait4(2), ru_maxrss). It
    begins at what this process has itself, some 25 MB: a child counts as large as its parent until it is a program.
    """

    wall: float
    cpu: float
    peak: int


def run(command: Sequence[str], environ: Mapping[str, str], log: Path) -> Sample:
    """Return what `command` took. Raises `AssertionError` with the end of what it wrote when it fails."""
    with log.open("w") as output:
        begun = time.perf_counter()
        child = subprocess.Popen(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    written = log.read_text(errors="replace").splitlines()[-_TAIL:]
    assert child.returncode == 0, "\n".join([f"`{' '.join(command)}` ended with {child.returncode}", *written])
    return Sample(wall=wall, cpu=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss * 1024)


def median(samples: Sequence[Sample]) -> Sample:
    """Return the median of each number, and the largest peak."""
    return Sample(
        wall=statistics.median(sample.wall for sample in samples),
        cpu=statistics.median(sample.cpu for sample in samples),
        peak=max(sample.peak for sample in samples),
    )
