"""Why a configuration of this machine's Python must not be set: a cross build has one of its own. Pure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.errors import UnsatisfiableError, XprovError
from xprov.target import find_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xprov.pyo3.interpreter import Interpreter

CONFIG_FILE, PYTHON = "PYO3_CONFIG_FILE", "PYO3_PYTHON"

# By these PyO3 knows a cross build (pyo3-build-config, `CrossCompileEnvVars`), whatever cargo's target is; the last one
# makes even a running interpreter answer for another machine (CPython's sysconfig; crossenv sets it).
_MARKS = (
    "PYO3_CROSS",
    "PYO3_CROSS_LIB_DIR",
    "PYO3_CROSS_PYTHON_VERSION",
    "PYO3_CROSS_PYTHON_IMPLEMENTATION",
    "_PYTHON_SYSCONFIGDATA_NAME",
)

# How the file name of an extension module ends (PEP 3149 and what Debian made of it): `-x86_64-linux-gnu.so`.
_TRIPLET = re.compile(r"-([a-z0-9_]+-linux-[a-z0-9]+)\.so$")


class OtherBuildError(UnsatisfiableError):
    """The build has a configuration of its own, or is for another machine; `obstacle` says by what that is known."""

    def __init__(self, obstacle: str) -> None:
        super().__init__(
            f"{obstacle}: the configuration of this machine's Python would take its place",
            hint="unset it to build for this machine; `--env` leaves such builds alone and ends with 0",
        )
        self.obstacle = obstacle


def obstacle_in(environ: Mapping[str, str], ours: Path) -> str | None:
    """Return what in `environ` says that another configuration is wanted, in words, or None.

    `ours` is the folder of configurations that xprov wrote: one of these is replaced.
    """
    # PyO3 takes each of these for a cross build when it is there, also when it is empty.
    for mark in _MARKS:
        if mark in environ:
            return f"{mark} is set, for a cross build"
    there = environ.get(CONFIG_FILE)
    if there is not None and not is_below(there, ours):
        return f"{CONFIG_FILE} is set already, to `{there}`"
    return None


def other_target(
    environ: Mapping[str, str], interpreter: Interpreter, configured: tuple[str, str] | None
) -> str | None:
    """Return that cargo builds for another machine than the one whose modules `interpreter` loads, in words, or None.

    `configured` is the target that cargo's configuration names, and the file that it does it in.
    """
    named = environ.get("CARGO_BUILD_TARGET")
    target, where = (named, "CARGO_BUILD_TARGET") if named else configured or ("", "")
    if not target or target in native_triples(interpreter):
        return None
    return f"{where} has cargo build for {target}, which `{interpreter.base}` is not of"


def native_triples(interpreter: Interpreter) -> tuple[str, ...]:
    """Return the Rust triples whose extension modules `interpreter` loads; none where its machine is not known."""
    found = _TRIPLET.search(interpreter.ext_suffix)
    try:
        return find_target(found.group(1) if found else interpreter.multiarch).rust_triples
    except XprovError:
        return ()


def is_below(path: str, folder: Path) -> bool:
    """Return whether `path` names something in `folder`."""
    return folder in Path(path).parents
