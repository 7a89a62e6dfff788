"""A session of `requests` whose connections are watched. Imports `requests`."""

from __future__ import annotations

import os
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from xprov import __version__
from xprov.errors import NetworkError
from xprov.net.answer import Answer
from xprov.net.pace import Exchange
from xprov.net.shown import shown

if TYPE_CHECKING:
    from typing import Any

    from urllib3 import HTTPResponse, PoolManager

REDIRECTS = 10
# Connections to one host that are kept open: more than there are ever threads.
_KEPT = 32


class Session(requests.Session):
    """Asks servers as the environment says. `bundle` is a file of certificates to trust where it names none."""

    def __init__(self, bundle: str | None) -> None:
        super().__init__()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(pool_connections=_KEPT, pool_maxsize=_KEPT))
        self.max_redirects = REDIRECTS
        self.headers.update({"User-Agent": f"xprov/{__version__}", "Accept-Encoding": "identity"})
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # `requests` looks at REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE first; OpenSSL's own is what companies set.
        self.verify = os.environ.get("SSL_CERT_FILE") or bundle or True

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where a redirect leads. Raises `NetworkError` when that is no longer encrypted, and this is."""
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        # `requests` would read all of the body, however much comes: what is closed has no more.
        with Answer(resp, Exchange.current.get(), lambda _exchange: None):
            found = urljoin(resp.url, target)
            if urlsplit(resp.url).scheme == "https" and urlsplit(found).scheme == "http":
                raise NetworkError(f"`{shown(resp.url)}` is redirected to `{shown(found)}`, which is not encrypted")
        return target


class _Watched(HTTPConnection):
    """A connection that tells the exchange of this thread what it does."""

    answered = False

    def connect(self) -> None:
        self.answered = False
        exchange = Exchange.current.get()
        exchange.begin(self)
        # A thread that could not be woken when it was stopped begins nothing new.
        exchange.require()
        with exchange.waiting():
            super().connect()
        exchange.require()

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 itself
        exchange = Exchange.current.get()
        exchange.reused = self.answered
        exchange.begin(self)
        with exchange.waiting():
            response = super().getresponse()
        if exchange.broken:
            response.close()
            raise exchange.broken
        exchange.restart()
        self.answered = True
        return response


class _Adapter(HTTPAdapter):
    """The connections of a session: direct ones, and those through proxies."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - passed on as they are
        super().init_poolmanager(*arguments, **options)
        _watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> PoolManager:  # noqa: ANN401 - passed on as they are
        known = proxy in self.proxy_manager
        manager: PoolManager = super().proxy_manager_for(proxy, **options)
        if not known:
            _watch(manager)
        return manager


def _watch(manager: PoolManager) -> None:
    """Let `manager` make watched connections, of the kinds that it makes now."""
    kinds: dict[str, Any] = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {
        scheme: type(kind.__name__, (kind,), {"ConnectionCls": type("Watched", (_Watched, kind.ConnectionCls), {})})
        for scheme, kind in kinds.items()
    }
