"""Find the command lines with which a project builds: in its workflows, nox, tox, just and make files."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from xprov.project.command import UNKNOWN, Site, parse_command
from xprov.project.front_end import ARGUMENTS
from xprov.project.shell import VERBS, commands_in_shell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from xprov.project.command import Command

# Where projects say how they are built, below the top of a checkout.
PLACES = (
    ".github/workflows/*.yml",
    ".github/workflows/*.yaml",
    ".gitlab-ci.yml",
    ".circleci/config.yml",
    ".cirrus.yml",
    "azure-pipelines.yml",
    "noxfile.py",
    "tasks.py",
    "tox.ini",
    "tox.toml",
    "justfile",
    "Justfile",
    ".justfile",
    "makefile",
    "Makefile",
    "GNUmakefile",
    "Taskfile.yml",
    "Dockerfile",
    "*.sh",
    ".ci/*",
    "ci/*",
    "scripts/*",
)

_LARGEST = 1_000_000
_VARIABLE = re.compile(rf"\b(?:CARGO_TARGET_[A-Z0-9_]+_LINKER|{ARGUMENTS})\b")


def read_texts(folder: Path) -> dict[Path, str]:
    """Return the files that may hold commands, of the checkout whose top is `folder`, with what is in them."""
    files = {file: None for place in PLACES for file in sorted(folder.glob(place)) if file.is_file()}
    small = (file for file in files if file.stat().st_size <= _LARGEST)
    return {file: file.read_text(encoding="utf-8", errors="replace") for file in small}


def find_commands(texts: Mapping[Path, str], folder: Path) -> tuple[Command, ...]:
    """Return the commands that files hold, file by file; `folder` is the top of their checkout."""
    return tuple(command for file, text in texts.items() for command in commands_in(file, text, folder))


def find_variables(texts: Iterable[str]) -> frozenset[str]:
    """Return the variables that files speak of, of those that matter where something sets them for a build alone."""
    return frozenset(name for text in texts for name in _VARIABLE.findall(text))


def commands_in(file: Path, text: str, folder: Path) -> tuple[Command, ...]:
    """Return the commands of one file, which run in `folder` where nothing else is said."""
    if file.suffix in {".yml", ".yaml"}:
        from xprov.project.workflow import commands_in_yaml  # noqa: PLC0415 - it imports a YAML reader

        return tuple(commands_in_yaml(file, text, folder))
    site = Site(file=file, folder=folder)
    return tuple(_in_python(text, site) if file.suffix == ".py" else commands_in_shell(text, site))


def _in_python(text: str, site: Site) -> Iterator[Command]:
    """Yield calls with the words of a command: `session.run("maturin", "build", ...)`, `run(["maturin", ...])`."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        words = list(_strings(call.args))
        if "maturin" in words and words.index("maturin") + 1 < len(words):
            after = words[words.index("maturin") + 1 :]
            if re.fullmatch(VERBS, after[0]):
                yield parse_command(after, site, call.lineno)


def _strings(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, (ast.List, ast.Tuple)):
            yield from _strings(node.elts)
        else:
            yield UNKNOWN
