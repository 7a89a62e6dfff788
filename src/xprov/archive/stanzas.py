"""The stanzas of an index as it streams by: which names are in each piece of it, and what stands under a name.

Nothing else is understood. An index has 50 MB, so the searches here are those that `bytes` and `re` are fast at: for
a word that is spelled out, from its first letter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xprov.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Empty lines part stanzas (deb822(5)).
_GAP = b"\n\n"
_PACKAGE = re.compile(rb"\nPackage:[ \t]*(\S+)")
# The value of a field ends with the last line that continues it.
_PROVIDES = re.compile(rb"\nProvides:([^\n]*(?:\n[ \t][^\n]*)*)")
# The name at the head of each clause; the rest is an architecture, a version.
_OFFER = re.compile(rb"([^\s,:(]+)[^,]*")

# The longest stanza of Debian and Ubuntu has 100 kB.
_LONGEST = 4 << 20


def pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the stream again, cut between stanzas. A piece begins with the empty line before them, also the first one.

    Raises `VerificationError` for a stanza of many megabytes, which no archive has.
    """
    rest = _GAP
    for chunk in chunks:
        text = rest + chunk
        cut = text.rfind(_GAP)
        rest = text[cut:]
        if len(rest) > _LONGEST:
            raise VerificationError(f"a package index has a stanza of more than {_LONGEST >> 20} MiB")
        if cut:
            yield text[:cut]
    yield rest


def names_in(piece: bytes) -> list[bytes]:
    """Return the names of the packages in a piece, and those that they provide. One may be there several times."""
    return _PACKAGE.findall(piece) + _OFFER.findall(b",".join(_PROVIDES.findall(piece)))


def stanzas_of(piece: bytes, name: bytes) -> Iterator[bytes]:
    """Yield the stanzas in a piece that are about the package `name`."""
    for found in _PACKAGE.finditer(piece):
        if found[1] == name:
            begin, end = _around(piece, found.start())
            yield piece[begin + 1 : end].rstrip(b"\n")


def providers_of(piece: bytes, name: bytes) -> Iterator[bytes]:
    """Yield the packages in a piece that provide `name`."""
    for found in _PROVIDES.finditer(piece):
        # The stanza's own name stands first in all that Debian and Ubuntu write, but need not.
        if name in _OFFER.findall(found[1]) and (owner := _PACKAGE.search(piece, *_around(piece, found.start()))):
            yield owner[1]


def _around(piece: bytes, at: int) -> tuple[int, int]:
    """Return the line breaks before and after the stanza of which one field begins behind the line break `at`."""
    end = piece.find(_GAP, at + 1)
    return piece.rfind(_GAP, 0, at + 1) + 1, end if end >= 0 else len(piece)
