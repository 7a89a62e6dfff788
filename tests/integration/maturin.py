"""Projects that real maturin builds, fast: one cargo target folder for all, nothing optimized, pyo3 compiled once."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.integration.written import need
from tests.unit.projects import write_project

MODULE = """\
#[pyo3::pymodule]
mod demo {
    #[pyo3::pyfunction]
    fn answer() -> u32 { 42 }
}
"""
"""A module that needs pyo3."""

GUARDED = '#[cfg(feature = "python")]\n' + MODULE
"""The same behind the feature `python`."""

FAST = "\n[profile.dev]\nopt-level = 0\ndebug = false\n"

# A file that packs itself is ended at this size, in kB, instead of at 4 GiB.
_LARGEST = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A program that has ended: its exit status and all that it wrote."""

    code: int
    log: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Maturin:
    """maturin from PyPI, and where all builds of a run are made. `python` has no pip: nothing is installed into it."""

    program: Path
    python: Path
    target: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def run(self, folder: Path, *words: str, environ: Mapping[str, str] | None = None) -> Done:
        """Run maturin in `folder`; a file that it writes may not pass 20 MB."""
        command = f'ulimit -f {_LARGEST}; exec "$0" "$@"'
        return _run(["bash", "-c", command, str(self.program), *words], folder, self._environ(environ))

    def build(self, folder: Path, *words: str, environ: Mapping[str, str] | None = None) -> Done:
        """Build a wheel in `folder`, into `dist` there unless `words` say where."""
        out = () if {"-o", "--out"}.intersection(words) else ("-o", "dist")
        return self.run(folder, "build", "--profile", "dev", "--offline", *out, *words, environ=environ)

    def front_end(self, folder: Path, *words: str, environ: Mapping[str, str] | None = None) -> Done:
        """Have `python -m build` make a wheel in `folder` by this maturin; the settings or variables say how."""
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", *words]
        # What maturin misses it would have pip install.
        return _run(command, folder, {**self._environ(environ), "PIP_NO_INDEX": "1"})

    def _environ(self, more: Mapping[str, str] | None) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("HOME", "CARGO_HOME", "RUSTUP_HOME") if name in os.environ}
        path = os.pathsep.join((str(self.python.parent), str(self.program.parent), os.environ["PATH"]))
        own = {"PATH": path, "VIRTUAL_ENV": str(self.python.parents[1]), "CARGO_TARGET_DIR": str(self.target)}
        return {**kept, **own, **(more or {})}


def start_maturin(folder: Path) -> Maturin:
    """Return maturin with an empty target folder below `folder`; skip where there is no cargo, or no maturin."""
    need("cargo", "bash")
    program = Path(sys.executable).with_name("maturin")
    if not program.is_file():
        pytest.skip("maturin is not installed beside this Python")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    return Maturin(program=program, python=folder / "venv/bin/python", target=folder / "target")


def write_pyo3_project(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a project whose Cargo.toml builds fast, with its lock; skip where cargo cannot fetch what it depends on."""
    write_project(folder, {"src/lib.rs": MODULE, **files, "Cargo.toml": files["Cargo.toml"] + FAST})
    return fetch(folder)


def fetch(folder: Path) -> Path:
    """Write the lock of the project in `folder`, and have what it depends on on this machine."""
    # What is here already is enough, and asking the registry takes seconds.
    if _run(["cargo", "fetch", "--offline"], folder, os.environ).code != 0:
        fetched = _run(["cargo", "fetch"], folder, os.environ)
        if fetched.code != 0:
            pytest.skip(f"cargo cannot fetch: {fetched.log.strip().splitlines()[-1]}")
    return folder


def xprov(folder: Path, *words: str, environ: Mapping[str, str] | None = None, log: str = "") -> Done:
    """Run xprov in `folder`, with `log` to read, in an environment that says nothing of builds."""
    program = Path(sys.executable).with_name("xprov")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME") if name in os.environ}
    return _run([str(program), *words], folder, {**kept, "XPROV_HOME": str(folder / ".xprov"), **(environ or {})}, log)


def ids(done: Done) -> list[str]:
    """Return what doctor or explain found, from the first lines of their paragraphs."""
    heads = [line.split(" ") for line in done.log.splitlines() if line.startswith(("breaks: ", "risk: ", "note: "))]
    return [f"{words[0]} {words[1]}" for words in heads]


def wheel_of(folder: Path) -> Path:
    """Return the one wheel in `folder`, but for what a build for cffi has left there, also where it failed."""
    (wheel,) = (wheel for wheel in folder.glob("*.whl") if "-py3-none-manylinux" not in wheel.name)
    return wheel


def names_in(wheel: Path) -> list[str]:
    """Return the names of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def answer_of(wheel: Path, python: Path, folder: Path) -> str:
    """Return what the module of an unpacked wheel answers when it is imported."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    code = "import demo; print(demo.answer())"
    return subprocess.run([python, "-c", code], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def _run(words: list[str], folder: Path, environ: Mapping[str, str], log: str = "") -> Done:
    done = subprocess.run(
        words,
        cwd=folder,
        env=dict(environ),
        input=log,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Done(code=done.returncode, log=done.stdout)
