"""How apt reaches its hosts: proxies, certificates and passwords of its own configuration (apt.conf, apt_auth.conf)."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import field
from pathlib import Path
from urllib.parse import quote, urlsplit

from xprov import process
from xprov.errors import ToolMissingError
from xprov.records import dataclass

_SYSTEM_BUNDLE = Path("etc/ssl/certs/ca-certificates.crt")
# Where logins are unless apt's settings say otherwise (apt_auth.conf(5), apt.conf(5) "Directories").
_PLACES = {"dir": "/", "dir::etc": "etc/apt", "dir::etc::netrc": "auth.conf", "dir::etc::netrcparts": "auth.conf.d"}
_SETTING = re.compile(r'^(?P<name>\S+) "(?P<value>.*)";$', re.MULTILINE)
_PROXY = re.compile(r"acquire::(?P<scheme>https?)::proxy(?:::(?P<host>[^:].*))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A name and password for the URLs below `place` (host, port and path as written)."""

    place: str
    user: str = ""
    password: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """What a client needs to reach the hosts that apt reaches: `net.Client`'s proxies and bundle, and logins."""

    proxies: Mapping[str, str] = field(default_factory=dict)
    bundle: str | None = None
    logins: tuple[Login, ...] = ()

    def with_login(self, url: str) -> str:
        """Return `url` with the name and password that apt would send there."""
        parts = urlsplit(url)
        login = next((login for login in self.logins if _fits(login.place, url)), None)
        if login is None or "@" in parts.netloc:
            return url
        return parts._replace(
            netloc=f"{quote(login.user, safe='')}:{quote(login.password, safe='')}@{parts.netloc}"
        ).geturl()


def read_reach(root: Path = Path("/")) -> Reach:
    """Return how the apt of this machine reaches its hosts; where there is no apt, the defaults."""
    with ExitStack() as programs:
        return ask_reach(programs, root)()


def ask_reach(programs: ExitStack, root: Path = Path("/")) -> Callable[[], Reach]:
    """Start to ask apt, and return what waits for its answer and is `read_reach` then. `programs` ends what runs."""
    dump = programs.enter_context(process.start(["apt-config", "dump"]))

    def reach() -> Reach:
        try:
            settings = parse_settings(dump.result(check=False).stdout)
        except ToolMissingError:
            settings = {}
        system = root / _SYSTEM_BUNDLE
        return Reach(
            proxies=parse_proxies(settings),
            # apt trusts the system's certificates, not those that come with Python packages.
            bundle=settings.get("acquire::https::cainfo") or (str(system) if system.is_file() else None),
            logins=tuple(_logins(settings, root)),
        )

    return reach


def parse_settings(dump: str) -> Mapping[str, str]:
    """Return what `apt-config dump` printed, by names in small letters (apt's names know no case)."""
    return {match["name"].lower(): match["value"] for match in _SETTING.finditer(dump)}


def parse_proxies(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies in the form of `net.Client`; https follows http where it has none (apt-transport-https(1))."""
    found: dict[str, str] = {}
    for name, value in settings.items():
        match = _PROXY.fullmatch(name)
        if match and value:
            key = match["scheme"] if match["host"] is None else f"{match['scheme']}://{match['host']}"
            found[key] = "" if value == "DIRECT" else value
    for key, value in tuple(found.items()):
        if key == "http" or key.startswith("http://"):
            found.setdefault(key.replace("http", "https", 1), value)
    return found


def parse_logins(text: str) -> tuple[Login, ...]:
    """Return the logins of a file in the form of apt_auth.conf(5): netrc, where a machine may carry scheme and path."""
    words = iter(" ".join(line for line in text.splitlines() if not line.lstrip().startswith("#")).split())
    found: list[dict[str, str]] = []
    for word in words:
        if word == "machine":
            found.append({"place": next(words, "")})
        elif word in ("login", "password") and found:
            found[-1]["user" if word == "login" else "password"] = next(words, "")
    return tuple(Login(**login) for login in found)


def _logins(settings: Mapping[str, str], root: Path) -> Iterator[Login]:
    folder = _place("netrcparts", settings, root)
    parts = sorted(folder.glob("*.conf")) if folder.is_dir() else []
    for path in (_place("netrc", settings, root), *parts):
        # Where it is for root's eyes alone, apt goes without it too.
        if os.access(path, os.R_OK):
            yield from parse_logins(path.read_text(encoding="utf-8", errors="replace"))


def _place(name: str, settings: Mapping[str, str], root: Path) -> Path:
    """Return where apt looks for `name` of Dir::Etc: below the folders of its settings, or where it says itself."""
    path = Path("/")
    for key in ("dir", "dir::etc", f"dir::etc::{name}"):
        path /= settings.get(key) or _PLACES[key]
    return root / path.relative_to("/")


def _fits(place: str, url: str) -> bool:
    # Without a scheme a login is for encrypted connections alone (apt_auth.conf(5)).
    wanted = place if "://" in place else f"https://{place}"
    return url == wanted or url.startswith(wanted if wanted.endswith("/") else f"{wanted}/")
