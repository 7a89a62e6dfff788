"""Sources in the one-line style: `deb [arch=amd64] http://... suite component`, one entry a line.

Lines are taken apart as apt-pkg/sourcelist.cc does (`ParseFileOldStyle`, `ParseLine`; words as in `ParseQuoteWord`
of apt-pkg/contrib/strutl.cc), so that what apt accepts is accepted here, with the same meaning.
"""

import os
import re
from collections.abc import Iterator, Sequence

from xprov.apt.entry import ADD, ARCHITECTURES, FIELD_OF_OPTION, REMOVE, Entry, SourcesFile, Style, encode_text
from xprov.records import dataclass

_SPACE = " \t\n\v\f\r"
_TYPE = re.compile(r"[^ \t\v]+(?=[ \t\v])")
_QUOTED_BYTE = re.compile(r"%([0-9A-Fa-f]{2})")
_TYPES = ("deb", "deb-src")
_SHORTEST_OPTION = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    """An entry and where in its line an option can be written: inside its brackets, or as brackets of their own."""

    entry: Entry
    place: int
    bracketed: bool


def parse(file: SourcesFile) -> tuple[Entry, ...]:
    """Return the entries of a file in the one-line style. Raises `UsageError` naming file and line."""
    return tuple(line.entry for _, line in _lines(file) if line is not None)


def restrict(file: SourcesFile, architectures: Sequence[str]) -> bytes:
    """Return the file's bytes with `architectures` set wherever packages are read and none are set."""
    return encode_text("\n".join(_restricted(text, line, architectures) for text, line in _lines(file)))


def _lines(file: SourcesFile) -> Iterator[tuple[str, _Line | None]]:
    for number, text in enumerate(file.text.split("\n"), start=1):
        yield text, _Reader(file, number, text).read()


def _restricted(text: str, line: _Line | None, architectures: Sequence[str]) -> str:
    if line is None or not line.entry.is_binary or line.entry.architectures is not None:
        return text
    option = f"arch={','.join(architectures)}"
    added = f"{option} " if line.bracketed else f"[{option}] "
    return text[: line.place] + added + text[line.place :]


class _Reader:
    """Reads one line from left to right; `position` is where it stands."""

    def __init__(self, file: SourcesFile, number: int, text: str) -> None:
        self.file = file
        self.number = number
        self.text = _uncommented(text).rstrip(" \t\r")
        self.position = len(self.text) - len(self.text.lstrip(" \t\r"))

    def read(self) -> _Line | None:
        """Return the entry of this line, or None where apt sees none."""
        if self.position == len(self.text):
            return None
        kind = self._type()
        bracketed = self.text.startswith("[", self.position)
        if bracketed:
            self.position += 1
            self._skip_space()
        place = self.position
        options = dict(self._options()) if bracketed else {}
        uri, suite = self._needed("URI"), self._needed("suite")
        if ":" not in uri:
            raise self._error(f"`{uri}` is not a URI")
        return _Line(entry=self._entry(kind, uri, suite, options), place=place, bracketed=bracketed)

    def _type(self) -> str:
        match = _TYPE.match(self.text, self.position)
        if match is None:
            raise self._error("there is no URI after the type")
        if match[0] not in _TYPES:
            raise self._error(f"the type `{match[0]}` is not one that apt knows (`deb`, `deb-src`)")
        self.position = match.end()
        self._skip_space()
        return match[0]

    def _options(self) -> Iterator[tuple[str, str]]:
        while not self.text.startswith("]", self.position):
            word = self._word()
            if word is None:
                raise self._error("the options are not closed by `]`")
            if len(word) < _SHORTEST_OPTION or "=" not in word:
                raise self._error(f"the option `{word}` is not of the form `name=value`")
            if word.endswith("]"):
                self.position = self.text.rindex("]", 0, self.position)
                word = word[:-1]
            name, _, value = word.partition("=")
            if not name or not value:
                raise self._error(f"the option `{word}` has no {'value' if name else 'name'}")
            yield FIELD_OF_OPTION.get(name, name), value
        self.position += 1
        self._skip_space()

    def _entry(self, kind: str, uri: str, suite: str, options: dict[str, str]) -> Entry:
        base = options.pop(ARCHITECTURES, None)
        return Entry(
            path=self.file.path,
            line=self.number,
            style=Style.ONE_LINE,
            enabled=True,
            types=(kind,),
            uris=(uri,),
            suites=(suite,),
            components=self._components(suite),
            architectures=None if base is None else _split(base),
            architectures_add=_split(options.pop(ADD, "")),
            architectures_remove=_split(options.pop(REMOVE, "")),
            options=tuple(options.items()),
        )

    def _components(self, suite: str) -> tuple[str, ...]:
        words = tuple(iter(self._word, None))
        if suite.endswith("/") and words:
            raise self._error(f"`{suite}` ends with a slash, which is a path, and a path has no components")
        if not suite.endswith("/") and not words:
            raise self._error(f"there is no component after the suite `{suite}`")
        return words

    def _needed(self, what: str) -> str:
        word = self._word()
        if word is None:
            raise self._error(f"there is no {what}")
        return word

    def _word(self) -> str | None:
        start = end = self.position
        while end < len(self.text) and self.text[end] not in _SPACE:
            closing = {'"': '"', "[": "]"}.get(self.text[end])
            if closing is not None:
                end = self.text.find(closing, end + 1)
                if end < 0:
                    raise self._error(f"`{self.text[start:]}` lacks a closing `{closing}`")
            end += 1
        if start == end:
            return None
        self.position = end
        self._skip_space()
        return _unquoted(self.text[start:end])

    def _skip_space(self) -> None:
        while self.position < len(self.text) and self.text[self.position] in _SPACE:
            self.position += 1

    def _error(self, what: str) -> Exception:
        return self.file.error(self.number, what)


def _uncommented(text: str) -> str:
    """Return `text` up to its comment; apt takes a `#` inside brackets as part of the option."""
    position = text.find("#")
    while position >= 0:
        head = text[:position]
        if head.count("[") <= head.count("]"):
            return head
        position = text.find("#", position + 1)
    return text


def _unquoted(word: str) -> str:
    return _QUOTED_BYTE.sub(lambda byte: os.fsdecode(bytes.fromhex(byte[1])), word).replace('"', "")


def _split(value: str) -> tuple[str, ...]:
    return tuple(word for word in value.split(",") if word)
