"""Speak HTTP: the only door to `requests`.

Proxies and certificate bundles are those of the environment (`http_proxy`, `no_proxy`, `REQUESTS_CA_BUNDLE`,
`SSL_CERT_FILE`), which `requests` and this module honour.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xprov.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

# Connecting, and each wait for more bytes, in seconds: long enough for a slow mirror, short enough for a person.
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0
RETRIES = 3
RETRIED_STATUS = (429, 500, 502, 503, 504)


@dataclass(slots=True)
class Client:
    """HTTP connections that are kept open from one request to the next.

    `proxies` maps a scheme (`http`, `https`), or one with a host (`http://host`), to a proxy, "" for none, and comes
    before those of the environment. `bundle` is a file of certificates to trust where the environment names none.
    A name and password in a URL are used, and never shown.
    """

    proxies: Mapping[str, str] = field(default_factory=dict)
    bundle: str | None = None
    _session: requests.Session | None = None

    def exists(self, url: str) -> bool:
        """Return whether the server has something at `url`.

        Raises `NetworkError` when it does not answer, or with a status that says neither yes nor no.
        """
        response = self._request("HEAD", url)
        if response.status_code in (200, 206):
            return True
        if response.status_code in (403, 404, 410):
            return False
        raise NetworkError(f"`{shown(url)}` was answered with status {response.status_code} {response.reason}")

    def get(self, url: str) -> bytes | None:
        """Return what the server has at `url`, or None when it has nothing there.

        Raises `NetworkError` when it does not answer, or with a status that says neither yes nor no.
        """
        response = self._request("GET", url)
        if response.status_code == 200:  # noqa: PLR2004 - the one status that carries the file
            return response.content
        if response.status_code in (403, 404, 410):
            return None
        raise NetworkError(f"`{shown(url)}` was answered with status {response.status_code} {response.reason}")

    def _request(self, method: str, url: str) -> requests.Response:
        import requests  # noqa: PLC0415 - slow to import, and most commands never need it

        try:
            # Proxies are given with the request: those of a session would come after the environment's.
            return self._connected().request(
                method,
                url,
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                allow_redirects=True,
                proxies=dict(self.proxies),
            )
        except requests.RequestException as error:
            raise NetworkError(
                f"`{shown(url)}` did not answer: {_reason(error)}",
                hint="check the network, and http_proxy, https_proxy, SSL_CERT_FILE if there is a proxy",
            ) from error

    def _connected(self) -> requests.Session:
        if self._session is None:
            self._session = _session(self.bundle)
        return self._session


def shown(url: str) -> str:
    """Return `url` as it may be shown: without the name and password that it may carry."""
    _, mark, host = urlsplit(url).netloc.rpartition("@")
    return url.replace(f"{urlsplit(url).netloc}", host, 1) if mark else url


def _session(bundle: str | None) -> requests.Session:
    import requests  # noqa: PLC0415 - see Client._request
    from requests.adapters import HTTPAdapter  # noqa: PLC0415
    from urllib3.util.retry import Retry  # noqa: PLC0415

    retry = Retry(total=RETRIES, backoff_factor=0.5, status_forcelist=RETRIED_STATUS, raise_on_status=False)
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    # `requests` knows its own variable only; OpenSSL's is what companies set.
    trusted = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or bundle
    if trusted:
        session.verify = trusted
    return session


def _reason(error: Exception) -> str:
    """Return the innermost cause, which is the one that names the trouble (DNS, refused, certificate)."""
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    return str(cause) or type(cause).__name__
