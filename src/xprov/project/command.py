"""A command line with which the project builds: its options, as maturin 1.16 reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_OPTIONS = {
    "--out": "out",
    "-o": "out",
    "--features": "features",
    "-F": "features",
    "--target": "target",
    "--interpreter": "interpreter",
    "-i": "interpreter",
    "--compatibility": "compatibility",
    "--manylinux": "compatibility",
    "--bindings": "bindings",
    "-b": "bindings",
    "--manifest-path": "manifest",
    "-m": "manifest",
    "--target-dir": "target-dir",
    "--auditwheel": "auditwheel",
}
_FLAGS = {"--find-interpreter", "-f", "--all-features", "--no-default-features", "--zig", "--skip-auditwheel"}

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
"""What stands in a word for a part that only the job knows: `${{ matrix.target }}`, `$OUT`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """`maturin <verb>` in `file` at `line`, run in `folder`; `options` are pairs, flags with an empty value."""

    file: Path
    line: int
    folder: Path
    verb: str
    options: tuple[tuple[str, str], ...]

    def value(self, name: str) -> str | None:
        """Return the last value given to an option, None where it was not given or only the job knows it."""
        values = self.values(name)
        return None if not values or UNKNOWN in values[-1] else values[-1]

    def values(self, name: str) -> tuple[str, ...]:
        """Return all values given to an option."""
        return tuple(value for option, value in self.options if option == name)

    def has(self, name: str) -> bool:
        """Return whether an option or flag was given."""
        return any(option == name for option, _ in self.options)

    @property
    def features(self) -> tuple[str, ...]:
        """The features asked for, however they are separated."""
        return tuple(word for value in self.values("features") for word in value.replace(",", " ").split())


def parse_command(words: Sequence[str], *, file: Path, line: int, folder: Path) -> Command:
    """Return the command that the words after `maturin` are; what is not known of them is left out."""
    verb, *rest = words
    return Command(file=file, line=line, folder=folder, verb=verb, options=tuple(_options(rest)))


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        short = word[:2]
        if word in _FLAGS:
            yield word.lstrip("-"), ""
        elif name in _OPTIONS:
            yield _OPTIONS[name], value if equals else next(rest, "")
        elif not word.startswith("--") and short in _OPTIONS:
            yield _OPTIONS[short], word[2:]
        elif word == "--":
            return
