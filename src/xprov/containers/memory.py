"""What was asked of an image: its answers never change, and are kept by its id."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_VERSION = 1


class Memory:
    """Answers by question. What cannot be read counts as forgotten, what cannot be written is asked again."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers, self.is_new = answers, False

    def answer(self, question: tuple[str, ...], ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - what JSON holds
        """Return what is remembered, else what `ask` finds out."""
        key = json.dumps(question)
        if key not in self._answers:
            self._answers[key] = ask()
            self.is_new = True
        return self._answers[key]

    def as_json(self) -> dict[str, Any]:
        """Return what is kept."""
        return {"version": _VERSION, "answers": self._answers}


@contextmanager
def remembered(file: Path) -> Iterator[Memory]:
    """Give what `file` remembers, and keep in it what was learned in the block."""
    memory = Memory(_read(file))
    try:
        yield memory
    finally:
        if memory.is_new:
            _write(file, memory)


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    fits = isinstance(content, dict) and content.get("version") == _VERSION
    return dict(content["answers"]) if fits else {}


def _write(file: Path, memory: Memory) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f".{file.name}")
        fresh.write_text(json.dumps(memory.as_json()), encoding="utf-8")
        fresh.replace(file)
    except OSError:
        return
