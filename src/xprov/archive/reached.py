"""The client that archives are asked by: one for the whole run, so that connections stay open from step to step."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xprov.errors import XprovError
from xprov.net import Bounds, Client, get_ready

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xprov.apt.reach import Reach


# What archives are asked with unless it is said otherwise.
_BOUNDS = Bounds()


def archive_client(bounds: Bounds = _BOUNDS, *, offline: bool = False) -> Client:
    """Return the client for archives. The hosts of apt's own sources it reaches as apt does; `offline`, nobody."""
    return _made(bounds, offline=offline)


@cache
def _made(bounds: Bounds, *, offline: bool) -> Client:
    from xprov.apt.reach import ask_reach  # noqa: PLC0415 - for who has to ask alone

    with ExitStack() as programs:
        reach_of = ask_reach(programs)
        if not offline:
            # All that is needed to ask servers is imported while apt answers.
            get_ready()
        uris = _own_uris()
        reach = reach_of()
    return Client(proxies=own_proxies(uris, reach), bundle=reach.bundle, with_login=reach.with_login, bounds=bounds)


def _own_uris() -> list[str]:
    """Return the addresses in apt's sources."""
    from xprov.apt.sources import parse, read_sources  # noqa: PLC0415 - see _made

    try:
        return [uri for file in read_sources() for entry in parse(file) for uri in entry.uris]
    except XprovError:
        # Whom that concerns has been told. Without them all hosts are reached as the environment says.
        return []


def own_proxies(uris: Iterable[str], reach: Reach) -> dict[str, str]:
    """Return the proxies of `reach` for the hosts of `uris` alone, in the form of `Client`."""
    found: dict[str, str] = {}
    for uri in uris:
        try:
            parts = urlsplit(uri)
        except ValueError:
            continue
        key = f"{parts.scheme}://{parts.hostname}"
        proxy = reach.proxies.get(key, reach.proxies.get(parts.scheme))
        if proxy is not None:
            found[key] = proxy
    return found
