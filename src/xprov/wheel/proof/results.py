"""What the lines mean that `inside` wrote: which steps went well, and a finding for each that did not. Pure."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from xprov.records import dataclass
from xprov.wheel.finding import make_finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from xprov.wheel.finding import Finding

# What the loader says: then it is the wheel, and not what a module makes of being imported alone.
_LOADER = re.compile(
    r"cannot open shared object file|undefined symbol|version `[^']+' not found|wrong ELF class|invalid ELF header"
    r"|cannot allocate memory in static TLS|symbol not found|dynamic module does not define"
)
# Of Python itself, and in packages that are not unpacked.
_APART = frozenset({"_tkinter", "tkinter", "idlelib", "turtle"})
_PRINTED = re.compile(r"No module named '([^']+)'")
_HIDING = ("ImportError", "PanicException", "SystemError")


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """How the Python ended: its status, None where its time was up, and what it wrote to both streams."""

    status: int | None
    output: str
    seconds: float


def read_results(text: str) -> list[dict[str, Any]]:
    """Return the lines of a result; the last may be torn."""
    found = []
    with suppress(ValueError):
        for line in text.splitlines():
            found.append(json.loads(line))  # noqa: PERF401 - those before a torn one count
    return found


def imported(results: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """Return the modules that were imported."""
    return tuple(said["end"] for said in results if "end" in said and said["error"] is None and said["kind"] != "run")


def loaded(results: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """Return the extension modules that were loaded with all their symbols, though not imported."""
    return tuple(said["end"] for said in results if said.get("loaded") is True)


def findings_of(
    results: Sequence[dict[str, Any]], run: Run, top: Sequence[str], requires: Sequence[str], *, counted: bool
) -> Iterator[Finding]:
    """Yield a finding for each step that failed.

    `top` are the modules of the wheel itself, `requires` the distributions that it requires there. `counted` says that
    the user named what is imported: then every failure counts.
    """
    missing: dict[str, str] = {}
    seen: set[str] = set()
    for said in results:
        # A package that fails once is tried again for each module in it, and says the same.
        if said.get("error") is None or said["error"] in seen:
            continue
        module = _missing_module(said, run.output, top)
        if module in _APART:
            missing.setdefault(str(module), said["end"])
            continue
        if module is None or not requires or module.partition(".")[0] in top:
            seen.add(said["error"])
            yield _failure(said, counted=counted)
            continue
        missing.setdefault(module, said["end"])
        if isinstance(said.get("loaded"), str):
            yield make_finding("import-fails", f"loading {said['end']} failed: {said['loaded']}")
    for module, name in missing.items():
        why = "which Debian has in a package of its own" if module in _APART else f"of {' or '.join(requires)}"
        yield make_finding("needs-other", f"`{name}` needs the module `{module}`, {why}")
    if (unfinished := _unfinished(results)) is not None or run.status != 0:
        yield _crash(unfinished, results, run)


def _failure(said: dict[str, Any], *, counted: bool) -> Finding:
    error = str(said["error"]).splitlines()[-1] if said["error"] else ""
    if said["kind"] == "run":
        return make_finding("run-fails", f"`--run` failed: {error}")
    what = f"`import {said['end']}` failed: {error}"
    if said["kind"] == "top" or counted or _LOADER.search(error):
        return make_finding("import-fails", what)
    return make_finding("import-odd", what)


def _crash(unfinished: dict[str, Any] | None, results: Sequence[dict[str, Any]], run: Run) -> Finding:
    how = "did not end in time" if run.status is None else f"ended with {_status(run.status)}"
    if unfinished is not None:
        kind = "run-fails" if unfinished["kind"] == "run" else "import-fails"
        what = f"{_doing(unfinished)} {how}" if run.status is None else f"Python {how} in {_doing(unfinished)}"
    else:
        kind = "import-fails"
        what = f"Python {how} after all of that" if results else f"Python did not start: it {how}"
    fix = "what Python said stands below; where it ended by a signal under QEMU, try a newer QEMU or the machine itself"
    return make_finding(kind, what, fix=fix)


def _doing(step: dict[str, Any]) -> str:
    return "`--run`" if step["kind"] == "run" else f"`import {step['begin']}`"


def _status(status: int) -> str:
    # QEMU and shells add 128 to a signal, Python's subprocess makes it negative.
    signal = -status if status < 0 else status - 128 if status > 128 else 0  # noqa: PLR2004
    return f"signal {signal}" if signal else f"status {status}"


def _unfinished(results: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    return results[-1] if results and "begin" in results[-1] else None


def _missing_module(said: dict[str, Any], output: str, top: Sequence[str]) -> str | None:
    """Return the module that was not found.

    Modules of C and panics of pyo3 keep it to themselves, and Python has printed it. What the loader says comes first.
    """
    if said.get("missing"):
        return str(said["missing"])
    if said.get("type") not in _HIDING or _LOADER.search(str(said["error"])):
        return None
    printed = (match[1] for match in _PRINTED.finditer(output))
    return next((module for module in printed if module.partition(".")[0] not in top), None)
