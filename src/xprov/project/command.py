"""A command line with which the project builds: its options, as maturin 1.16 reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.records import dataclass

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
# What else takes a value, in a word of its own.
_VALUED = {
    *("--profile", "--jobs", "-j", "--config", "-Z", "--color", "--sbom-include"),
    *("--repository", "-r", "--repository-url", "--username", "-u", "--password", "-p", "--token"),
}
_FLAGS = {"--find-interpreter", "-f", "--all-features", "--no-default-features", "--zig", "--skip-auditwheel"}

_OPEN = ""

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
"""What stands in a word for a part that only the job knows: `${{ matrix.target }}`, `$OUT`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """A variable that `file` has set for a command, at `line`."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Where commands stand: their file, the folder that they run in, the variables set for them there.

    `is_job` is whether they are a CI job's, which runs on another machine than this.
    """

    file: Path
    folder: Path
    environ: tuple[Variable, ...] = ()
    is_job: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """`maturin <verb>` in `file` at `line`, run in `folder`; `options` are pairs, flags with an empty value.

    `is_open` is whether words that only the job knows may be further options: `maturin build ${{ matrix.args }}`.
    `environ` and `is_job` are those of its `Site`.
    """

    file: Path
    line: int
    folder: Path
    verb: str
    options: tuple[tuple[str, str], ...]
    is_open: bool = False
    environ: tuple[Variable, ...] = ()
    is_job: bool = False

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

    def is_told(self, *names: str) -> bool:
        """Return whether all that is given to these options stands there: nothing of it is what only the job knows."""
        return not self.is_open and not any(UNKNOWN in value for name in names for value in self.values(name))

    @property
    def features(self) -> tuple[str, ...]:
        """The features asked for, however they are separated; those that only the job knows are left out."""
        words = (word for value in self.values("features") for word in value.replace(",", " ").split())
        return tuple(word for word in words if UNKNOWN not in word)


def parse_command(words: Sequence[str], site: Site, line: int) -> Command:
    """Return the command that the words after `maturin` are; what is not known of them is left out."""
    verb, *rest = words
    options = tuple(_options(rest))
    told = tuple((name, value) for name, value in options if name != _OPEN)
    return Command(
        file=site.file,
        line=line,
        folder=site.folder,
        verb=verb,
        options=told,
        is_open=len(told) < len(options),
        environ=site.environ,
        is_job=site.is_job,
    )


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the options, and `_OPEN` for each word that may be any."""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        short = word[:2]
        if word in _FLAGS:
            yield word.lstrip("-"), ""
        elif name in _OPTIONS:
            yield _OPTIONS[name], value if equals else _next(rest)
        elif word in _VALUED:
            _next(rest)
        elif not word.startswith("--") and short in _OPTIONS:
            yield _OPTIONS[short], word[2:]
        elif word == "--":
            return
        elif UNKNOWN in name:
            yield _OPEN, word


def _next(rest: list[str]) -> str:
    """Take the value of an option, which is no option itself: `-i` may be there without one."""
    return rest.pop(0) if rest and not rest[0].startswith("-") else ""
