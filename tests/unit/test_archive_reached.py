"""How the archives of the user's own apt sources are reached."""

from xprov.apt.reach import Reach
from xprov.archive.reached import own_proxies


def test_the_proxies_of_apt_are_for_the_hosts_of_apt_alone() -> None:
    reach = Reach(proxies={"http": "http://p:3142", "http://direct.org": "", "http://other.org": "http://q:1"})

    found = own_proxies(
        ["http://A.org:8080/debian", "http://direct.org/debian", "https://b.org/debian", "file:///srv/debian"], reach
    )

    assert found == {"http://a.org": "http://p:3142", "http://direct.org": ""}


def test_without_a_proxy_in_apt_there_is_none() -> None:
    assert own_proxies(["http://a.org/debian"], Reach()) == {}
