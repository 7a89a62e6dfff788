"""Front ends that build by maturin: where their wheel goes, and what they hand on.

maturin takes `maturin.build-args` of the settings, else `build-args`, else MATURIN_PEP517_ARGS; one value is split as a
shell does, several are words (maturin 1.16, `maturin/__init__.py`). They come after what it says itself, `-i` among it.
"""

from __future__ import annotations

import os.path
import shlex
from dataclasses import field
from typing import TYPE_CHECKING

from xprov.project.command import UNKNOWN
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

ARGUMENTS = "MATURIN_PEP517_ARGS"

_OUT = {"--outdir", "--out-dir", "-o", "-w", "--wheel-dir"}
_SETTINGS = {"-C", "--config-setting", "--config-settings"}
_KEYS = ("maturin.build-args", "build-args")


@dataclass(frozen=True, kw_only=True, slots=True)
class FrontEnd:
    """What a front end's command line says: `source` is the folder that it builds, None where none is named."""

    source: str | None
    out: str | None
    settings: tuple[str, ...] = field(default=())

    def words(self, variable: str | None) -> list[str]:
        """Return the words that maturin is told; `variable` is the value of MATURIN_PEP517_ARGS.

        Where the wheel goes is told of `source`, in which maturin runs.
        """
        out = () if self.out is None else (f"--out={os.path.normpath(os.path.relpath(self.out, self.source or '.'))}",)
        return [*self._handed_on(variable), *out]

    def _handed_on(self, variable: str | None) -> list[str]:
        if any(UNKNOWN in setting.partition("=")[0] for setting in self.settings):
            return [UNKNOWN]
        for key in _KEYS:
            values = [setting.partition("=")[2] for setting in self.settings if setting.partition("=")[0] == key]
            if values:
                return split_arguments(values[0]) if len(values) == 1 else values
        return split_arguments(variable or "")


def read_front_end(words: Sequence[str]) -> FrontEnd:
    """Return what the words after `python -m build`, `uv build`, `pip wheel` or `pip install` say."""
    source, out, settings = None, None, []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name in _OUT:
            out = value if equals else next(rest, "")
        elif name in _SETTINGS:
            settings.append(value if equals else next(rest, ""))
        elif word.startswith("-C"):
            settings.append(word.removeprefix("-C"))
        elif _is_folder(word):
            source = word.partition("[")[0]
    return FrontEnd(source=source, out=out, settings=tuple(settings))


def split_arguments(text: str) -> list[str]:
    """Return the words of build arguments as maturin splits them; none of what it would not take."""
    try:
        return shlex.split(text)
    except ValueError:
        return []


def _is_folder(word: str) -> bool:
    """Return whether a word names a folder, as `.` and `./python[test]` do; what has no slash is a project's name."""
    return word.partition("[")[0] in {".", ".."} or word.startswith(("./", "../"))
