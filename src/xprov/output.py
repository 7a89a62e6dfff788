"""Say things: the only door to the terminal. Data goes to standard output, all else to standard error."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Verbosity(IntEnum):
    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """Where messages go, and how many of them.

    `github` writes the workflow commands of GitHub Actions (groups, annotations); `live` redraws the line of the
    step that is under way, for a person who watches.
    """

    verbosity: Verbosity = Verbosity.NORMAL
    github: bool = False
    live: bool = False
    color: bool = False

    def data(self, text: str) -> None:
        """Write `text` to standard output: the answer to the command."""
        print(text, file=sys.stdout, flush=True)

    def json(self, value: Any) -> None:  # noqa: ANN401 - whatever json can write
        """Write `value` to standard output as JSON, keys in the order given."""
        self.data(json.dumps(value, indent=2, ensure_ascii=False))

    def say(self, text: str) -> None:
        """Say what was done."""
        if self.verbosity >= Verbosity.NORMAL:
            self._print(text)

    def detail(self, text: str) -> None:
        """Say something that only a person who asked for more (`-v`) wants to read."""
        if self.verbosity >= Verbosity.VERBOSE:
            self._print(text)

    def warning(self, text: str) -> None:
        """Say what may go wrong later. Shown also when quiet."""
        self._loud("warning", text, "33")

    def error(self, message: str, hint: str | None = None) -> None:
        """Say what failed, and after a blank line what to do about it."""
        self._loud("error", message if hint is None else f"{message}\n\nhint: {hint}", "31")

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[Callable[[str], None]]:
        """Announce a piece of work that takes a while; the callable given tells how it goes.

        On a terminal the line is redrawn; elsewhere the announcement is one line and progress is dropped, or
        a line each with `-v`.
        """
        if not self.live or self.verbosity is not Verbosity.NORMAL:
            self.say(text)
            yield self.detail
            return
        from rich.console import Console  # noqa: PLC0415 - slow to import, only for a terminal
        from rich.markup import escape  # noqa: PLC0415

        with Console(stderr=True).status(escape(text)) as status:
            yield lambda progress: status.update(escape(f"{text}: {progress}"))
        self.say(text)

    @contextlib.contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold what is said inside under `title` in the log of GitHub Actions; elsewhere do nothing."""
        if not self.github:
            yield
            return
        self._print(f"::group::{title}")
        try:
            yield
        finally:
            self._print("::endgroup::")

    def _loud(self, kind: str, text: str, color: str) -> None:
        if self.github:
            self._print(f"::{kind} title=xprov::{_escape(text)}")
        label = f"\x1b[1;{color}m{kind}:\x1b[0m" if self.color else f"{kind}:"
        self._print(f"{label} {text}")

    def _print(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def _escape(text: str) -> str:
    """Return `text` as the data of a workflow command (actions/toolkit, `escapeData`)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person watches `stream`."""
    return stream.isatty()
