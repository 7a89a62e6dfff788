"""Connections: opened, kept open between requests, and given up."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.errors import NetworkError
from xprov.net.pace import PacedSocket
from xprov.net.retry import PassingError
from xprov.net.route import shown

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from http.client import HTTPConnection
    from typing import Any

    from xprov.net.pace import Bounds
    from xprov.net.route import Hop, Route

    Ends = tuple[Hop, Hop | None]

HINT = "check the network, and http_proxy, https_proxy, SSL_CERT_FILE if there is a proxy"
# Who names certificates in the environment: `requests` and pip, OpenSSL, curl.
_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")


class Pool:
    """Open connections that nobody uses now. Safe to use from several threads."""

    def __init__(self, bounds: Bounds, bundle: str | None) -> None:
        self._bounds = bounds
        self._bundle = bundle
        self._idle: dict[Ends, list[HTTPConnection]] = {}
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in idle.values():
            for connection in connections:
                connection.close()

    def take(self, route: Route) -> HTTPConnection | None:
        """Return an open connection to the ends of `route`, or None."""
        while True:
            with self._lock:
                kept = self._idle.get(route.end)
                connection = kept.pop() if kept else None
            if connection is None or not paced(connection).is_stale():
                return connection
            connection.close()

    def give(self, route: Route, connection: HTTPConnection) -> None:
        """Take a connection back, to be used again."""
        with self._lock:
            self._idle.setdefault(route.end, []).append(connection)

    def open(self, route: Route) -> HTTPConnection:
        """Return a new connection for `route`. Raises what `failures` knows."""
        connection = self._made(route)
        connection.connect()
        connection.sock = PacedSocket(connection.sock, self._bounds)
        return connection

    def _made(self, route: Route) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection  # noqa: PLC0415 - slow to import

        server, proxy = route.end
        end = proxy or server
        if "https" not in (end.scheme, server.scheme):
            return HTTPConnection(end.host, end.port, timeout=self._bounds.connect)
        secure = HTTPSConnection(end.host, end.port, timeout=self._bounds.connect, context=self._trust())
        if proxy and server.scheme == "https":
            login = {"Proxy-Authorization": proxy.login} if proxy.login else {}
            secure.set_tunnel(server.host, server.port, headers=login)
        return secure

    def _trust(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = trusting(self._bundle, os.environ)
            return self._context


def paced(connection: HTTPConnection) -> PacedSocket:
    """Return the socket of an open connection of `Pool`."""
    found: Any = connection.sock
    assert isinstance(found, PacedSocket)  # noqa: S101 - Pool.open put it there
    return found


def trusting(bundle: str | None, environment: Mapping[str, str]) -> ssl.SSLContext:
    """Return whose certificates are believed: those the environment names, else `bundle`, the system's, certifi's.

    Raises `NetworkError` when a named file or folder cannot be read.
    """
    import ssl  # noqa: PLC0415 - slow to import

    named = next((environment[name] for name in _BUNDLE_VARIABLES if environment.get(name)), None) or bundle
    if named is None:
        context = ssl.create_default_context()
        # A bare container has no certificates. A folder of them is read when one is needed: it counts as none here.
        if not context.cert_store_stats()["x509_ca"] and not _has_folder(environment):
            context.load_verify_locations(_certifi())
        return context
    try:
        folder = Path(named).is_dir()
        return ssl.create_default_context(cafile=None if folder else named, capath=named if folder else None)
    except OSError as error:
        raise NetworkError(
            f"the certificates `{named}` cannot be read: {error.strerror or error}",
            hint=f"correct {', '.join(_BUNDLE_VARIABLES)}, or leave them out",
        ) from error


def _has_folder(environment: Mapping[str, str]) -> bool:
    import ssl  # noqa: PLC0415 - see trusting

    folder = environment.get("SSL_CERT_DIR") or ssl.get_default_verify_paths().capath
    try:
        return bool(folder) and any(Path(folder or "").glob("*.0"))
    except OSError:
        return False


def _certifi() -> str:
    import certifi  # noqa: PLC0415 - for bare containers alone

    return certifi.where()


@contextlib.contextmanager
def failures(url: str) -> Iterator[None]:
    """Turn what goes wrong with a connection into `PassingError`, or `NetworkError` where no further try can help."""
    import socket  # noqa: PLC0415 - here already when a connection is
    import ssl  # noqa: PLC0415
    from http.client import HTTPException, InvalidURL  # noqa: PLC0415

    try:
        yield
    except (ssl.SSLCertVerificationError, InvalidURL, UnicodeError) as error:
        raise NetworkError(f"`{shown(url)}` cannot be asked: {_reason(error)}", hint=HINT) from error
    except socket.gaierror as error:
        kind = NetworkError if error.errno == socket.EAI_NONAME else PassingError
        raise kind(f"`{shown(url)}` did not answer: {_reason(error)}", hint=HINT) from error
    except (OSError, HTTPException) as error:
        raise PassingError(f"`{shown(url)}` did not answer: {_reason(error)}", hint=HINT) from error


def _reason(error: Exception) -> str:
    words = getattr(error, "strerror", None) or str(error)
    return words or type(error).__name__
