"""What goes wrong with a connection, said in a few words. Imports `requests`."""

from __future__ import annotations

import contextlib
import socket
import ssl
from http.client import IncompleteRead
from typing import TYPE_CHECKING

import requests
from urllib3.exceptions import HTTPError, ProxySchemeUnknown

from xprov.errors import NetworkError
from xprov.net.pace import StalledError, StoppedError
from xprov.net.retry import PassingError
from xprov.net.shown import brief, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.net.pace import Exchange

_HINT = "check the network, and http_proxy, https_proxy, SSL_CERT_FILE if there is a proxy"
_BUNDLE_HINT = "correct REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE, or leave them out"


@contextlib.contextmanager
def failures(url: str, exchange: Exchange) -> Iterator[None]:
    """Turn what goes wrong with a connection into `PassingError`, or `NetworkError` where no further try can help.

    `StoppedError` is let through. What `requests` itself says is not shown: it may hold a password.
    """
    try:
        yield
    except (NetworkError, StoppedError):
        raise
    except requests.TooManyRedirects as error:
        count = len(error.response.history) if error.response is not None else 0
        raise NetworkError(f"`{shown(url)}` was redirected {count} times, and leads nowhere") from error
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        if isinstance(exchange.broken, StoppedError):
            raise exchange.broken from error
        raise _explained(shown(url), exchange.broken or error, exchange) from error


def ended_early(error: PassingError) -> bool:
    """Return whether it is that the server has closed the connection before the end of a body."""
    return error.__cause__ is not None and isinstance(_innermost(error.__cause__), IncompleteRead)


def _explained(url: str, error: BaseException, exchange: Exchange) -> NetworkError:
    inner = _innermost(error)
    if isinstance(inner, (requests.exceptions.InvalidProxyURL, ProxySchemeUnknown)):
        return NetworkError(f"the proxy for `{url}` cannot be used: it has no scheme or host that is known", hint=_HINT)
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in str(error):
        return NetworkError(
            f"the proxy for `{url}` speaks SOCKS, which needs one more package", hint="pip install 'requests[socks]'"
        )
    if isinstance(inner, ssl.SSLCertVerificationError):
        return NetworkError(f"`{url}` cannot be asked: {_reason(inner)}", hint=_HINT)
    if isinstance(error, ValueError):
        return NetworkError(f"`{url}` is not a URL that xprov can use: `http:` or `https:`, and a host")
    if type(error) is OSError:
        # Certificates that are named and not there are the one thing that `requests` says in this way.
        return NetworkError(f"the certificates for `{url}` cannot be read: {_reason(error)}", hint=_BUNDLE_HINT)
    known = isinstance(inner, socket.gaierror) and inner.errno == socket.EAI_NONAME
    return (NetworkError if known else PassingError)(
        f"`{url}` did not answer: {_waited(error, inner, exchange) or _reason(inner)}", hint=_HINT
    )


def _waited(error: BaseException, inner: BaseException, exchange: Exchange) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {exchange.bounds.connect:.3g} seconds"
    if isinstance(inner, TimeoutError) and not isinstance(inner, StalledError) and inner.errno is None:
        return f"nothing came for {exchange.bounds.silence:.3g} seconds"
    return ""


def _innermost(error: BaseException) -> BaseException:
    """Return the first cause, which is the one that names the trouble (name, refusal, certificate)."""
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return error


def _reason(error: BaseException) -> str:
    return brief(str(getattr(error, "strerror", None) or error) or type(error).__name__)
