"""How long a server may take: an exchange that is too slow, or that nobody waits for any more, is broken off.

A timeout of `requests` starts anew with each byte, so that a server can hold a client for days, by its headers too.
So there is a thread that looks at all exchanges several times a second, and hangs up on those that it gives up.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.client import HTTPConnection

# How often the exchanges are looked at, in seconds.
_INTERVAL = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What an exchange may take. Times are in seconds, sizes in bytes.

    `silence` is how long a server may say nothing; `slowest` is the least that must come of a body in each second of
    `window` seconds, and all headers must be there within one. `waits` are those before a second try and further ones;
    a server's own wish (Retry-After) is obeyed up to `longest_wait`. `largest` is what a file of unknown size may have.
    `connections` are open at once, at most.
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
    """A server sends too little to wait for."""


class StoppedError(Exception):
    """Nobody waits for the answer any more."""


def never() -> bool:
    """Return that nothing is stopped."""
    return False


class Exchange:
    """A question to a server and its answer, on their way.

    `broken` says why it was broken off. `reused` says that its connection has carried an answer before.
    """

    current: ContextVar[Exchange] = ContextVar("current")
    """The exchange that the connection used by this thread is for."""

    def __init__(self, bounds: Bounds, stopped: Callable[[], bool]) -> None:
        self.broken: Exception | None = None
        self.reused = False
        self.bounds = bounds
        self._stopped = stopped
        self._lock = threading.Lock()
        self._connection: HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._since: float | None = None
        self._waited = 0.0
        self._received = 0

    def begin(self, connection: HTTPConnection) -> None:
        """Count anew: `connection` is used from here on."""
        self._connection = connection
        # A connection that is not kept open forgets its socket before the body comes.
        self._socket = connection.sock
        self.restart()

    def restart(self) -> None:
        """Count anew."""
        with self._lock:
            self._waited, self._received = 0.0, 0

    def count(self, size: int) -> None:
        """Note that so many bytes of the body came."""
        with self._lock:
            self._received += size

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Spend time that counts as the server's."""
        with self._lock:
            self._since = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._waited += time.monotonic() - self._since
                self._since = None

    def require(self) -> None:
        """Raise `StalledError` or `StoppedError` when it was broken off: what came is not all, even if it looks so."""
        if self.broken is None and self._stopped():
            self.broken = StoppedError()
        if self.broken:
            raise self.broken

    def judge(self) -> None:
        """Break off when it has become too slow, or is not wanted."""
        with self._lock:
            if self._since is None or self.broken:
                return
            now = time.monotonic()
            waited = self._waited + now - self._since
            if self._stopped():
                self.broken = StoppedError()
            elif waited < self.bounds.window:
                return
            elif self._received < waited * self.bounds.slowest:
                self.broken = StalledError(f"only {self._received} bytes came in {waited:.3g} seconds")
            else:
                self._since, self._waited, self._received = now, 0.0, 0
                return
            self._hang_up()

    def _hang_up(self) -> None:
        connected = (self._connection and self._connection.sock) or self._socket
        # The socket below all encryption is shut down: the thread that waits for it wakes up, and closes it.
        with (
            contextlib.suppress(OSError),
            socket.socket(fileno=os.dup(connected.fileno() if connected else -1)) as bare,
        ):
            bare.shutdown(socket.SHUT_RDWR)


class Watch:
    """The thread that looks at exchanges. It is there while there are any."""

    def __init__(self) -> None:
        self._exchanges: set[Exchange] = set()
        self._lock = threading.Lock()
        self._running = False

    def add(self, exchange: Exchange) -> None:
        """Look at `exchange` from here on. Where no thread can be started, silence alone is bounded, by the socket."""
        with self._lock:
            self._exchanges.add(exchange)
            if self._running:
                return
            with contextlib.suppress(RuntimeError):
                threading.Thread(target=self._look, daemon=True, name="xprov-watch").start()
                self._running = True

    def remove(self, exchange: Exchange) -> None:
        """Leave `exchange` alone."""
        with self._lock:
            self._exchanges.discard(exchange)

    def _look(self) -> None:
        while True:
            time.sleep(_INTERVAL)
            with self._lock:
                if not self._exchanges:
                    self._running = False
                    return
                found = tuple(self._exchanges)
            for exchange in found:
                exchange.judge()
