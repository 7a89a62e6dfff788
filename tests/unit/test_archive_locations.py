"""Which hosts are asked for a suite, in which order, and whose keys count there."""

from pathlib import Path

import pytest

from xprov.apt.entry import Entry, SourcesFile
from xprov.apt.sources import parse
from xprov.archive.locations import Access, Location, Part, locations, parts_of
from xprov.archive.suites import Suite, find_suite

MIRROR = "http://mirror.example.org/debian"
OWN = "http://own.example.org/debian"


def known(name: str) -> Suite:
    suite = find_suite(*name.split(":"))
    assert suite
    return suite


def part(name: str, number: int = 0) -> Part:
    return parts_of(known(name))[number]


def entries(*lines: str) -> tuple[Entry, ...]:
    text = "\n".join(lines) + "\n"
    return parse(SourcesFile(path=Path("/etc/apt/sources.list"), content=text.encode()))


def found(
    name: str,
    number: int = 0,
    *,
    architecture: str = "armhf",
    access: Access | None = None,
    own: tuple[Entry, ...] = (),
    host: str = "debian:bookworm",
) -> list[Location]:
    return list(locations(known(name), part(name, number), architecture, access or Access(), own, host))


def uris(places: list[Location]) -> list[str]:
    return [place.uri for place in places]


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("debian:bookworm", ["bookworm", "bookworm-updates", "bookworm-security"]),
        ("debian:buster", ["buster", "buster-updates", "buster/updates"]),
        ("ubuntu:jammy", ["jammy", "jammy-updates", "jammy-security"]),
        ("debian:sid", ["sid"]),
    ],
)
def test_a_suite_has_updates_and_security_updates_unless_it_rolls(name: str, names: list[str]) -> None:
    assert [each.name for each in parts_of(known(name))] == names
    assert [each.required for each in parts_of(known(name))] == [True, *([False] * (len(names) - 1))]


def test_debians_security_updates_are_an_archive_of_their_own_and_ubuntus_are_not() -> None:
    assert (part("debian:bookworm", 2).security, part("debian:bookworm", 2).label) == (True, "Debian-Security")
    assert (part("ubuntu:jammy", 2).security, part("ubuntu:jammy", 2).label) == (False, None)


def test_a_mirror_that_is_named_is_the_only_host_but_for_debians_security() -> None:
    access = Access(mirror=f"{MIRROR}/", keyring=Path("/key.pgp"))

    base = found("debian:bookworm", access=access)
    security = found("debian:bookworm", 2, access=access)

    assert (uris(base), base[0].chosen, base[0].signed_by) == ([MIRROR], True, (Path("/key.pgp"),))
    assert (uris(security)[0], security[0].chosen) == (f"{MIRROR}-security", False)
    assert len(security) > 1
    assert [place.signed_by for place in security[1:]] == [()] * (len(security) - 1)


@pytest.mark.parametrize(
    ("architecture", "first"),
    [("amd64", "http://archive.ubuntu.com/ubuntu"), ("armhf", "http://ports.ubuntu.com/ubuntu-ports")],
)
def test_of_ubuntus_hosts_the_one_that_has_carried_the_architecture_is_asked_first(
    architecture: str, first: str
) -> None:
    places = found("ubuntu:jammy", architecture=architecture)

    assert uris(places)[0] == first
    assert len(places) == 3
    assert not any(place.chosen or place.guessed for place in places)


def test_a_suite_that_has_ended_is_looked_for_where_such_are_first_and_may_have_expired() -> None:
    places = found("debian:buster")

    assert uris(places)[0] == "http://archive.debian.org/debian"
    assert all(place.allow_expired for place in places)
    assert not any(place.allow_expired for place in found("debian:bookworm"))
    assert all(place.allow_expired for place in found("debian:bookworm", access=Access(allow_expired=True)))


def test_the_hosts_of_apts_own_sources_come_before_those_that_are_known() -> None:
    own = entries(f"deb {OWN} bookworm main", "deb http://ftp.debian.org/debian bookworm-updates main")

    # Of another suite too: a mirror that has one has all.
    for name in ("debian:bookworm", "debian:bullseye"):
        places = found(name, own=own)
        assert uris(places)[:2] == [OWN, "http://ftp.debian.org/debian"]
        assert [place.guessed for place in places[:2]] == [True, True]
        assert len(set(uris(places))) == len(places)
    assert OWN not in uris(found("ubuntu:jammy", own=own))
    assert OWN not in uris(found("debian:bookworm", own=own, host="ubuntu:jammy"))


@pytest.mark.parametrize(
    ("line", "base", "security"),
    [
        ("deb {} bookworm main contrib", True, False),
        ("deb {} stable main", True, False),
        ("deb {} oldstable-updates main", True, False),
        ("deb {} bookworm-security main", False, True),
        ("deb {} stable-security main", False, True),
        ("deb {} bookworm/updates updates/main", False, True),
        ("deb {} bookworm contrib", False, False),
        ("deb {} bookworm-backports main", False, False),
        ("deb {} jammy main", False, False),
        ("deb-src {} bookworm main", False, False),
        ("# deb {} bookworm main", False, False),
    ],
)
def test_entries_of_the_machines_own_suite_alone_name_hosts(line: str, *, base: bool, security: bool) -> None:
    own = entries(line.format(OWN))

    assert (OWN in uris(found("debian:bookworm", own=own))) is base
    assert (OWN in uris(found("debian:bookworm", 2, own=own))) is security


@pytest.mark.parametrize(
    "uri", ["cdrom:[Disc]/", "file:/srv/debian", "mirror+http://example.org/list", "ftp://x.org/d"]
)
def test_what_is_not_asked_over_http_is_left_to_apt(uri: str) -> None:
    places = found("debian:bookworm", own=entries(f"deb {uri} bookworm main"))

    assert not any(place.guessed for place in places)


def test_options_of_an_entry_count_for_its_host_alone() -> None:
    own = entries(
        f"deb [signed-by=/a.pgp,/b.asc check-valid-until=no] {OWN}/ bookworm main",
        "deb [signed-by=0123456789ABCDEF0123456789ABCDEF01234567 check-valid-until=yes] http://b.org/d bookworm main",
    )

    first, second, *others = found("debian:bookworm", own=own)

    assert (first.uri, first.signed_by, first.allow_expired) == (OWN, (Path("/a.pgp"), Path("/b.asc")), True)
    # A fingerprint picks from apt's own keys: those that come with xprov count anyway.
    assert (second.signed_by, second.allow_expired) == ((), False)
    assert [(place.signed_by, place.allow_expired) for place in others] == [((), False)] * len(others)


def test_a_key_that_stands_in_the_entry_is_taken_as_it_is() -> None:
    key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abcd\n -----END PGP PUBLIC KEY BLOCK-----"
    text = f"Types: deb\nURIs: {OWN}\nSuites: bookworm\nComponents: main\nSigned-By:\n {key}\n"
    own = parse(SourcesFile(path=Path("/etc/apt/sources.list.d/x.sources"), content=text.encode()))

    (signed_by,) = found("debian:bookworm", own=own)[0].signed_by

    assert isinstance(signed_by, bytes)
    assert b"-----BEGIN PGP PUBLIC KEY BLOCK-----" in signed_by
