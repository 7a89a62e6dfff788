"""What xprov asks package hosts, and what they answer: plain data, so that deciding needs no network."""

from collections.abc import Mapping
from typing import TypeAlias

from xprov.apt.release import Release
from xprov.records import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseQuestion:
    """Ask the archive at `uri` what it says about `suite`."""

    uri: str
    suite: str


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexQuestion:
    """Ask the archive at `uri` whether one of `paths` is there, below the folder of `suite`."""

    uri: str
    suite: str
    paths: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The index is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Absent:
    """The host answered, and has nothing like it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Silent:
    """Nobody could be asked: the host did not answer, or apt reaches it in a way that xprov does not speak."""

    reason: str
    spoken: bool = True


Question: TypeAlias = ReleaseQuestion | IndexQuestion
Answer: TypeAlias = Release | Found | Absent | Silent
Answers: TypeAlias = Mapping[Question, Answer]


class Desk:
    """Answers questions from those asked before, and notes down the ones that nobody asked yet."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._open: dict[Question, None] = {}

    @property
    def open(self) -> tuple[Question, ...]:
        """The questions without an answer, each once, in the order they came up."""
        return tuple(self._open)

    def ask(self, question: Question) -> Answer | None:
        """Return the answer, or None when there is none yet."""
        answer = self._answers.get(question)
        if answer is None:
            self._open[question] = None
        return answer
