"""Say things: the only door to the terminal. Data goes to standard output, all else to standard error."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import textwrap
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TextIO

from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


class Verbosity(IntEnum):
    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """Where messages go, and how many of them.

    `github` writes the workflow commands of GitHub Actions (groups, annotations); `live` redraws the line of the
    step that is under way, for a person who watches. `color` is for messages, `data_color` for standard output, which
    may be a pipe while messages go to a terminal; `width` is the terminal's where data goes to one.
    """

    verbosity: Verbosity = Verbosity.NORMAL
    github: bool = False
    live: bool = False
    color: bool = False
    data_color: bool = False
    width: int | None = None

    def data(self, text: str) -> None:
        """Write `text` to standard output: the answer to the command."""
        print(text, file=sys.stdout, flush=True)

    def raw(self, data: bytes, is_error: bool) -> None:  # noqa: FBT001 - one of the door's ways out
        """Write bytes that another program wrote, to the stream that it wrote them to."""
        stream = sys.stderr if is_error else sys.stdout
        stream.flush()
        stream.buffer.write(data)
        stream.buffer.flush()

    def json(self, value: Any) -> None:  # noqa: ANN401 - whatever json can write
        """Write `value` to standard output as JSON, keys in the order given."""
        self.data(json.dumps(value, indent=2, ensure_ascii=False))

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write `rows` in aligned columns to standard output. The last column is wrapped on a terminal only."""
        first, *rest = layout([head, *rows], self.width)
        self.data("\n".join([self.heading(first), *rest]))

    def heading(self, text: str) -> str:
        """Return `text` so that it stands out in data."""
        return f"\x1b[1m{text}\x1b[0m" if self.data_color else text

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
        from rich.text import Text  # noqa: PLC0415

        def line(shown: str) -> Text:
            return Text(shown, no_wrap=True, overflow="ellipsis")

        with Console(stderr=True).status(line(text)) as status:
            yield lambda progress: status.update(line(f"{text}: {progress}"))
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
            # The runner shows it in the log too: once is enough.
            self._print(f"::{kind} title=xprov::{_escape(text)}")
            return
        label = f"\x1b[1;{color}m{kind}:\x1b[0m" if self.color else f"{kind}:"
        self._print(f"{label} {text}")

    def _print(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def count(number: int, noun: str) -> str:
    """Return `number` of `noun`, in the plural where it is one: `3 packages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _escape(text: str) -> str:
    """Return `text` as the data of a workflow command (actions/toolkit, `escapeData`)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def output_for(environment: Mapping[str, str], *, stdout: TextIO, stderr: TextIO) -> Output:
    """Return what fits where this process writes to.

    NO_COLOR (https://no-color.org) comes before FORCE_COLOR (https://force-color.org); either counts when it is not
    empty.
    """
    return Output(
        github=environment.get("GITHUB_ACTIONS") == "true",
        live=is_terminal(stderr) and environment.get("TERM") != "dumb",
        color=_colored(environment, stderr),
        data_color=_colored(environment, stdout),
        width=shutil.get_terminal_size().columns if is_terminal(stdout) else None,
    )


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person watches `stream`."""
    return stream.isatty()


def _colored(environment: Mapping[str, str], stream: TextIO) -> bool:
    if environment.get("NO_COLOR"):
        return False
    return bool(environment.get("FORCE_COLOR")) or (is_terminal(stream) and environment.get("TERM") != "dumb")


# A last column narrower than this is left to the terminal to wrap.
_NARROWEST = 24


def layout(rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Return `rows` as lines of aligned columns; with `width`, the last column is wrapped to fit."""
    *widths, _last = (max(map(len, column)) for column in zip(*rows, strict=True))
    indent = sum(widths) + 2 * len(widths)
    room = width - indent if width is not None and width - indent >= _NARROWEST else None
    lines: list[str] = []
    for *cells, last in rows:
        start = "".join(f"{cell:<{size}}  " for cell, size in zip(cells, widths, strict=True))
        wrapped = textwrap.wrap(last, room, break_long_words=False, break_on_hyphens=False) if room else [last]
        lines += [
            (start + part).rstrip() if at == 0 else " " * indent + part for at, part in enumerate(wrapped or [""])
        ]
    return lines
