"""Find the command lines with which a project builds: in its workflows, nox, tox, just and make files."""

from __future__ import annotations

import ast
import re
import shlex
from typing import TYPE_CHECKING

from xprov.project.command import UNKNOWN, Command, parse_command

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

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
_VERBS = "build|develop|publish|sdist"
_MATURIN = re.compile(rf"(?<![\w./-])(?:cd\s+(?P<folder>[\w./-]+)\s*&&.*?)?\bmaturin\s+(?P<words>(?:{_VERBS})\b.*)")
# Front ends that build by maturin and put the wheel where they are told.
_FRONT_END = re.compile(r"\b(?P<words>(?:python3?\s+-m\s+build|uv\s+build|pip3?\s+wheel)\b.*)")
_FRONT_END_OUT = {"--outdir", "--out-dir", "-o", "-w", "--wheel-dir"}
_ACTION = re.compile(r"^\s*(?:-\s+)?uses:\s*['\"]?pyo3/maturin-action\b", re.IGNORECASE)
# GitHub's, a shell's, make's, just's and tox's, PowerShell's and cmd's.
_EXPRESSION = re.compile(
    r"\$\{\{.*?\}\}|\$\{[^}]*\}|\$\([^()]*\)|\$\$?[\w:]+|\$[@*#]|\{\{.*?\}\}|\{[^{}\s]+\}|`[^`]*`|%\w+%"
)
_VARIABLE = re.compile(r"\bCARGO_TARGET_[A-Z0-9_]+_LINKER\b")
# What ends a command in a shell; a recipe's comment.
_END = re.compile(r"\s(?:&&|\|\|?|;|#|>|2>)|;")
_SETTING = re.compile(r"^(?P<indent>\s*)(?:-\s+)?(?P<key>[\w-]+):\s*(?P<value>.*)$")


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
    if file.suffix == ".py":
        return tuple(_in_python(file, text, folder))
    if file.suffix in {".yml", ".yaml"}:
        return (*_in_shell(file, text, folder), *_in_action(file, text, folder))
    return tuple(_in_shell(file, text, folder))


def _in_python(file: Path, text: str, folder: Path) -> Iterator[Command]:
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
            if re.fullmatch(_VERBS, after[0]):
                yield parse_command(after, file=file, line=call.lineno, folder=folder)


def _strings(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, (ast.List, ast.Tuple)):
            yield from _strings(node.elts)
        else:
            yield UNKNOWN


def _in_shell(file: Path, text: str, folder: Path) -> Iterator[Command]:
    lines = text.splitlines()
    for number, line in _joined(lines):
        if line.lstrip().startswith("#"):
            continue
        for match in _MATURIN.finditer(line):
            inside = match["folder"] or _step_setting(lines, number, "working-directory") or "."
            words = _words(_END.split(match["words"])[0])
            yield parse_command(words, file=file, line=number, folder=folder / inside)
        for match in _FRONT_END.finditer(line):
            inside = _step_setting(lines, number, "working-directory") or "."
            # pip keeps the path of the interpreter that it runs in.
            verb = "pip-wheel" if match["words"].startswith("pip") else "front-end"
            words = [verb, *_outs(_words(_END.split(match["words"])[0]))]
            yield parse_command(words, file=file, line=number, folder=folder / inside)


def _outs(words: list[str]) -> Iterator[str]:
    """Yield what a front end's words say of where the wheel goes, as maturin would be told."""
    for word, after in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name in _FRONT_END_OUT:
            yield f"--out={value if equals else after}"


def _in_action(file: Path, text: str, folder: Path) -> Iterator[Command]:
    """Yield what each step with maturin-action runs: its `command`, `build` by default, with its inputs."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if not _ACTION.match(line):
            continue
        inputs = {key: _step_setting(lines, number, key) or "" for key in ("command", "args", "target", "manylinux")}
        words = [inputs["command"] or "build", *_words(inputs["args"])]
        words += ["--target", _words(inputs["target"])[0]] if inputs["target"] else []
        words += ["--manylinux", _words(inputs["manylinux"])[0]] if inputs["manylinux"] not in ("", "auto") else []
        inside = _step_setting(lines, number, "working-directory") or "."
        at = _step_line(lines, number, "args") or number
        yield parse_command(words, file=file, line=at, folder=folder / inside)


def _joined(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield lines with those that they are continued in, and the number of the first."""
    start, whole = 0, ""
    for number, line in enumerate(lines, 1):
        start = start or number
        whole += line.removesuffix("\\") + " " if line.endswith("\\") else line
        if not line.endswith("\\"):
            yield start, whole
            start, whole = 0, ""


def _words(text: str) -> list[str]:
    plain = _EXPRESSION.sub(UNKNOWN, text)
    try:
        return shlex.split(plain)
    except ValueError:
        # A quotation mark that was opened before the command.
        return [word.strip("'\"`)") for word in plain.split()]


def _step(lines: list[str], number: int) -> range:
    """Return the places in `lines` of the item of a YAML list that line `number` is in, the list nearest to it."""
    depth = _indent(lines[number - 1])
    start = number - 1
    while start > 0 and not (lines[start].lstrip().startswith("- ") and _indent(lines[start]) <= depth):
        start -= 1
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > _indent(lines[start])):
        end += 1
    return range(start, end)


def _step_line(lines: list[str], number: int, key: str) -> int | None:
    """Return the line in which a step, that of line `number`, has `key`."""
    for at in _step(lines, number):
        setting = _SETTING.match(lines[at])
        if setting and setting["key"] == key:
            return at + 1
    return None


def _step_setting(lines: list[str], number: int, key: str) -> str | None:
    """Return what a step says at `key`; lines of a block (`|`, `>-`) are joined."""
    line = _step_line(lines, number, key)
    setting = _SETTING.match(lines[line - 1]) if line else None
    if line is None or setting is None:
        return None
    value = setting["value"].strip()
    if value and value[0] not in "|>":
        return re.sub(r"\s#.*$", "", value).strip("'\"")
    block = []
    for below in lines[line:]:
        if below.strip() and _indent(below) <= len(setting["indent"]):
            break
        block.append(below.strip().removesuffix("\\"))
    return " ".join(block).strip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
