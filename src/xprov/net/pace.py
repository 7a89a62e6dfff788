"""How long a server may take: a socket that gives up on one that says nothing, or next to nothing.

A timeout of the system's starts anew with each byte, so that a server can hold a client for days. Here everything
that is received counts (status, headers, body), and only the time spent waiting for it.
"""

from __future__ import annotations

import io
import select
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

_BUFFER = 1 << 16
# How soon a wait for bytes notices that it is no longer wanted, in seconds.
_NOTICE = 0.2
# What may come besides a body, or each piece of one, in bytes: status, headers, sizes of chunks, trailers, which
# `http.client` itself reads without end.
_OVERHEAD = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What an exchange may take. Times are in seconds, sizes in bytes.

    `silence` is how long a server may say nothing; `slowest` is the least that must come in each second of `window`
    seconds. `waits` are those before a second try and further ones; a server's own wish (Retry-After) is obeyed up to
    `longest_wait`. `largest` is what a file of unknown size may have. `connections` are open at once, at most.
    """

    connect: float = 10.0
    silence: float = 30.0
    slowest: int = 1 << 10
    window: float = 30.0
    waits: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    longest_wait: float = 30.0
    largest: int = 4 << 30
    connections: int = 6


class StalledError(TimeoutError):
    """A server sends nothing, or too little to wait for."""


class EndlessError(OSError):
    """A server sends more besides the body than any answer needs."""


class StoppedError(Exception):
    """Nobody waits for the answer any more."""


def never() -> bool:
    """Return that nothing is stopped."""
    return False


class PacedSocket:
    """A connected socket as `http.client` uses one, which gives up on a server that is too slow.

    `stopped` is asked several times a second while bytes are waited for.
    """

    def __init__(self, connected: socket.socket, bounds: Bounds) -> None:
        self._socket = connected
        self._bounds = bounds
        self._stopped: Callable[[], bool] = never
        self._silent = self._waited = 0.0
        self._received = 0
        self._allowed = _OVERHEAD

    def begin(self, stopped: Callable[[], bool]) -> None:
        """Count from here on: a request is about to be sent."""
        self._stopped = stopped
        self.allow(0)
        self.restart()

    def allow(self, size: int) -> None:
        """Let `size` bytes come from here on, and what comes besides them."""
        self._allowed = size + _OVERHEAD

    def restart(self) -> None:
        """Forget how slow it was so far."""
        self._silent, self._waited, self._received = 0.0, 0.0, 0

    def is_stale(self) -> bool:
        """Return whether the server has closed the connection, or said what nobody asked for."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(self._bounds.silence)
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self, self._socket), _BUFFER)

    def close(self) -> None:
        self._socket.close()

    def receive(self, buffer: memoryview) -> int:
        """Return how many bytes came into `buffer`; none at the end. Raises `StalledError` and `StoppedError`."""
        self._socket.settimeout(min(_NOTICE, self._bounds.silence / 2))
        while True:
            if self._stopped():
                raise StoppedError
            if self._allowed <= 0:
                raise EndlessError(f"its headers go on for more than {_OVERHEAD} bytes")
            begun = time.monotonic()
            try:
                count = self._socket.recv_into(buffer)
            except TimeoutError:
                self._judge(time.monotonic() - begun, 0)
                continue
            self._allowed -= count
            if count:
                self._judge(time.monotonic() - begun, count)
            return count

    def _judge(self, waited: float, count: int) -> None:
        self._silent = 0.0 if count else self._silent + waited
        self._waited += waited
        self._received += count
        if self._silent >= self._bounds.silence:
            raise StalledError(f"nothing came for {self._silent:.3g} seconds")
        if self._waited >= self._bounds.window:
            if self._received < self._waited * self._bounds.slowest:
                raise StalledError(f"only {self._received} bytes came in {self._waited:.3g} seconds")
            self.restart()


class _Reader(io.RawIOBase):
    """What a `PacedSocket` receives, as a file. It keeps the connection alive: it may outlive the socket's `close`."""

    def __init__(self, paced: PacedSocket, connected: socket.socket) -> None:
        self._paced = paced
        self._handle = connected.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # narrower: what BufferedReader passes
        return self._paced.receive(buffer)

    def close(self) -> None:
        self._handle.close()
        super().close()
