"""How a URL is reached: which host, through which proxy, with which login. Pure, but for the variables it is given."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit

from xprov.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Mapping

PORTS = {"http": 80, "https": 443}
# What a request line may carry as it is: RFC 3986's reserved and unreserved characters, and `%` of what is quoted.
_AS_IT_IS = "!#$%&'()*+,/:;=?@[]~"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hop:
    """One end that is connected to, and the login it gets (`Basic ...`), if any."""

    scheme: str
    host: str
    port: int
    login: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """The server of a URL, the path to ask it for, and the proxy before it."""

    server: Hop
    path: str
    proxy: Hop | None

    @property
    def end(self) -> tuple[Hop, Hop | None]:
        """What a connection is for: two routes with the same ends may share one."""
        return self.server, self.proxy

    @property
    def address(self) -> str:
        """The server as a Host header names it (RFC 9110, 7.2)."""
        host = f"[{self.server.host}]" if ":" in self.server.host else self.server.host
        return host if self.server.port == PORTS[self.server.scheme] else f"{host}:{self.server.port}"

    @property
    def asked(self) -> str:
        """What the request line names: the path, or, to a proxy that is not tunnelled through, the whole URL."""
        return f"http://{self.address}{self.path}" if self.proxy and self.server.scheme == "http" else self.path


def find_route(url: str, proxies: Mapping[str, str], environment: Mapping[str, str]) -> Route:
    """Return how `url` is reached. `proxies` are those of `Client`; they come before those of the environment.

    Raises `NetworkError` when the URL, or the proxy for it, is not one that can be spoken to.
    """
    parts = _parsed(url, "URL")
    query = f"?{parts.query}" if parts.query else ""
    path = quote(f"{parts.path or '/'}{query}", safe=_AS_IT_IS)
    server = _hop(parts, url, "URL")
    proxy = _proxy(server, proxies, environment)
    return Route(server=server, path=path, proxy=proxy)


def shown(url: str) -> str:
    """Return `url` as it may be shown: without the name and password that it may carry."""
    try:
        netloc = urlsplit(url).netloc
    except ValueError:
        return url.rpartition("@")[2]
    _, mark, host = netloc.rpartition("@")
    return url.replace(netloc, host, 1) if mark else url


def _parsed(url: str, kind: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        known = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
        parts = urlsplit("")
    if not known:
        raise NetworkError(f"`{shown(url)}` is not a {kind} that xprov can use: `http:` or `https:`, and a host")
    return parts


def _hop(parts: SplitResult, url: str, kind: str) -> Hop:
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    host = parts.hostname or ""
    try:
        host.encode("idna")
    except UnicodeError:
        raise NetworkError(f"`{shown(url)}` is not a {kind} that xprov can use: no host has such a name") from None
    return Hop(
        scheme=parts.scheme,
        host=host,
        port=parts.port or PORTS[parts.scheme],
        login=None if login == ":" else f"Basic {base64.b64encode(login.encode()).decode('ascii')}",
    )


def _proxy(server: Hop, proxies: Mapping[str, str], environment: Mapping[str, str]) -> Hop | None:
    named = _first_named(server, proxies)
    if named is None and not bypasses(server.host, server.port, _variable(environment, "no_proxy")):
        named = _variable(environment, f"{server.scheme}_proxy") or _variable(environment, "all_proxy")
    if not named:
        return None
    url = named if "://" in named else f"http://{named}"
    proxy = _hop(_parsed(url, "proxy"), url, "proxy")
    if proxy.scheme == server.scheme == "https":
        raise NetworkError(
            f"the proxy `{shown(url)}` cannot be used for `https:`, since it is reached by `https:` itself",
            hint="most proxies are reached by `http:`, and carry `https:` too: write `http://` in https_proxy",
        )
    return proxy


def _first_named(server: Hop, proxies: Mapping[str, str]) -> str | None:
    for key in (f"{server.scheme}://{server.host}", server.scheme, f"all://{server.host}", "all"):
        if key in proxies:
            return proxies[key]
    return None


def _variable(environment: Mapping[str, str], name: str) -> str:
    # Small letters first. HTTP_PROXY of a CGI program is a header of its client's: httpoxy, CVE-2016-5388.
    if name == "http_proxy" and "REQUEST_METHOD" in environment:
        return environment.get(name, "")
    return environment.get(name) or environment.get(name.upper(), "")


def bypasses(host: str, port: int, no_proxy: str) -> bool:
    """Return whether `no_proxy` says to reach `host` directly: by name or one above it, address, network, or `*`."""
    return any(_is_meant(entry, host.lower(), port) for entry in no_proxy.replace(",", " ").lower().split())


def _is_meant(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    name = entry.removesuffix(f":{port}").lstrip(".")
    if host == name.strip("[]") or host.endswith(f".{name}"):
        return True
    import ipaddress  # noqa: PLC0415 - slow to import, and few name networks

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
