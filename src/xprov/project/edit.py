"""Changes to the project's TOML files that leave all else as it was written."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Protocol

from xprov.errors import XprovError
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from xprov.project.tomlfile import Keys


class Change(Protocol):
    """A change to one file."""

    @property
    def file(self) -> Path: ...

    def apply(self, text: str) -> str: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """Have the list at `keys` of `file` hold `values` too. Tables on the way and the list are made where missing."""

    file: Path
    keys: Keys
    values: tuple[str, ...]

    def apply(self, text: str) -> str:
        """Return `text` with the change; raises `XprovError` where something else than a list stands there."""
        import tomlkit  # noqa: PLC0415 - slow to import, and most runs change nothing

        document = tomlkit.parse(text)
        *tables, key = self.keys
        table: Any = document
        for name in tables:
            table = below(self.file, table, name, tomlkit.table())
        values = below(self.file, table, key, tomlkit.array())
        if not isinstance(values, tomlkit.items.Array):
            raise XprovError(f"`{self.file}`: `{'.'.join(self.keys)}` is no list of strings")
        for value in self.values:
            if value not in values:
                values.append(value)
        return tomlkit.dumps(document)


def below(file: Path, table: Any, name: str, new: Any) -> Any:  # noqa: ANN401 - items of tomlkit
    """Return what stands at `name` of a table of `file`, `new` where nothing does; raises `XprovError` for no table."""
    if not isinstance(table, dict):
        raise XprovError(f"`{file}`: what `{name}` should stand in is no table")
    if name not in table:
        table[name] = new
    return table[name]


def diff(change: Change, text: str, name: str) -> str:
    """Return what `change` does to `text`, as a unified diff of the file `name`."""
    before, after = text.splitlines(keepends=True), change.apply(text).splitlines(keepends=True)
    return "".join(difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", n=2)).rstrip("\n")


def apply_all(edits: Sequence[Edit]) -> dict[Path, tuple[str, str]]:
    """Return for each file what it holds and what it holds after the edits. Nothing is written."""
    texts: dict[Path, tuple[str, str]] = {}
    for edit in edits:
        if edit.file not in texts:
            text = edit.file.read_text(encoding="utf-8")
            texts[edit.file] = (text, text)
        before, after = texts[edit.file]
        texts[edit.file] = (before, edit.apply(after))
    return texts
