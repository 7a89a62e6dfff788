"""How a URL, and what a server says, may be shown."""

from __future__ import annotations

from urllib.parse import urlsplit

_LONGEST = 300


def shown(url: str) -> str:
    """Return `url` as it may be shown: without the name and password that it may carry, and no longer than a few lines.

    >>> shown("http://me:s3cret@a.example.org/x")
    'http://a.example.org/x'
    """
    try:
        netloc = urlsplit(url).netloc
    except ValueError:
        return brief(url.rpartition("@")[2])
    _, mark, host = netloc.rpartition("@")
    return brief(url.replace(netloc, host, 1) if mark else url)


def brief(text: str) -> str:
    """Return what others wrote so that it fits on a screen, and does nothing to a terminal."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]}..."
