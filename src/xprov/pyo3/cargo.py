"""PyO3 itself, asked by the cargo of a project what it would build for (PYO3_PRINT_CONFIG).

PyO3's build script prints its configuration and fails on purpose. Only what it needs is compiled for that, and in a
folder of its own: in the project's it would be run again by the next build, and the crates above it compiled again.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xprov.errors import UnsatisfiableError, XprovError
from xprov.process import find, run
from xprov.pyo3.config import FREE_THREADED, InterpreterConfig, read_keys, sort_flags
from xprov.pyo3.interpreter import config_of
from xprov.records import dataclass
from xprov.settings import folders_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xprov.pyo3.interpreter import Interpreter

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]  # only there on Python 3.10

# The crate whose build script prints; it is there since PyO3 0.16.
CRATE = "pyo3-ffi"

# Below the project's target folder, where `cargo clean` and every .gitignore reach it; maturin keeps one there, too.
_FOLDER = "xprov"

# Nothing of what the user's own build is told may be in the answer, or in its way: a wrapper that is not installed yet
# (maturin-action names sccache before it has it), a configuration that was set before.
_ENVIRONMENT = {
    "PYO3_PRINT_CONFIG": "1",
    "PYO3_CONFIG_FILE": None,
    "PYO3_NO_PYTHON": None,
    "RUSTC_WRAPPER": "",
    "CARGO_BUILD_RUSTC_WRAPPER": "",
    "CARGO_TERM_COLOR": "never",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A project that cargo builds PyO3 for: its Cargo.toml, the version of PyO3, and cargo's target folder."""

    manifest: Path
    pyo3: str
    target_folder: Path


class UnaskedError(XprovError):
    """cargo could not have PyO3 say what it would build for."""


def find_manifest(start: Path) -> Path | None:
    """Return the Cargo.toml that maturin builds from the folder `start`, or from one above in the same checkout."""
    for folder in folders_up(start.absolute()):
        tables = _read(folder / "pyproject.toml")
        named = tables.get("tool", {}).get("maturin", {}).get("manifest-path")
        manifest = folder / (named if isinstance(named, str) else "Cargo.toml")
        if manifest.is_file():
            return manifest
    return None


def find_project(start: Path) -> Project | None:
    """Return the project in or around the folder `start`, None where there is none whose PyO3 can be asked.

    Without a Cargo.lock, asking would write one. Raises `UnaskedError` when cargo cannot read the project.
    """
    manifest = find_manifest(start)
    if manifest is None or find("cargo") is None:
        return None
    words = ("cargo", "metadata", "--no-deps", "--format-version=1", "--manifest-path", manifest)
    done = run(words, folder=manifest.parent, check=False)
    if not done.ok:
        raise UnaskedError(f"cargo cannot read `{manifest}`: {_last_line(done.stderr)}")
    metadata = json.loads(done.stdout)
    pyo3 = locked_pyo3(_read(Path(metadata["workspace_root"], "Cargo.lock")))
    if pyo3 is None:
        return None
    return Project(manifest=manifest, pyo3=pyo3, target_folder=Path(metadata["target_directory"]))


def locked_pyo3(lock: Mapping[str, Any]) -> str | None:
    """Return the newest version of PyO3 in a Cargo.lock, None where it is not in it."""
    packages = lock.get("package", [])
    versions = [package["version"] for package in packages if package.get("name") == CRATE]
    return max(versions, key=lambda version: [int(number) for number in re.findall(r"\d+", version)], default=None)


