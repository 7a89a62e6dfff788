"""Speak HTTP: the only door to it, built on `requests`.

Proxies, certificates and logins are those of the environment (`http_proxy`, `no_proxy`, `REQUESTS_CA_BUNDLE`,
`SSL_CERT_FILE`, `~/.netrc`). `requests` takes 0.1 s to import: nothing here does so before a server is asked.
"""

from xprov.net.answer import Answer, refusal
from xprov.net.client import Client, get_ready
from xprov.net.pace import Bounds, StoppedError
from xprov.net.retry import PassingError, wait_before
from xprov.net.shown import shown

__all__ = [
    "Answer",
    "Bounds",
    "Client",
    "PassingError",
    "StoppedError",
    "get_ready",
    "refusal",
    "shown",
    "wait_before",
]
