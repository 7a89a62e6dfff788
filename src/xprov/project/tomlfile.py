"""A TOML file of the project: what it says, and in which line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from xprov.errors import UsageError
from xprov.records import dataclass
from xprov.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Keys = tuple[str, ...]

_HEADER = re.compile(r"\s*\[\[?(?P<name>[^\[\]]+|.+?)\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*(?P<name>(?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=""")
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([^.\s"']+)""")


@dataclass(frozen=True, kw_only=True, slots=True)
class TomlFile:
    """The file at `path`: its `text`, and the `values` that it holds."""

    path: Path
    text: str
    values: Mapping[str, Any]

    def at(self, *keys: str) -> Any:  # noqa: ANN401 - whatever TOML can hold
        """Return the value at `keys`, one below the other, or None where there is none."""
        value: Any = self.values
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                return None
            value = value[key]
        return value

    def table(self, *keys: str) -> dict[str, Any]:
        """Return the table at `keys`, an empty one where there is none or something else."""
        value = self.at(*keys)
        return value if isinstance(value, dict) else {}

    def texts(self, *keys: str) -> tuple[str, ...]:
        """Return the strings of the list at `keys`; what is not a string is left out."""
        value = self.at(*keys)
        return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()

    def line(self, *keys: str) -> int:
        """Return the line, from 1 on, in which `keys` stand, or what of them does; 1 where nothing does."""
        lines = _lines(self.text)
        known = (keys[:size] for size in range(len(keys), 0, -1))
        return next((lines[path] for path in known if path in lines), 1)


def read_toml_file(path: Path) -> TomlFile:
    """Return the file at `path`. Raises `UsageError` that names it when it is not TOML, or cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
        return TomlFile(path=path, text=text, values=parse_toml(text))
    except ValueError as error:
        raise UsageError(f"`{path}` is not TOML: {error}", hint="cargo and maturin cannot read it either") from None
    except OSError as error:
        raise UsageError(f"`{path}` cannot be read: {error.strerror}") from None


def _lines(text: str) -> dict[Keys, int]:
    """Return for each key of `text`, and each part of its path, the line where it is first met."""
    found: dict[Keys, int] = {}
    for path, line in _paths(text):
        for size in range(1, len(path) + 1):
            found.setdefault(path[:size], line)
    return found


def _paths(text: str) -> Iterator[tuple[Keys, int]]:
    table: Keys = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _parts(header["name"])
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *_parts(key["name"])), number


def _parts(name: str) -> Keys:
    return tuple(one or two or three for one, two, three in _PART.findall(name))
