"""Find a configuration out: by PyO3 itself where a project has it, else from what the interpreter says."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from xprov.pyo3.cargo import UnaskedError, ask_pyo3, find_project
from xprov.pyo3.config import render
from xprov.pyo3.interpreter import config_of
from xprov.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from xprov.output import Output
    from xprov.pyo3.config import InterpreterConfig
    from xprov.pyo3.interpreter import Interpreter


class Discovery(str, Enum):
    """Who says what PyO3 has to know.

    They agree on every interpreter that was tried, so that the file is one and the same. PyO3 is asked first because
    what it looks at changes with its versions; its first answer costs the compilation of two small crates.
    """

    AUTO = "auto"
    PYO3 = "pyo3"
    SYSCONFIG = "sysconfig"


@dataclass(frozen=True, kw_only=True, slots=True)
class Discovered:
    """A configuration, and by whom it was found out: `sysconfig`, or PyO3 with its version."""

    config: InterpreterConfig
    source: str


def discover(interpreter: Interpreter, start: Path, wanted: Discovery, output: Output) -> Discovered:
    """Return the configuration of `interpreter` for a project in or around the folder `start`.

    Raises `UnaskedError` when PyO3 has to be asked (`Discovery.PYO3`) and cannot be.
    """
    plain = Discovered(config=config_of(interpreter), source="sysconfig")
    if wanted is Discovery.SYSCONFIG:
        return plain
    try:
        found = _by_pyo3(interpreter, start, output)
    except UnaskedError as error:
        if wanted is Discovery.PYO3:
            raise
        output.say(f"{error.message}; the configuration is taken from the interpreter's sysconfig")
        return plain
    if found is None:
        if wanted is Discovery.PYO3:
            raise UnaskedError(
                f"there is no PyO3 to ask in `{start}`",
                hint="it needs cargo, and a project whose Cargo.lock has pyo3; `--discovery sysconfig` needs neither",
            )
        return plain
    for line in _differences(plain.config, found.config):
        output.detail(line)
    return found


def _by_pyo3(interpreter: Interpreter, start: Path, output: Output) -> Discovered | None:
    project = find_project(start)
    if project is None:
        return None
    with output.step(f"Asking PyO3 {project.pyo3}"):
        config = ask_pyo3(project, interpreter)
    return Discovered(config=config, source=f"PyO3 {project.pyo3}")


def _differences(one: InterpreterConfig, other: InterpreterConfig) -> list[str]:
    """Return what PyO3 says otherwise than sysconfig."""
    known = set(render(one).splitlines())
    return [f"PyO3 itself says {line}" for line in render(other).splitlines() if line not in known]
