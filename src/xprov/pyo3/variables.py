"""The variables that make builds use a configuration. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.environment.resolve import Note, Resolved
from xprov.pyo3.obstacle import CONFIG_FILE, PYTHON, is_below

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xprov.pyo3.interpreter import Interpreter


def variables_of(config_file: Path, interpreter: Interpreter, environ: Mapping[str, str]) -> Resolved:
    """Return what makes PyO3 and maturin read `config_file`.

    PyO3 looks for no interpreter then, and maturin starts none, so that PYO3_PYTHON is for build scripts that ask for
    one themselves: the interpreter that stays, not the environment's of one build.
    """
    was = environ.get(PYTHON)
    replaced = was and was not in {interpreter.base, interpreter.executable}
    note = Note(text=f"{PYTHON} is replaced, was {was}: another interpreter was asked for", loud=True)
    return Resolved(
        variables={CONFIG_FILE: str(config_file), PYTHON: interpreter.base}, notes=(note,) if replaced else ()
    )


def chosen_by_user(environ: Mapping[str, str], ours: Path, recorded: str | None) -> dict[str, str]:
    """Return `environ` without a PYO3_PYTHON that came from xprov: who activates another environment means that one.

    `ours` is the folder of xprov's configurations, `recorded` the interpreter that PYO3_CONFIG_FILE names.
    """
    hide = is_below(environ.get(CONFIG_FILE, ""), ours) and environ.get(PYTHON) == recorded
    return {name: value for name, value in environ.items() if name != PYTHON or not hide}
