"""Speak HTTP: the only door to it, built on the standard library's `http.client`.

Proxies and certificate bundles are those of the environment (`http_proxy`, `no_proxy`, `REQUESTS_CA_BUNDLE`,
`SSL_CERT_FILE`). `requests` would do as well, and takes 80 ms to import: as long as a locked setup takes to fetch.
"""

from xprov.net.answer import Answer
from xprov.net.client import Client
from xprov.net.pace import Bounds, StoppedError
from xprov.net.retry import RETRIED_STATUS, PassingError, retry_after
from xprov.net.route import shown

__all__ = [
    "RETRIED_STATUS",
    "Answer",
    "Bounds",
    "Client",
    "PassingError",
    "StoppedError",
    "retry_after",
    "shown",
]
