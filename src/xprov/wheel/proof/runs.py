"""Start a Python with a wheel, by QEMU or without, and say how it ended. Only a temporary folder is written to."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xprov import process
from xprov.process import ProcessTimeoutError
from xprov.records import dataclass
from xprov.wheel.proof.install import install
from xprov.wheel.proof.results import Run, read_results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xprov.target import Target

_INSIDE = "inside.py"
# Nothing of this machine's settings: -I. No byte code: -B.
_OPTIONS = ("-I", "-B")
_ALONE = "-S"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What is to be done: wheels to unpack, modules to import, code to run, all in `timeout` seconds."""

    wheels: tuple[Path, ...]
    top: tuple[str, ...]
    extensions: tuple[str, ...]
    code: str | None
    timeout: float


def suite_command(root: Path, target: Target, release: tuple[int, int], emulator: Path | None) -> list[str]:
    """Return the command that starts the Python in `root`: by `emulator`, or by the root's own loader."""
    python = root / f"usr/bin/python{release[0]}.{release[1]}"
    if emulator is not None:
        # -L: where QEMU looks first for every absolute path, the program's loader and libraries above all.
        return [str(emulator), "-L", str(root), str(python), *_OPTIONS]
    folders = ":".join(str(root / folder) for folder in (f"usr/lib/{target.triplet}", "usr/lib", "usr/lib64"))
    return [str(root / target.loader.lstrip("/")), "--library-path", folders, str(python), *_OPTIONS]


def own_command(python: Path) -> list[str]:
    """Return the command that starts a Python of this machine, without the packages that are installed there."""
    return [str(python), *_OPTIONS, _ALONE]


def run_job(command: Sequence[str], job: Job) -> tuple[Run, list[dict[str, Any]]]:
    """Do `job` by the Python that `command` starts; return how that ended, and the steps.

    Raises `XprovError` when a wheel cannot be unpacked, `ToolMissingError` when there is no such program.
    """
    with tempfile.TemporaryDirectory(prefix="xprov-wheel-") as name:
        folder = Path(name).resolve()
        for wheel in job.wheels:
            install(wheel, folder / "site")
        (folder / "site").mkdir(exist_ok=True)
        inside, asked, result = folder / _INSIDE, folder / "job.json", folder / "result"
        inside.write_bytes(Path(__file__).with_name(_INSIDE).read_bytes())
        asked.write_text(json.dumps(_asked(job, folder)), encoding="utf-8")
        result.touch()
        run = _run([*command, str(inside), str(asked), str(result)], folder, job.timeout)
        said = result.read_text(encoding="utf-8", errors="replace")
    # Folders of this run tell nobody anything.
    site = f"{folder / 'site'}/"
    return replace(run, output=run.output.replace(site, "")), read_results(said.replace(site, ""))


def _asked(job: Job, folder: Path) -> dict[str, Any]:
    return {
        "folders": [str(folder / "site")],
        "top": list(job.top),
        "extension": list(job.extensions),
        "run": job.code,
    }


def _run(command: Sequence[str], folder: Path, timeout: float) -> Run:
    variables = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
    begun = time.monotonic()
    try:
        done = process.run_bounded(command, variables=variables, folder=folder, timeout=timeout)
    except ProcessTimeoutError as error:
        return Run(status=None, output=error.output, seconds=time.monotonic() - begun)
    return Run(status=done.returncode, output=done.stdout + done.stderr, seconds=time.monotonic() - begun)
