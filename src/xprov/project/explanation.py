"""Recognise failures in the output of a build, by the patterns of the table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from xprov.errors import UsageError
from xprov.project.failures import Failure, failures
from xprov.project.finding import Severity
from xprov.records import dataclass
from xprov.target import Target, find_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from xprov.recipe import Recipe

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_TRIPLE = re.compile(r"[a-z0-9_]+-unknown-linux-(?:gnu|musl)[a-z]*")
# Said with a triple, these name the target; a triple alone may be the host's.
_NAMES_TARGET = re.compile(rf"(?:--target[ =]|TARGET\s*=\s*(?:Some\()?\"?|/target/|`)({_TRIPLE.pattern})")

_LONGEST = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A failure that a log shows: at `line`, from 1 on, whose text is `text`. `fix` is the table's, with the names."""

    failure: Failure
    severity: Severity
    line: int
    text: str
    fix: str

    def as_json(self) -> dict[str, Any]:
        """Return it for a program."""
        return {
            "id": self.failure.id,
            "severity": self.severity.value,
            "title": self.failure.title,
            "line": self.line,
            "seen": self.text,
            "why": self.failure.why,
            "fix": self.fix,
        }


def explain(
    lines: Sequence[str], recipes: Sequence[Recipe], target: Target | None = None, usual: Target | None = None
) -> tuple[Explanation, ...]:
    """Return the failures that the lines of a log show, in their order; what says the same twice, once, by the worse.

    `target` is what was built for, None to take it from the log; `usual` is what is meant where that does not say.
    """
    bare = [_ESCAPE.sub("", line).rstrip() for line in lines]
    wanted = target or _target_in(bare) or usual
    found: dict[tuple[str, str], Explanation] = {}
    for number, line in enumerate(bare, 1):
        for failure, severity, match in _matches(line):
            fix = _filled(failure.fix, match.groupdict(), recipes, wanted)
            explanation = Explanation(
                failure=failure, severity=severity, line=number, text=_around(line, match), fix=fix
            )
            before = found.setdefault((failure.id, fix), explanation)
            if before.severity is Severity.NOTE:
                found[failure.id, fix] = explanation
    return tuple(found.values())


def _matches(line: str) -> Iterator[tuple[Failure, Severity, re.Match[str]]]:
    """Yield the failures that a line shows, each once."""
    for failure in failures().values():
        for patterns, severity in ((failure.log, failure.severity), (failure.signs, Severity.NOTE)):
            match = next((match for pattern in patterns if (match := re.search(pattern, line))), None)
            if match is not None:
                yield failure, severity, match
                break


def _around(line: str, match: re.Match[str]) -> str:
    """Return the line, or of a long one, such as a linker's with all its arguments, the part that tells."""
    if len(line) <= _LONGEST:
        return line.strip()
    start = max(0, match.start() - _LONGEST // 4)
    return f"... {line[start : start + _LONGEST].strip()} ..."


def _target_in(lines: Iterable[str]) -> Target | None:
    """Return the target that a log names, the last time it does: a build for another machine follows those for this."""
    found = [match[1] for line in lines for match in _NAMES_TARGET.finditer(line)]
    known = [target for word in found if (target := _known(word)) is not None]
    return known[-1] if known else None


def _known(word: str) -> Target | None:
    try:
        return find_target(word)
    except UsageError:
        return None


def _filled(template: str, groups: Mapping[str, str | None], recipes: Sequence[Recipe], target: Target | None) -> str:
    """Return the table's words with what the log named; what it did not is left as a word to put something for."""
    names = {name: text for name, text in groups.items() if text}
    words = {
        "target": target.name if target else "TARGET",
        "triple": target.rust if target else "TRIPLE",
        "TRIPLE": target.rust.upper().replace("-", "_") if target else "TRIPLE",
        "library": _library(names, recipes) or "LIBRARY",
        "variable": "it",
        "file": "the library",
        **names,
    }
    return re.sub(r"\{(\w+)\}", lambda match: words.get(match[1], match[0]), template)


def _library(names: Mapping[str, str], recipes: Sequence[Recipe]) -> str | None:
    """Return the recipe whose module, crate or linker's name the log named."""
    for recipe in recipes:
        crates = {crate.name for crate in recipe.crates}
        if names.get("module") in recipe.modules or names.get("crate") in crates:
            return recipe.library
        if names.get("link") in recipe.check.link:
            return recipe.library
    return None
