"""Whose a container is: a label names the process that made it, and what a dead one has left is taken away."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.errors import XprovError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xprov.engine import Engine

LABEL = "dev.xprov.owner"
"""What every container of xprov's carries: `docker ps --all --filter label=dev.xprov.owner`."""

# The fields of /proc/PID/stat (proc(5)): the start time, and the first after the program's name, which is the state.
_START_TIME, _STATE = 22, 3
_ENDED = ("Z", "X")


def labels() -> Mapping[str, str]:
    """Return the labels of a container that this process makes."""
    return {LABEL: _name(os.getpid())}


def sweep(engine: Engine) -> int:
    """Remove the containers whose process has ended without doing so, and return how many there were."""
    left = [box for box, their in engine.labelled(LABEL).items() if _is_dead(their.get(LABEL, ""))]
    for box in left:
        box.remove()
    return len(left)


def _is_dead(name: str) -> bool:
    boot, _, rest = name.partition("/")
    number = rest.partition("/")[0]
    # One of another machine that shares this engine is not ours to judge.
    return boot == _boot() and number.isdigit() and _name(int(number)) != name


def _name(process: int) -> str:
    """Return what tells a process from all others of this machine: numbers are used again, and so are start times."""
    return f"{_boot()}/{process}/{_started(process)}"


def _started(process: int) -> str:
    try:
        # The name of the program, in brackets, may hold anything.
        after = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
    except OSError:
        return ""
    fields = after.split()
    # One that nobody has asked how it ended is still listed.
    return "" if fields[0] in _ENDED else fields[_START_TIME - _STATE]


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError as error:
        raise XprovError(f"this machine does not say when it was started: {error}") from error