def ask_pyo3(project: Project, interpreter: Interpreter) -> InterpreterConfig:
    """Return the configuration of `interpreter` as the project's PyO3 finds it out.

    Raises `UnaskedError` when cargo cannot build PyO3's build script, or PyO3 does not print.
    """
    words = ("cargo", "check", "--locked", "--package", f"{CRATE}@{project.pyo3}")
    where = ("--manifest-path", project.manifest, "--target-dir", project.target_folder / _FOLDER)
    environment = {
        **_ENVIRONMENT,
        "PYO3_PYTHON": interpreter.base,
        # The same path may be another interpreter than when PyO3 last looked.
        "PYO3_ENVIRONMENT_SIGNATURE": hashlib.sha256(repr(interpreter).encode()).hexdigest(),
    }
    done = run((*words, *where), environment=environment, folder=project.manifest.parent, check=False)
    printed = printed_config(done.stderr)
    if printed is None:
        raise UnaskedError(f"PyO3 {project.pyo3} does not say what it would build for: {_last_line(done.stderr)}")
    return merge(printed, interpreter)


def printed_config(text: str) -> str | None:
    """Return the configuration that PyO3 printed among what cargo wrote, None where it did not.

    cargo shows the output of a build script that fails, indented.
    """
    _, mark, rest = text.partition("PYO3_PRINT_CONFIG=1 is set")
    lines = [line.strip() for line in rest.splitlines()[1:]]
    end = lines.index("") if "" in lines else len(lines)
    return "".join(f"{line}\n" for line in lines[:end]) if mark and end else None


def merge(printed: str, interpreter: Interpreter) -> InterpreterConfig:
    """Return what PyO3 printed, with what it does not print from `interpreter`.

    The version stays the interpreter's: PyO3 lowers it for a crate with an `abi3-py3X` feature, and will do so again
    when it reads the file, which other crates read too. Raises `UnaskedError` when it cannot be read,
    `UnsatisfiableError` when this PyO3 does not know what the interpreter is.
    """
    config = config_of(interpreter)
    try:
        keys = read_keys(printed)
    except ValueError as error:
        raise UnaskedError(f"PyO3 printed what is no configuration: {error}") from error
    values = {key: values[-1] for key, values in keys.items()}
    flags = sort_flags(tuple(flag for flag in values.get("build_flags", "").split(",") if flag))
    if (FREE_THREADED in config.build_flags) != (FREE_THREADED in flags):
        # maturin would refuse the file, and an older one build what is not safe to run. PyO3 has the flag since 0.22.
        raise UnsatisfiableError(
            f"the project's PyO3 does not know that {interpreter.label} at `{interpreter.base}` is free-threaded",
            hint="build with PyO3 0.23 or newer, or for another interpreter by `--python`",
        )
    width = values.get("pointer_width", "")
    return replace(
        config,
        implementation=values.get("implementation", config.implementation),
        shared=values.get("shared") == "true" if "shared" in values else config.shared,
        lib_name=values.get("lib_name"),
        lib_dir=values.get("lib_dir"),
        pointer_width=int(width) if width.isdigit() else config.pointer_width,
        build_flags=flags,
        # PyO3 prints Python's None as a word.
        python_framework_prefix=_named(values.get("python_framework_prefix")),
        suppress_build_script_link_lines=values.get("suppress_build_script_link_lines") == "true",
        extra_build_script_lines=tuple(keys.get("extra_build_script_line", ())),
    )


def build_target(start: Path, home: Path) -> tuple[str, str] | None:
    """Return the target that cargo's configuration sets for a build in `start`, and the file that does, or None.

    Source: The Cargo Book, "Configuration": the nearest `.cargo/config.toml`, up to the root, then that of CARGO_HOME.
    """
    folders = [folder / ".cargo" for folder in (start.absolute(), *start.absolute().parents)]
    for file in (folder / name for folder in (*folders, home) for name in ("config", "config.toml")):
        target = _read(file).get("build", {}).get("target")
        if isinstance(target, list):
            target = target[0] if target else None
        if isinstance(target, str):
            return target, str(file)
    return None


def _named(value: str | None) -> str | None:
    return None if value in {None, "", "None"} else value


def _read(file: Path) -> dict[str, Any]:
    """Return a TOML file of other tools; empty where it is not there or they would refuse it, which they say better."""
    try:
        content: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content


def _last_line(text: str) -> str:
    """Return the last line that says what is wrong."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error")]
    return (errors or lines or ["it ended without a word"])[-1]
