"""What a server answers: its status, its headers, and its body as it comes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from xprov.errors import AbsentError, NetworkError
from xprov.net.retry import RETRIED_STATUS, PassingError, retry_after
from xprov.net.shown import brief, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from requests import Response

    from xprov.net.pace import Exchange

# What is left of an answer nobody wants is read up to here, in bytes, so that the connection can be used again.
_DRAINED = 1 << 16
_ABSENT = (403, 404, 410)
_DELIVERED = (200, 206)


class Answer:
    """A server's answer. Used in a `with`, which keeps the connection open when the body has been read to its end."""

    def __init__(self, response: Response, exchange: Exchange, release: Callable[[Exchange], None]) -> None:
        self.url = shown(response.url)
        self.status = response.status_code
        self.reason = brief(response.reason or "")
        self.headers = response.headers
        self.length: int | None = response.raw.length_remaining
        """The bytes of the body, where the server tells."""
        self._response = response
        self._exchange = exchange
        self._release = release

    def __enter__(self) -> Answer:  # noqa: PYI034 - Self is newer than Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None and (self.status not in _DELIVERED or not self.length):
            with contextlib.suppress(NetworkError):
                self._drain()
        self._response.close()
        self._release(self._exchange)

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
        value = brief(self.headers.get("Content-Encoding") or "").strip()
        return "" if value.lower() == "identity" else value

    def read(self, size: int) -> bytes:
        """Return some bytes of the body, up to `size`, as soon as there are any; nothing at its end.

        The body is as it was sent: no encoding is undone. Raises `PassingError` when it breaks off.
        """
        from xprov.net.failures import ended_early, failures  # noqa: PLC0415 - imports `requests`

        raw = self._response.raw
        try:
            with failures(self.url, self._exchange):
                with self._exchange.waiting():
                    data: bytes = raw.read1(size, decode_content=False)
                self._exchange.require()
        except PassingError as error:
            if not ended_early(error):
                raise
            expected = "" if self.length is None else f" of {self.length}"
            raise PassingError(f"`{self.url}` ended after {raw.tell()}{expected} bytes") from error
        self._exchange.count(len(data))
        return data

    def _drain(self) -> None:
        left = _DRAINED
        while left > 0 and (data := self.read(left)):
            left -= len(data)


def refusal(url: str, answer: Answer) -> NetworkError:
    """Return the error for a status that does not carry what was asked for."""
    message = f"`{shown(url)}` was answered with status {answer.status} {answer.reason}".rstrip()
    if answer.status in RETRIED_STATUS:
        return PassingError(message, after=retry_after(answer.headers.get("Retry-After")))
    return AbsentError(message) if answer.absent else NetworkError(message)
