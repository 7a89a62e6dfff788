"""Run `xprov` inside the test, and see what a user sees."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from xprov.cli import run


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - what was written
        return json.loads(self.out)


@dataclass(frozen=True, kw_only=True, slots=True)
class Xprov:
    """The program, for one test."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Seen:
        self.capsys.readouterr()
        code = run(words)
        out, err = self.capsys.readouterr()
        return Seen(code=code, out=out, err=err)
