"""What apt says, read into what it would do and why it refuses. The texts are apt's own, of the suites named."""

import pytest

from xprov.apt.refusal import Policy, foreign_names, out_of_step, parse_policies, removals, unmet
from xprov.apt.transaction import parse_simulation

TRIXIE = """\
Inst gcc-14-base:armhf (14.2.0-19 Debian:13.7/stable [armhf])
Inst libasound2-data (1.2.14-1+deb13u1 Debian:13.7/stable [all])
Inst libgcc-s1:armhf (14.2.0-19 Debian:13.7/stable [armhf]) []
Inst zlib1g [1:1.3.1-1+b1] (1:1.3.1-1+deb13u1 Debian-Security:13/stable-security [amd64])
Inst libpkgconf3 (1.8.1-4 Debian:13.7/stable [amd64])
Conf gcc-14-base:armhf (14.2.0-19 Debian:13.7/stable [armhf])
"""

EVICTING = """\
Remv libpq-dev [17.6-0+deb13u1]
Inst libpq5:armhf (17.6-0+deb13u1 Debian:13.7/stable [armhf])
Inst libpq-dev:armhf (17.6-0+deb13u1 Debian:13.7/stable [armhf])
"""

BOOKWORM = """\
The following packages have unmet dependencies:
 libdbus-1-3:armhf : Depends: libsystemd0:armhf
 libdbus-1-dev:armhf : Depends: libdbus-1-3:armhf (= 1.14.10-1~deb12u1) but it is not going to be installed
                       Depends: pkg-config:armhf
E: Unable to correct problems, you have held broken packages.
"""

POLICIES = """\
libsystemd0:
  Installed: 252.39-1~deb12u2
  Candidate: 252.39-1~deb12u2
  Version table:
 *** 252.39-1~deb12u2 500
        100 /var/lib/dpkg/status
libsystemd0:armhf:
  Installed: (none)
  Candidate: 252.38-1~deb12u1
  Version table:
     252.38-1~deb12u1 500
"""


def test_a_simulation_is_read_into_new_and_raised_packages() -> None:
    transaction = parse_simulation(TRIXIE, "amd64")

    assert [change.qualified for change in transaction.new] == [
        "gcc-14-base:armhf",
        "libasound2-data:all",
        "libgcc-s1:armhf",
        "libpkgconf3:amd64",
    ]
    assert [(change.qualified, change.old, change.new) for change in transaction.raises] == [
        ("zlib1g:amd64", "1:1.3.1-1+b1", "1:1.3.1-1+deb13u1")
    ]
    assert transaction.removes == ()


def test_what_apt_would_remove_is_named_with_what_it_makes_room_for() -> None:
    (sentence,) = removals(parse_simulation(EVICTING, "amd64"), ("libpq-dev:armhf",))

    assert "`libpq-dev:amd64`" in sentence
    assert "libpq-dev:armhf" in sentence


def test_two_architectures_out_of_step_are_told_with_both_versions() -> None:
    names = foreign_names(BOOKWORM, "armhf")

    (sentence,) = out_of_step(names, parse_policies(POLICIES), "armhf", {"amd64": ""})

    assert names == ("libdbus-1-3", "libsystemd0", "libdbus-1-dev", "pkg-config")
    for word in ("`libsystemd0`", "amd64", "252.39-1~deb12u2", "armhf", "252.38-1~deb12u1"):
        assert word in sentence


def test_a_second_foreign_architecture_that_is_out_of_step_is_told_too() -> None:
    policies = {
        "libsystemd0": Policy(installed="2", candidate="3"),
        "libsystemd0:armhf": Policy(installed="2", candidate="2"),
        "libsystemd0:arm64": Policy(installed=None, candidate="3"),
    }

    # The machine's own can be raised with it; armhf's cannot.
    (sentence,) = out_of_step(["libsystemd0"], policies, "arm64", {"amd64": "", "armhf": ":armhf"})

    assert sentence.startswith("`libsystemd0` is installed for armhf in version 2, and for arm64")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("E: Unable to locate package libfoo-dev:armhf\n", ("the archive has no package `libfoo-dev:armhf`",)),
        (
            "E: Package 'libfoo-dev:armhf' has no installation candidate\n",
            ("the archive has no package `libfoo-dev:armhf`",),
        ),
        (
            BOOKWORM,
            (
                "`libdbus-1-3:armhf` Depends: libsystemd0:armhf",
                (
                    "`libdbus-1-dev:armhf` Depends: libdbus-1-3:armhf (= 1.14.10-1~deb12u1) but it is not going to be"
                    " installed; Depends: pkg-config:armhf"
                ),
            ),
        ),
    ],
)
def test_what_is_missing_or_unmet_is_said(text: str, expected: tuple[str, ...]) -> None:
    assert unmet(text) == expected
