"""How a container reaches the network: as the shell that xprov was typed in. Pure, but for a look for files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xprov.engine import Mount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUNDLE = "/run/xprov/certificates.pem"
"""Where a container finds the certificates that the shell trusts."""

_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")
# Who looks for certificates under which name: OpenSSL and what uses it, requests, curl, pip, cargo, git.
_BUNDLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "CARGO_HTTP_CAINFO",
    "GIT_SSL_CAINFO",
)
_LOOPBACK = ("localhost", "127.", "[::1]", "::1")


def network_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which programs in a container find proxies and certificates as those here do."""
    names = (*_PROXIES, *map(str.upper, _PROXIES))
    proxies = {name: environ[name] for name in names if environ.get(name)}
    return {**proxies, **dict.fromkeys(_BUNDLES if _bundle(environ) else (), BUNDLE)}


def network_mounts(environ: Mapping[str, str]) -> tuple[Mount, ...]:
    """Return what has to be mounted for those variables to be true."""
    bundle = _bundle(environ)
    return (Mount(source=bundle, place=BUNDLE, read_only=True),) if bundle else ()


def loopback_proxies(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the variables that name a proxy on this machine's loopback, which a container has not."""
    for name, value in network_variables(environ).items():
        host = urlsplit(value if "//" in value else f"//{value}").hostname or ""
        if not name.lower().startswith("no_") and value != BUNDLE and host.startswith(_LOOPBACK):
            yield name


def _bundle(environ: Mapping[str, str]) -> Path | None:
    named = (Path(environ[name]) for name in _BUNDLES if environ.get(name))
    return next((path.resolve() for path in named if path.is_file()), None)
