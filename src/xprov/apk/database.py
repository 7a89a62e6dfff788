"""Read apk's database: which packages are installed, what each provides and requires, which files it owns.

Source: the "Apk spec" of Alpine's wiki and apk-tools' src/database.c. A stanza a package, a letter a field: `P` name,
`V` version, `A` architecture, `D` dependencies, `p` what is provided, `F` a folder, `R` a file or link in the last one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.capabilities import Installed
from xprov.errors import XprovError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The second is where systems with a merged /usr keep it.
_PLACES = ("lib/apk/db/installed", "usr/lib/apk/db/installed")

# What stands behind a name: `so:libasound.so.2=2.0.0`, `alsa-lib>=1.2`, `musl~1.2`.
_VERSION = re.compile(r"[<>=~].*")

Stanza = list[tuple[str, str]]
"""The fields of a package, in their order: letter and value."""


def read_installed(root: Path = Path("/")) -> tuple[Installed, ...]:
    """Return the packages that are installed in the system below `root`. Raises `XprovError` without a database."""
    return tuple(map(_package, _stanzas(_read(root))))


def owned_paths(root: Path = Path("/")) -> Mapping[str, tuple[str, ...]]:
    """Return the paths that each package owns, folders aside, by its name. Raises `XprovError` without a database."""
    return {_value("P", stanza): tuple(_paths(stanza)) for stanza in _stanzas(_read(root))}


def _read(root: Path) -> str:
    for place in _PLACES:
        if (root / place).is_file():
            return (root / place).read_text(encoding="utf-8", errors="surrogateescape")
    raise XprovError(f"apk's database is not there: `{root / _PLACES[0]}`", hint="is this Alpine?")


def _stanzas(text: str) -> Iterator[Stanza]:
    for stanza in re.split(r"\n\n+", text.strip()):
        yield [(line[0], line[2:]) for line in stanza.splitlines() if line[1:2] == ":"]


def _package(stanza: Stanza) -> Installed:
    name = _value("P", stanza)
    return Installed(
        name=name,
        architecture=_value("A", stanza),
        version=_value("V", stanza),
        requires=_names("D", stanza),
        provides=(name, *_names("p", stanza)),
    )


def _value(letter: str, stanza: Stanza) -> str:
    return next((value for field, value in stanza if field == letter), "")


def _names(letter: str, stanza: Stanza) -> tuple[str, ...]:
    """Return the names in a field without their versions; those that must not be there (`!name`) are none."""
    words = _value(letter, stanza).split()
    return tuple(dict.fromkeys(_VERSION.sub("", word) for word in words if not word.startswith("!")))


def _paths(stanza: Stanza) -> Iterator[str]:
    folder = ""
    for letter, value in stanza:
        if letter == "F":
            folder = value
        elif letter == "R":
            yield f"/{folder}/{value}" if folder else f"/{value}"
