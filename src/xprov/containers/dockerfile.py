"""The Dockerfile of an image with libraries: `dockerfiles/libraries.Dockerfile`, filled in. Pure, but for that file."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from xprov import __version__
from xprov.errors import XprovError
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xprov.target import Target

_NAME = "libraries.Dockerfile"

# What the last stage takes from the first, or from the context where nothing else is built.
_FROM_STAGE = "COPY --from=libraries /"

_ARGUMENTS = re.compile(r"^ARG .*$", re.MULTILINE)
_ARGUMENT = re.compile(r'\b([A-Z]+)=("[^"]*"|\S*)')

# The escape characters of a double-quoted word (Dockerfile reference, "Environment replacement").
_ESCAPES = str.maketrans({character: f"\\{character}" for character in '\\"$'})


@dataclass(frozen=True, kw_only=True, slots=True)
class Filling:
    """What the Dockerfile is filled in with. `options` are those of `xprov setup`, `lock` is the text of the lock."""

    base: str
    target: Target
    libraries: tuple[str, ...]
    options: tuple[str, ...]
    lock: str
    labels: Mapping[str, str]
    variables: Mapping[str, str]


def whole_dockerfile(filling: Filling) -> str:
    """Return the Dockerfile that provisions by itself: it needs nothing beside it."""
    # What stands before the first instruction is about the file as it is in the repository.
    _, mark, rest = _template().partition("ARG BASE=")
    words = " ".join((filling.target.name, *filling.libraries))
    head = f"# Written by `xprov image {words} --print`, xprov {__version__}.\n"
    return head + _filled(mark + rest, filling)


def last_stage(filling: Filling) -> str:
    """Return the Dockerfile that copies what was provisioned already from the context's folder `baked`."""
    _, mark, rest = _template().rpartition("FROM ${BASE}\n")
    return _filled(f"ARG BASE=\n{mark}{rest.replace(_FROM_STAGE, 'COPY ')}", filling)


def _filled(text: str, filling: Filling) -> str:
    arguments = {
        "BASE": filling.base,
        "XPROV": f"xprov=={__version__}",
        "TARGET": filling.target.name,
        "LIBRARIES": " ".join(filling.libraries),
        "OPTIONS": " ".join(("--locked", *filling.options)),
    }
    blocks = {
        "lock\nRUN ": _lock(filling.lock),
        "labels\n": _pairs("LABEL", filling.labels),
        "variables\n": _pairs("ENV", filling.variables),
    }
    for place, lines in blocks.items():
        text = text.replace(f"#: {place}", lines)

    def given(found: re.Match[str]) -> str:
        name = found[1]
        return f"{name}={_quoted(name, arguments[name])}" if name in arguments else found[0]

    return _ARGUMENTS.sub(lambda line: _ARGUMENT.sub(given, line[0]), text)


def _lock(text: str) -> str:
    """Return the beginning of a RUN that writes the lock; lines of a Dockerfile are joined, so each is a word."""
    words = (shlex.quote(line) for line in text.splitlines())
    return _continued(["RUN printf '%s\\n'", *words, "> /tmp/xprov.lock", "&& "]).rstrip("\n")


def _pairs(instruction: str, values: Mapping[str, str]) -> str:
    """Return one instruction that sets all `values`, nothing where there is none."""
    pairs = [f"{name}={_quoted(name, value)}" for name, value in values.items()]
    return _continued([f"{instruction} {pairs[0]}", *pairs[1:]]) if pairs else ""


def _continued(lines: Iterable[str]) -> str:
    return " \\\n    ".join(lines) + "\n"


def _quoted(name: str, value: str) -> str:
    """Return `value` as one word of an instruction. Raises `XprovError` for what no Dockerfile can say."""
    if "\n" in value or "\r" in value:
        raise XprovError(
            f"{name} has several lines, and a Dockerfile cannot say so: {value!r}",
            hint="give it one line in the base image",
        )
    return f'"{value.translate(_ESCAPES)}"'


def _template() -> str:
    installed = Path(__file__).with_name(_NAME)
    file = installed if installed.is_file() else Path(__file__).parents[3] / "dockerfiles" / _NAME
    return file.read_text(encoding="utf-8")
