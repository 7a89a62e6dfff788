"""What `xprov setup` does where the machine's apt would do, and refuses: it is put back, and a sysroot is made.

The case is a real one of bookworm's armhf: libdbus needs libsystemd0, whose security update is there for amd64 and not
for armhf, and apt installs both in the same version or not at all. It comes and goes with the archive, so the update is
made here.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.conftest import BareImage
from tests.integration.containers import Box, started
from tests.integration.wheelhouse import INSTALL, PLACE

pytestmark = [pytest.mark.docker, pytest.mark.archive]

# All of apt and dpkg but their locks, and dpkg's copies of what was there before its last start.
SNAPSHOT = """
find /etc/apt /var/lib/dpkg /var/lib/apt/extended_states -type f ! -name '*-old' ! -name 'lock*' |
    sort | xargs sha256sum
dpkg --print-foreign-architectures
"""
UPDATE_ONE_SIDE = """
cd "$(mktemp -d)" && apt-get download libsystemd0 && dpkg-deb --raw-extract libsystemd0_*.deb tree &&
sed -i 's/^Version: .*/&.1/' tree/DEBIAN/control && dpkg-deb --build tree newer.deb && dpkg --install newer.deb
"""
REASON = "`libsystemd0` is installed for amd64 in version"


@pytest.fixture(scope="module")
def machine(bare_image: BareImage, wheelhouse: Path) -> Iterator[Box]:
    """Return a container of bookworm in which apt cannot install libdbus for armhf."""
    with started(bare_image("bookworm"), mounts={wheelhouse: PLACE}) as box:
        box.run("apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv").expect()
        box.run(INSTALL).expect()
        box.run(UPDATE_ONE_SIDE).expect()
        yield box


@pytest.fixture
def unchanged(machine: Box) -> Iterator[Box]:
    """Return the machine, and see that apt and dpkg are byte for byte as before in the end."""
    before = machine.run(SNAPSHOT).expect().stdout
    yield machine
    assert machine.run(SNAPSHOT).expect().stdout == before


def test_what_apt_refuses_comes_as_a_sysroot_and_why_is_told(unchanged: Box) -> None:
    said = unchanged.run("xprov setup armhf dbus").expect().stderr

    first, refused, then = (
        said.index(text)
        for text in ("Target armhf, method multiarch", REASON, "going on with method sysroot with debian:bookworm")
    )
    assert first < refused < then
    assert "Putting apt back as it was" in said
    assert said.count("no C compiler for armhf was found: headers") == 1
    provision = json.loads(unchanged.run("cat ~/.xprov/armhf/provision.json").expect().stdout)
    assert (provision["method"], provision["suite"]) == ("sysroot", "debian:bookworm")
    wrapper = "~/.xprov/armhf/bin/arm-linux-gnueabihf-pkg-config"
    assert "-ldbus-1" in unchanged.run(f"{wrapper} --libs dbus-1").expect().stdout


def test_what_apt_refuses_fails_where_apt_was_asked_for(unchanged: Box) -> None:
    said = unchanged.run("XPROV_HOME=/tmp/home xprov setup armhf dbus --method multiarch").expect(5).stderr

    assert REASON in said[said.index("error: apt cannot install") :]
    assert "going on" not in said
    unchanged.run("test ! -e /tmp/home/armhf").expect()
