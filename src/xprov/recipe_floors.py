"""Write floors that were measured into the recipe that they were measured for, and change no other byte of it."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.archive.suites import suites
from xprov.errors import XprovError
from xprov.glibc import format_version
from xprov.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xprov.recipe import FloorHint, Recipe

_HEADER = "[floors]"
_NOTE = "# Measured by `xprov suites --measure`."
# The table with what follows it, up to the next one. Values stand on one line each, so a `[` begins a table.
_TABLE = re.compile(r"^\[floors\][^\n]*\n(?:(?!\[)[^\n]*(?:\n|\Z))*", re.MULTILINE)


def require_writable(recipes: Sequence[Recipe]) -> None:
    """Raise `XprovError` when the file of one of `recipes` cannot be rewritten: measuring takes minutes."""
    for recipe in recipes:
        if not os.access(recipe.file.parent, os.W_OK) or not os.access(recipe.file, os.W_OK):
            raise _not_writable(recipe, "no permission")


def write_floors(recipe: Recipe, measured: Sequence[FloorHint]) -> bool:
    """Put `measured` into the file of `recipe`, in place of what was measured there before; return whether it changed.

    What was measured elsewhere stays, and so does every byte outside of the table. Raises `XprovError` when the file
    cannot be written.
    """
    kept = {(hint.suite, hint.architecture): hint for hint in recipe.floors}
    fresh = {(hint.suite, hint.architecture): hint for hint in measured}
    try:
        # Without the translation of line ends, which are not this table's to change.
        before = recipe.file.read_bytes().decode("utf-8")
        after = with_floors(before, tuple((kept | fresh).values()))
        if after != before:
            _replace(recipe.file, after)
    except OSError as error:
        raise _not_writable(recipe, error.strerror or str(error)) from error
    return after != before


def with_floors(text: str, floors: Sequence[FloorHint]) -> str:
    """Return the recipe `text` with `floors` as its table, at the place of the old one or at the end.

    Raises `XprovError` when the old one is written in a way that cannot be told from the rest.
    """
    wanted = {**parse_toml(text), "floors": _values(floors)}
    for after in _possible(text, _table(floors)):
        with contextlib.suppress(ValueError):
            if parse_toml(after) == wanted:
                return after
    raise XprovError(
        "the floors cannot be written without a change to the rest of the recipe",
        hint=f"make them one table that begins with a line `{_HEADER}`",
    )


def _possible(text: str, table: str) -> Iterator[str]:
    """Yield `text` with `table` in place of each piece that looks like it, then at the end."""
    for found in _TABLE.finditer(text):
        gap = "\n" if found.end() < len(text) else ""
        yield f"{text[: found.start()]}{table}{gap}{text[found.end() :]}"
    yield f"{text.rstrip()}\n\n{table}"


def _table(floors: Sequence[FloorHint]) -> str:
    lines = [
        f'"{suite}" = {{ {", ".join(f"{architecture} = {_quoted(value)}" for architecture, value in row.items())} }}\n'
        for suite, row in _values(floors).items()
    ]
    return "".join([f"{_HEADER}\n", f"{_NOTE}\n", *lines])


def _values(floors: Sequence[FloorHint]) -> dict[str, dict[str, str]]:
    """Return the table as TOML has it, in the order of the suites, architectures by name."""
    return {name: row for name, row in _rows(floors) if row}


def _rows(floors: Sequence[FloorHint]) -> Iterator[tuple[str, dict[str, str]]]:
    for suite in suites():
        own = {hint.architecture: format_version(hint.version) for hint in floors if hint.suite == suite.name}
        yield suite.name, dict(sorted(own.items()))


def _quoted(text: str) -> str:
    return f'"{text}"'


def _replace(file: Path, text: str) -> None:
    """Write `text` where `file` is, at once, with its rights."""
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode("utf-8"))
            os.fchmod(stream.fileno(), file.stat().st_mode & 0o777)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink()
        raise


def _not_writable(recipe: Recipe, reason: str) -> XprovError:
    return XprovError(
        f"the recipe `{recipe.file}` cannot be written: {reason}",
        hint="measure in a checkout of xprov, or in a folder with recipes of your own (`--recipes`)",
    )
