"""How a URL is reached, and how long is waited: pure."""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from xprov.errors import NetworkError
from xprov.net import Bounds, PassingError, shown, wait_before
from xprov.net.retry import retry_after
from xprov.net.route import bypasses, find_route


@pytest.mark.parametrize(
    ("url", "address", "asked"),
    [
        ("http://a.example.org", "a.example.org", "/"),
        ("http://a.example.org?x=1", "a.example.org", "/?x=1"),
        ("http://A.example.org:8080/debian/pool/g++_1%3a2~b+c.deb", "a.example.org:8080", None),
        ("https://[::1]:8443/a b#part", "[::1]:8443", "/a%20b"),
        ("http://a.example.org:80//x/é?q=[1]", "a.example.org", "//x/%C3%A9?q=[1]"),
    ],
)
def test_a_url_is_asked_for_as_servers_expect_it(url: str, address: str, asked: str | None) -> None:
    route = find_route(url, {}, {})

    assert route.address == address
    assert route.asked == (asked or "/debian/pool/g++_1%3a2~b+c.deb")
    assert route.proxy is None


@pytest.mark.parametrize(
    "url", ["ftp://me:s3cret@a.example.org/x", "http:///x", "http://me:s3cret@[::1/x", "http://me:s3cret@a:x/", "x"]
)
def test_a_url_that_cannot_be_used_is_an_error_without_its_login(url: str) -> None:
    with pytest.raises(NetworkError, match="is not a URL that xprov can use") as caught:
        find_route(url, {}, {})

    assert "s3cret" not in caught.value.message
    assert "s3cret" not in shown(url)


def test_a_host_that_no_name_server_could_know_is_an_error() -> None:
    with pytest.raises(NetworkError, match="no host has such a name"):
        find_route(f"http://{'a' * 64}.org/", {}, {})


def test_a_login_is_quoted_in_a_url_and_not_when_it_is_sent() -> None:
    route = find_route("http://me:p%40ss@a.example.org/x", {}, {})

    assert route.server.login == f"Basic {base64.b64encode(b'me:p@ss').decode()}"
    assert "p@ss" not in repr(route)
    assert route.server.login not in repr(route)


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("http://a.org/", {"http_proxy": "http://p:3128"}, ("http", "p", 3128)),
        ("http://a.org/", {"HTTP_PROXY": "p:3128"}, ("http", "p", 3128)),
        ("http://a.org/", {"http_proxy": "p", "HTTP_PROXY": "q"}, ("http", "p", 80)),
        ("http://a.org/", {"HTTP_PROXY": "p:3128", "REQUEST_METHOD": "GET"}, None),
        ("http://a.org/", {"https_proxy": "p"}, None),
        ("https://a.org/", {"HTTPS_PROXY": "http://p:3128"}, ("http", "p", 3128)),
        ("https://a.org/", {"all_proxy": "http://p:3128"}, ("http", "p", 3128)),
        ("http://a.org/", {"http_proxy": "p", "no_proxy": "a.org"}, None),
        ("http://a.org/", {"http_proxy": ""}, None),
    ],
)
def test_the_proxy_is_the_one_of_the_environment(
    url: str, environment: Mapping[str, str], proxy: tuple[str, str, int] | None
) -> None:
    found = find_route(url, {}, environment).proxy

    assert (found and (found.scheme, found.host, found.port)) == proxy


@pytest.mark.parametrize(
    ("proxies", "host"),
    [
        ({"http": "http://q"}, "q"),
        ({"http": "http://q", "http://a.org": ""}, None),
        ({"http": "http://q", "http://b.org": ""}, "q"),
        ({"all": "http://q"}, "q"),
        ({"https": "http://q"}, "p"),
    ],
)
def test_the_proxies_of_the_client_come_before_the_environment(proxies: Mapping[str, str], host: str | None) -> None:
    found = find_route("http://a.org/", proxies, {"http_proxy": "http://p"}).proxy

    assert (found and found.host) == host


@pytest.mark.parametrize(
    ("url", "proxy"),
    [("http://a.org/", "socks5://p:1080"), ("https://a.org/", "https://p:3128"), ("http://a.org/", "http://")],
)
def test_a_proxy_that_cannot_be_used_is_an_error(url: str, proxy: str) -> None:
    with pytest.raises(NetworkError, match="proxy"):
        find_route(url, {}, {"all_proxy": proxy})


@pytest.mark.parametrize(
    ("no_proxy", "host", "direct"),
    [
        ("", "a.org", False),
        ("*", "a.org", True),
        ("b.org, a.org", "a.org", True),
        (".org", "a.org", True),
        ("a.org", "x.A.org", True),
        ("a.org", "aa.org", False),
        ("a.org:80", "a.org", True),
        ("a.org:81", "a.org", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::1", True),
        ("fd00::/8", "fd00::5", True),
    ],
)
def test_no_proxy_names_hosts_domains_addresses_and_networks(no_proxy: str, host: str, *, direct: bool) -> None:
    assert bypasses(host, 80, no_proxy) is direct


def test_a_pause_is_asked_for_in_seconds_or_by_a_date() -> None:
    soon = datetime.now(timezone.utc) + timedelta(seconds=60)

    assert retry_after("5") == 5.0
    assert 50 < retry_after(format_datetime(soon, usegmt=True)) <= 60
    assert retry_after(format_datetime(soon - timedelta(days=1), usegmt=True)) == 0.0
    for nothing in (None, "", "-1", "soon", "²"):
        assert retry_after(nothing) == 0.0


def test_waits_are_spread_and_a_wish_of_the_server_is_obeyed_up_to_a_bound() -> None:
    bounds = Bounds(longest_wait=10)

    spread = {wait_before(4.0, PassingError("busy"), bounds) for _ in range(50)}

    assert len(spread) > 10
    assert all(3.0 <= wait <= 5.0 for wait in spread)
    assert wait_before(1.0, PassingError("busy", after=7.0), bounds) == 7.0
    assert wait_before(1.0, PassingError("busy", after=3600.0), bounds) == 10.0
