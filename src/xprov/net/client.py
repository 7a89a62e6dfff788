"""Ask servers over HTTP."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from xprov import __version__
from xprov.errors import AbsentError, NetworkError
from xprov.net.answer import Answer
from xprov.net.connection import Pool, failures, paced
from xprov.net.pace import Bounds, StalledError, never
from xprov.net.retry import RETRIED_STATUS, PassingError, retried, retry_after
from xprov.net.route import find_route, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.client import HTTPConnection, HTTPResponse

    from xprov.net.pace import PacedSocket
    from xprov.net.route import Route

REDIRECTS = 10
_REDIRECT_STATUS = (301, 302, 303, 307, 308)
_CHUNK = 1 << 16
# A single question is given up sooner than a download: the first waits are enough.
_QUESTION_WAITS = 3


@dataclass(slots=True)
class Client:
    """HTTP connections that are kept open from one request to the next. Several threads may use one client.

    `proxies` maps a scheme (`http`, `https`), or one with a host (`http://host`), to a proxy, "" for none, and comes
    before those of the environment. `bundle` is a file of certificates to trust where the environment names none.
    A name and password in a URL are used, and never shown.
    """

    proxies: Mapping[str, str] = field(default_factory=dict)
    bundle: str | None = None
    bounds: Bounds = field(default_factory=Bounds)
    _pool: Pool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._pool = Pool(self.bounds, self.bundle)

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
        begun = url
        for _ in range(REDIRECTS + 1):
            answer = self._asked(url, method, headers or {}, stopped)
            target = answer.headers.get("Location") if answer.status in _REDIRECT_STATUS else None
            if target is None:
                return answer
            with answer:
                url = _redirected(url, target)
        raise NetworkError(f"`{shown(begun)}` was redirected {REDIRECTS} times, and leads nowhere")

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._pool.close()

    def _asked(self, url: str, method: str, headers: Mapping[str, str], stopped: Callable[[], bool]) -> Answer:
        route = find_route(url, self.proxies, os.environ)
        pool = self._pool
        question = _Question(route=route, method=method, headers=headers, stopped=stopped)
        with failures(url):
            connection, socket, response = _exchange(pool, question)

        def release(finished: bool) -> None:  # noqa: FBT001 - one word, called in one place
            if finished and connection.sock is not None:
                pool.give(route, connection)
            else:
                connection.close()

        return Answer(shown(url), response, socket, release)


def refusal(url: str, answer: Answer) -> NetworkError:
    """Return the error for a status that does not carry what was asked for."""
    message = f"`{shown(url)}` was answered with status {answer.status} {answer.reason}".rstrip()
    if answer.status in RETRIED_STATUS:
        return PassingError(message, after=retry_after(answer.headers.get("Retry-After")))
    return AbsentError(message) if answer.absent else NetworkError(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Question:
    """One request, ready to be sent."""

    route: Route
    method: str
    headers: Mapping[str, str]
    stopped: Callable[[], bool]


def _exchange(pool: Pool, question: _Question) -> tuple[HTTPConnection, PacedSocket, HTTPResponse]:
    """Send a request and return the answer to it with its connection."""
    from http.client import HTTPException  # noqa: PLC0415 - slow to import

    kept = pool.take(question.route)
    if kept is not None:
        try:
            return _sent(kept, question)
        except StalledError:
            raise
        except (OSError, HTTPException):
            # The server had closed it, or what comes is left from before: a new one tells.
            pass
    return _sent(pool.open(question.route), question)


def _sent(connection: HTTPConnection, question: _Question) -> tuple[HTTPConnection, PacedSocket, HTTPResponse]:
    socket = paced(connection)
    route = question.route
    try:
        socket.begin(question.stopped)
        connection.request(question.method, route.asked, headers={**_headers(route), **question.headers})
        response = connection.getresponse()
    except BaseException:
        connection.close()
        raise
    socket.restart()
    return connection, socket, response


def _headers(route: Route) -> dict[str, str]:
    found = {"Host": route.address, "User-Agent": f"xprov/{__version__}", "Accept-Encoding": "identity"}
    if route.server.login:
        found["Authorization"] = route.server.login
    if route.proxy and route.proxy.login and route.server.scheme == "http":
        found["Proxy-Authorization"] = route.proxy.login
    return found


def _redirected(url: str, target: str) -> str:
    """Return the URL that a redirect leads to; a login goes along to the same host alone."""
    before, after = urlsplit(url), urlsplit(urljoin(url, target))
    if before.scheme == "https" and after.scheme == "http":
        raise NetworkError(f"`{shown(url)}` is redirected to `{shown(after.geturl())}`, which is not encrypted")
    login, mark, _ = before.netloc.rpartition("@")
    if mark and "@" not in after.netloc and (before.hostname, before.port) == (after.hostname, after.port):
        after = after._replace(netloc=f"{login}@{after.netloc}")
    return after.geturl()


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
