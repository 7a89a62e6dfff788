"""The table of suites: what the fallback to an older suite is decided by."""

import pytest

from xprov.archive.suites import archives, find_suite, suites


@pytest.mark.parametrize(
    ("distribution", "codename", "version", "glibc"),
    [
        ("debian", "jessie", "8", "2.19"),
        ("debian", "bullseye", "11", "2.31"),
        ("debian", "bookworm", "12", "2.36"),
        ("debian", "trixie", "13", "2.41"),
        ("debian", "sid", None, None),
        ("ubuntu", "xenial", "16.04", "2.23"),
        ("ubuntu", "jammy", "22.04", "2.35"),
        ("ubuntu", "noble", "24.04", "2.39"),
    ],
)
def test_a_suite_is_found_with_its_glibc(
    distribution: str, codename: str, version: str | None, glibc: str | None
) -> None:
    suite = find_suite(distribution, codename)

    assert suite is not None
    assert (suite.version, suite.glibc) == (version, glibc)


def test_names_are_found_in_any_case() -> None:
    assert find_suite("Debian", "Bookworm") == find_suite("debian", "bookworm")


def test_an_unknown_suite_is_none() -> None:
    assert find_suite("debian", "jammy") is None
    assert find_suite("arch", "rolling") is None


def test_time_is_64_bit_on_armhf_from_trixie_and_noble_on() -> None:
    for distribution, first in (("debian", "trixie"), ("ubuntu", "noble")):
        ordered = [suite for suite in suites() if suite.distribution == distribution]
        place = [suite.codename for suite in ordered].index(first)
        assert not any(suite.time64_armhf for suite in ordered[:place])
        assert all(suite.time64_armhf for suite in ordered[place:])


@pytest.mark.parametrize(
    ("architecture", "distribution", "having", "lacking"),
    [
        ("armel", "debian", "trixie", "forky"),
        ("riscv64", "debian", "trixie", "bookworm"),
        ("loong64", "debian", "sid", "trixie"),
        ("riscv64", "ubuntu", "focal", "eoan"),
        ("s390x", "debian", "bullseye", None),
        ("i386", "ubuntu", "resolute", None),
        ("armel", "ubuntu", None, "jammy"),
    ],
)
def test_a_suite_has_the_architectures_that_it_was_released_with(
    architecture: str, distribution: str, having: str | None, lacking: str | None
) -> None:
    found = {suite.codename for suite in suites() if suite.distribution == distribution}
    served = {suite.codename for suite in suites() if architecture in suite.architectures} & found

    assert having is None or having in served
    assert lacking is None or lacking not in served


def test_suites_that_are_maintained_for_years_have_a_glibc_that_stays() -> None:
    assert all(suite.glibc_version for suite in suites() if suite.lts)
    assert {suite.codename for suite in suites() if suite.lts} >= {"bookworm", "trixie", "noble"}


def test_suites_stand_in_the_order_of_their_glibc() -> None:
    for distribution in ("debian", "ubuntu"):
        known = [suite.glibc for suite in suites() if suite.distribution == distribution and suite.glibc]
        assert known == sorted(known, key=lambda version: tuple(map(int, version.split("."))))


def test_only_ubuntu_has_a_host_for_further_architectures() -> None:
    ports = {archive.distribution: archive.hosts.ports for archive in archives()}

    assert ports == {"debian": None, "ubuntu": "http://ports.ubuntu.com/ubuntu-ports"}


def test_every_suite_belongs_to_an_archive() -> None:
    assert {suite.distribution for suite in suites()} == {archive.distribution for archive in archives()}
    assert find_suite("debian", "sid") in suites()
