"""Speak HTTP: the only door to it, built on the standard library's `http.client`.

Proxies and certificate bundles are those of the environment (`http_proxy`, `no_proxy`, `REQUESTS_CA_BUNDLE`,
`SSL_CERT_FILE`). `requests` would do as well, and takes 80 ms to import: as long as a locked setup takes to fetch.
"""

from xprov.net.answer import Answer
from xprov.net.client import Client, refusal
from xprov.net.pace import Bounds, StoppedError
from xprov.net.retry import PassingError, wait_before
from xprov.net.route import shown

__all__ = [
    "Answer",
    "Bounds",
    "Client",
    "PassingError",
    "StoppedError",
    "refusal",
    "shown",
    "wait_before",
]
