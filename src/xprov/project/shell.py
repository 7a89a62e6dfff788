"""The commands in lines of a shell, make, just or tox: maturin's own, and front ends that build by it."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from xprov.project.command import UNKNOWN, parse_command
from xprov.project.front_end import ARGUMENTS, read_front_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.project.command import Command, Site
    from xprov.project.front_end import FrontEnd

VERBS = "build|develop|publish|sdist"

_MATURIN = re.compile(rf"(?<![\w./-])(?:cd\s+(?P<folder>[\w./-]+)\s*&&.*?)?\bmaturin\s+(?P<words>(?:{VERBS})\b.*)")
_FRONT_END = re.compile(r"\b(?P<name>python3?\s+-m\s+build|uv\s+build|pip3?\s+(?:wheel|install))\b(?P<words>.*)")
# GitHub's, a shell's, make's, just's and tox's, PowerShell's and cmd's.
_EXPRESSION = re.compile(
    r"\$\{\{.*?\}\}|\$\{[^}]*\}|\$\([^()]*\)|\$\$?[\w:]+|\$[@*#]|\{\{.*?\}\}|\{[^{}\s]+\}|`[^`]*`|%\w+%"
)
# What ends a command in a shell; a recipe's comment.
_END = re.compile(r"\s(?:&&|\|\|?|;|#|>|2>)|;")


def commands_in_shell(text: str, site: Site, first: int = 1) -> Iterator[Command]:
    """Yield the commands in the lines of `text`, the first of which is line `first` of the file."""
    for number, line in _joined(text.splitlines(), first):
        if line.lstrip().startswith("#"):
            continue
        for match in _MATURIN.finditer(line):
            inside = replace(site, folder=site.folder / (match["folder"] or "."))
            yield parse_command(split_words(_END.split(match["words"])[0]), inside, number)
        for match in _FRONT_END.finditer(line):
            told = read_front_end(split_words(_END.split(match["words"])[0]))
            yield from _of_front_end(match["name"], told, site, number)


def _of_front_end(name: str, told: FrontEnd, site: Site, line: int) -> Iterator[Command]:
    """Yield what a front end has maturin do; of pip that installs, nothing but of a folder."""
    if name.endswith("install") and told.source is None:
        return
    variable = next((variable.value for variable in site.environ if variable.name == ARGUMENTS), None)
    # pip keeps the path of the interpreter that it runs in.
    words = ["pip" if name.startswith("pip") else "front-end", *told.words(variable)]
    yield parse_command(words, replace(site, folder=site.folder / (told.source or ".")), line)


def split_words(text: str) -> list[str]:
    """Return the words of a command line, with `UNKNOWN` for what only a run of it knows."""
    plain = hide_expressions(text)
    try:
        return shlex.split(plain)
    except ValueError:
        # A quotation mark that was opened before the command.
        return [word.strip("'\"`)") for word in plain.split()]


def hide_expressions(text: str) -> str:
    """Return `text` with `UNKNOWN` for each expression."""
    return _EXPRESSION.sub(UNKNOWN, text)


def _joined(lines: list[str], first: int) -> Iterator[tuple[int, str]]:
    """Yield lines with those that they are continued in, and the number of the first."""
    start, whole = 0, ""
    for number, line in enumerate(lines, first):
        start = start or number
        whole += line.removesuffix("\\") + " " if line.endswith("\\") else line
        if not line.endswith("\\"):
            yield start, whole
            start, whole = 0, ""
