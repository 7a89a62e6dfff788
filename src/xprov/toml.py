"""Read a TOML file that a person wrote, strictly: what is missing, misspelt or of another type names file and key."""

import difflib
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from xprov.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]  # only there on Python 3.10

_Choice = TypeVar("_Choice", bound=Enum)

_TYPES = {str: "a string", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "a table"}


class Table:
    """A table of a TOML file. Ask for every key it may have, then call `end`: other keys are errors.

    All methods raise `UsageError` when the file does not say what is asked for.
    """

    def __init__(self, values: Mapping[str, Any], *, file: Path, at: str = "") -> None:
        self._values = values
        self._asked: dict[str, None] = {}
        self._at = at
        self.file = file

    def text(self, key: str) -> str:
        """Return the string at `key`, which must be there and not empty."""
        return self._text(key, self._needed(key))

    def optional_text(self, key: str) -> str | None:
        """Return the string at `key`, or None when it is not there."""
        value = self._asked_for(key)
        return None if value is None else self._text(key, value)

    def number(self, key: str) -> int:
        """Return the whole number at `key`, which must be there."""
        value = self._needed(key)
        if type(value) is not int:
            self.refuse(key, f"must be a whole number, not {_kind(value)}")
        return value

    def flag(self, key: str) -> bool:
        """Return the boolean at `key`, which must be there."""
        value = self._needed(key)
        if not isinstance(value, bool):
            self.refuse(key, f"must be a boolean, not {_kind(value)}")
        return value

    def optional_flag(self, key: str) -> bool:
        """Return the boolean at `key`, False when it is not there."""
        return self.flag(key) if self._asked_for(key) is not None else False

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the list of strings at `key`, which must be there. None may be empty or stand twice."""
        values = self._list(key, self._needed(key))
        found = tuple(self._text(f"{key}[{at}]", value) for at, value in enumerate(values, 1))
        for text in found:
            if found.count(text) > 1:
                self.refuse(key, f"names `{text}` twice")
        return found

    def optional_texts(self, key: str) -> tuple[str, ...]:
        """Return the list of strings at `key`, or an empty one when it is not there."""
        return self.texts(key) if self._asked_for(key) is not None else ()

    def choice(self, key: str, choices: type[_Choice]) -> _Choice:
        """Return the member of `choices` that the string at `key` is the value of."""
        value = self.text(key)
        known = {str(choice.value): choice for choice in choices}
        if value not in known:
            self.refuse(key, f"cannot be `{value}`", hint=_nearest(value, known))
        return known[value]

    def table(self, key: str) -> "Table":
        """Return the table at `key`, which must be there."""
        return self._table(key, self._needed(key))

    def optional_table(self, key: str) -> "Table":
        """Return the table at `key`, or an empty one when it is not there."""
        value = self._asked_for(key)
        return self._table(key, {} if value is None else value)

    def tables(self, key: str) -> tuple["Table", ...]:
        """Return the tables of the list at `key` (`[[key]]`), none when it is not there."""
        values = self._list(key, self._asked_for(key) or [])
        return tuple(self._table(f"{key}[{at}]", value) for at, value in enumerate(values, 1))

    def keys(self) -> tuple[str, ...]:
        """Return the keys that are there: for a table whose keys are data."""
        return tuple(self._values)

    def end(self) -> None:
        """Raise `UsageError` when there is a key that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                self.refuse(key, "is not a key that is known here", hint=_nearest(key, self._asked))

    def refuse(self, key: str, problem: str, *, hint: str | None = None) -> NoReturn:
        """Raise `UsageError`: in this file, the value at `key` has `problem`."""
        raise UsageError(f"`{self.file}`: `{self._at}{key}` {problem}", hint=hint)

    def _asked_for(self, key: str) -> Any:  # noqa: ANN401 - whatever TOML can hold
        self._asked[key] = None
        return self._values.get(key)

    def _needed(self, key: str) -> Any:  # noqa: ANN401 - whatever TOML can hold
        value = self._asked_for(key)
        if value is None:
            # A misspelt key is both missing and unknown: the word that stands there is the better news.
            self._refuse_misspelt(key)
            self.refuse(key, "is missing")
        return value

    def _refuse_misspelt(self, key: str) -> None:
        near = difflib.get_close_matches(key, [name for name in self._values if name not in self._asked], n=1)
        if near:
            self.refuse(near[0], "is not a key that is known here", hint=f"did you mean `{key}`?")

    def _text(self, key: str, value: object) -> str:
        if not isinstance(value, str):
            self.refuse(key, f"must be a string, not {_kind(value)}")
        if not value.strip():
            self.refuse(key, "is empty")
        return value

    def _list(self, key: str, value: object) -> list[Any]:
        if not isinstance(value, list):
            self.refuse(key, f"must be a list, not {_kind(value)}")
        return value

    def _table(self, key: str, value: object) -> "Table":
        if not isinstance(value, dict):
            self.refuse(key, f"must be a table, not {_kind(value)}")
        return Table(value, file=self.file, at=f"{self._at}{key}.")


def parse_toml(text: str) -> dict[str, Any]:
    """Return what `text` says. Raises `ValueError`, with the line, when it is not TOML."""
    values: dict[str, Any] = tomllib.loads(text)
    return values


def read_toml(file: Path) -> Table:
    """Return what `file` says.

    Raises `UsageError`, with the line, when it is not TOML, and when it cannot be read.
    """
    try:
        return Table(parse_toml(file.read_text(encoding="utf-8")), file=file)
    except UnicodeDecodeError as error:
        raise UsageError(f"`{file}` is not TOML: not UTF-8 at byte {error.start}") from None
    except ValueError as error:
        raise UsageError(f"`{file}` is not TOML: {error}") from None
    except OSError as error:
        raise UsageError(f"`{file}` cannot be read: {error.strerror}") from None


def _kind(value: object) -> str:
    return _TYPES.get(type(value), "a date or time")


def _nearest(word: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean `{near[0]}`?" if near else f"it can be {', '.join(f'`{name}`' for name in known)}"
