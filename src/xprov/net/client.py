"""Ask servers over HTTP."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xprov.errors import NetworkError
from xprov.net.answer import Answer, refusal
from xprov.net.pace import Bounds, Exchange, Watch, never
from xprov.net.retry import retried

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import Response

    from xprov.net.session import Session

_CHUNK = 1 << 16
# A single question is given up sooner than a download: the first waits are enough.
_QUESTION_WAITS = 3


@dataclass(slots=True)
class Client:
    """HTTP connections that are kept open from one request to the next. Several threads may use one client.

    `proxies` maps a scheme (`http`, `https`), or one with a host (`http://host`), to a proxy, "" for none, and comes
    before those of the environment. `bundle` is a file of certificates to trust where the environment names none.
    A name and password in a URL are used, and never shown; `with_login` returns a URL with those that are known for it.
    """

    proxies: Mapping[str, str] = field(default_factory=dict)
    bundle: str | None = None
    with_login: Callable[[str], str] = lambda url: url
    bounds: Bounds = field(default_factory=Bounds)
    _session: Session | None = field(default=None, init=False, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)
    _watch: Watch = field(default_factory=Watch, init=False, repr=False, compare=False)

    def exists(self, url: str) -> bool:
        """Return whether the server has something at `url`.

        Raises `NetworkError` when it does not answer, or with a status that says neither yes nor no.
        """

        def ask() -> bool:
            with self.open(url, method="HEAD") as answer:
                if not answer.found and not answer.absent:
                    raise refusal(url, answer)
                return answer.found

        return retried(ask, self.bounds.waits[:_QUESTION_WAITS], self.bounds)

    def get(self, url: str, *, limit: int | None = None) -> bytes | None:
        """Return what the server has at `url`, or None when it has nothing there.

        Raises `NetworkError` when it does not answer, or with a status that says neither yes nor no, or with more
        than `limit` bytes: no more than that is held in memory.
        """

        def ask() -> bytes | None:
            with self.open(url) as answer:
                if answer.absent:
                    return None
                if not answer.found:
                    raise refusal(url, answer)
                return _whole(answer, limit)

        return retried(ask, self.bounds.waits[:_QUESTION_WAITS], self.bounds)

    def open(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        stopped: Callable[[], bool] = never,
    ) -> Answer:
        """Return what the server answers to one request, after redirects; the body is yet to be read.

        Raises `NetworkError`, or its kind `PassingError` where another try may help; `StoppedError` soon after
        `stopped` returns True.
        """
        from xprov.net.failures import failures  # noqa: PLC0415 - imports `requests`

        exchange = Exchange(self.bounds, stopped)
        self._watch.add(exchange)
        token = Exchange.current.set(exchange)
        try:
            with failures(url, exchange):
                return Answer(self._sent(method, url, headers or {}), exchange, self._watch.remove)
        except BaseException:
            self._watch.remove(exchange)
            raise
        finally:
            Exchange.current.reset(token)

    def close(self) -> None:
        """Close the connections that are kept open."""
        with self._lock:
            if self._session is not None:
                self._session.close()

    def _sent(self, method: str, url: str, headers: Mapping[str, str]) -> Response:
        import requests  # noqa: PLC0415 - slow to import, and most commands never need it
        from requests.utils import get_auth_from_url  # noqa: PLC0415

        session, bounds = self._connected(), self.bounds
        login = get_auth_from_url(self.with_login(url))

        def ask() -> Response:
            return session.request(
                method,
                url,
                headers=headers,
                # What a URL says comes before what ~/.netrc says of its host.
                auth=login if any(login) else None,
                # Proxies are given with the request: those of a session would come after the environment's.
                proxies=dict(self.proxies),
                timeout=(bounds.connect, bounds.silence),
                allow_redirects=True,
                stream=True,
            )

        try:
            return ask()
        except requests.ConnectionError:
            exchange = Exchange.current.get()
            if exchange.broken or not exchange.reused:
                raise
        # The server had closed the connection that was kept open, as it asked: a new one tells.
        return ask()

    def _connected(self) -> Session:
        from xprov.net.session import Session  # noqa: PLC0415 - imports `requests`

        with self._lock:
            if self._session is None:
                self._session = Session(self.bundle)
            return self._session


def get_ready() -> None:
    """Import what asks servers, ahead: it takes as long as a program does that runs meanwhile."""
    import xprov.net.failures  # noqa: PLC0415 - both import `requests`
    import xprov.net.session  # noqa: F401, PLC0415


def _whole(answer: Answer, limit: int | None) -> bytes:
    if answer.encoding:
        raise NetworkError(f"`{answer.url}` came encoded as {answer.encoding}, which was not asked for")
    body = bytearray()
    while data := answer.read(_CHUNK):
        body += data
        if limit is not None and len(body) > limit:
            raise NetworkError(
                f"`{answer.url}` is larger than the {limit} bytes that such a file may have",
                hint="this is not what an archive has there: check the address, or name another mirror",
            )
    return bytes(body)
