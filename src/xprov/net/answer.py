"""What a server answers: its status, its headers, and its body as it comes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from xprov.errors import NetworkError
from xprov.net.connection import failures
from xprov.net.retry import PassingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.client import HTTPResponse
    from types import TracebackType

    from xprov.net.pace import PacedSocket

# What is left of an answer nobody wants is read up to here, in bytes, so that the connection can be used again.
_DRAINED = 1 << 16
_ABSENT = (403, 404, 410)
_DELIVERED = (200, 206)


class Answer:
    """A server's answer. Used in a `with`, which gives the connection back when the body has been read to its end."""

    def __init__(self, url: str, response: HTTPResponse, socket: PacedSocket, release: Callable[[bool], None]) -> None:
        self.url = url
        self.status = response.status
        self.reason = response.reason
        self.headers = response.headers
        self.length: int | None = response.length
        """The bytes of the body, where the server tells."""
        self._response = response
        self._socket = socket
        self._release = release

    def __enter__(self) -> Answer:  # noqa: PYI034 - Self is newer than Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None and self.status not in _DELIVERED:
            with contextlib.suppress(NetworkError):
                self._drain()
        finished = self._response.isclosed() or self._response.length == 0
        self._response.close()
        self._release(finished)

    @property
    def found(self) -> bool:
        return self.status in _DELIVERED

    @property
    def absent(self) -> bool:
        """Whether the server says that it has nothing here, or nothing for us."""
        return self.status in _ABSENT

    @property
    def encoding(self) -> str:
        """How the server has encoded the body on its way; "" where it has not."""
        value: str = self.headers.get("Content-Encoding") or ""
        return "" if value.strip().lower() == "identity" else value.strip()

    def read(self, size: int) -> bytes:
        """Return some bytes of the body, up to `size`, as soon as there are any; nothing at its end.

        The body is as it was sent: no encoding is undone. Raises `PassingError` when it breaks off.
        """
        self._socket.allow(size)
        with failures(self.url):
            data = self._response.read1(size)
        if not data and self._response.length:
            got = (self.length or 0) - self._response.length
            raise PassingError(f"`{self.url}` ended after {got} of {self.length} bytes")
        return data

    def _drain(self) -> None:
        left = _DRAINED
        while left > 0 and (data := self.read(left)):
            left -= len(data)
