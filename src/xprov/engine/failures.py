"""What an engine says when it fails, in words and with what to do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from docker.errors import APIError, DockerException, ImageNotFound
from requests.exceptions import RequestException

from xprov.errors import NetworkError, ToolMissingError, XprovError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FULL = ("no space left on device", "disk quota exceeded")
_UNREACHED = (
    "no such host",
    "i/o timeout",
    "timeout",
    "connection refused",
    "connection reset",
    "network is unreachable",
    "tls handshake",
    "x509",
    "proxyconnect",
    "eof",
)


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn what the engine says in the block into an error for a person; `doing` is what it was asked for."""
    try:
        yield
    except APIError as error:
        raise failure(doing, error.explanation or str(error)) from error
    except (DockerException, RequestException) as error:
        raise ToolMissingError(
            f"the container engine no longer answers: {error}", hint="see whether it still runs: `docker info`"
        ) from error


def failure(doing: str, said: object) -> XprovError:
    """Return the error for what an engine answered when it was asked for `doing`."""
    text = str(said).strip()
    low = text.lower()
    if any(sign in low for sign in _FULL):
        return XprovError(
            f"{doing}: the container engine has no space left: {text}",
            hint="`docker system df` shows what takes it, `docker system prune` frees what nothing uses",
        )
    if any(sign in low for sign in _UNREACHED):
        return NetworkError(
            f"{doing}: {text}",
            hint="check the network; an engine takes its proxy and certificates from its own configuration, not from"
            " this shell's",
        )
    return XprovError(f"{doing}: {text}")


def absent(reference: str, error: ImageNotFound | APIError) -> NetworkError:
    """Return the error for an image that no registry gave."""
    return NetworkError(
        f"there is no image `{reference}`: {error.explanation or error}",
        hint="check its name and tag; `docker login` where the registry wants to know who asks; or name another image",
    )
