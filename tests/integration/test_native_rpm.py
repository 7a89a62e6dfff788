"""Method `native` where dnf installs, as in the native manylinux images: real packages, signed, in lib64."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.conftest import RpmImage
from tests.integration.containers import Box, started
from tests.integration.nothing import NOTHING
from tests.integration.wheelhouse import INSTALL, PLACE
from tests.mirror import find_mirror

pytestmark = [pytest.mark.docker, pytest.mark.archive]

SETUP = "xprov setup x86_64 alsa dbus"
PACKAGES = ["pkgconfig(alsa)", "pkgconfig(dbus-1)"]
REPOSITORY = "/etc/yum.repos.d/test.repo"

# What has changed when something was installed.
SNAPSHOT = "rpm -qa | sort; ls /usr/bin/pkg-config /usr/lib64/libasound* 2>&1; sha256sum /etc/yum.repos.d/*"

PROGRAM = """
cat > /tmp/tone.c <<'END'
#include <alsa/asoundlib.h>
#include <dbus/dbus.h>
int main(void) { void *pcm = 0; return snd_pcm_open(&pcm, "tone", 0, 0) < 0 || dbus_bus_get(0, &pcm); }
END
gcc -o /tmp/tone /tmp/tone.c $(pkg-config --cflags --libs alsa dbus-1) && LD_LIBRARY_PATH=/usr/lib64 /tmp/tone
"""

# Where a CentOS 7 looks, and its vault, which here has the packages of the tests.
CENTOS = r"""
printf '%s\n' '[base]' 'name=CentOS-$releasever - Base' \
    'mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os&infra=$infra' \
    '#baseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/' \
    'gpgcheck=1' 'gpgkey=file:///srv/packager.asc' > /etc/yum.repos.d/CentOS-Base.repo
rm /etc/yum.repos.d/test.repo
mkdir -p /srv/vault/centos/8/os && ln -s /srv/packages /srv/vault/centos/8/os/x86_64
echo '127.0.0.1 vault.centos.org' >> /etc/hosts
unset http_proxy HTTP_PROXY
python3 -m http.server --directory /srv/vault 80 > /dev/null 2> /tmp/vault.log & vault=$!
until python3 -c 'import socket; socket.create_connection(("127.0.0.1", 80))' 2> /dev/null; do sleep 0.1; done
"""


@pytest.fixture(scope="module")
def fresh(rpm_image: RpmImage, wheelhouse: Path) -> Iterator[Box]:
    """Return a container in which nothing is installed, and that every test leaves so."""
    with started(rpm_image(), mounts={wheelhouse: PLACE}) as box:
        box.run(INSTALL).expect()
        yield box


@pytest.fixture
def unchanged(fresh: Box) -> Iterator[Box]:
    """Return the container, and see that a test which is to install nothing has not."""
    before = fresh.run(SNAPSHOT).stdout
    yield fresh
    assert fresh.run(f"cp /srv/test.repo {REPOSITORY}; dnf --quiet clean all; {SNAPSHOT}").stdout == before
    assert not fresh.run("ls ~/.xprov/amd64").stdout


@pytest.fixture(scope="module")
def machine(rpm_image: RpmImage, wheelhouse: Path) -> Iterator[Box]:
    """Return a container in which alsa was set up."""
    with started(rpm_image(), mounts={wheelhouse: PLACE}) as box:
        box.run(f"{INSTALL}\n{SETUP}").expect()
        yield box


def _provision(machine: Box) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(machine.run("cat ~/.xprov/amd64/provision.json").expect().stdout)
    return content


def test_what_a_build_needs_is_there_and_works(machine: Box) -> None:
    assert machine.run("pkg-config --modversion alsa").expect().stdout.strip() == "1.2.10"
    assert machine.run(PROGRAM).expect().stdout.strip() == "tone"
    assert machine.run("set -eu; . ~/.xprov/env").expect().stdout == ""


def test_the_provision_tells_the_systems_own_packages_and_their_floor(machine: Box) -> None:
    provision = _provision(machine)

    assert (provision["method"], provision["suite"], provision["target"]) == ("native", "almalinux:8", "amd64")
    assert [(row["name"], row["version"], row["architecture"]) for row in provision["packages"]] == [
        ("alsa-lib", "1.2.10-2.el8", "x86_64"),
        ("alsa-lib-devel", "1.2.10-2.el8", "x86_64"),
        ("dbus-devel", "1:1.12.8-26.el8", "x86_64"),
        ("dbus-libs", "1:1.12.8-26.el8", "x86_64"),
    ]
    alsa, dbus = provision["libraries"]
    assert (alsa["modules"], dbus["modules"]) == ({"alsa": "1.2.10"}, {"dbus-1": "1.12.8"})
    assert alsa["floor_file"] == "libasound.so.2: GLIBC_2.2.5"
    assert (alsa["linked"], dbus["linked"]) == (True, True)


def test_no_view_is_left_and_the_variables_say_nothing_of_one(machine: Box) -> None:
    assert machine.run("ls ~/.xprov/amd64").expect().stdout.split() == ["env", "environment.json", "provision.json"]
    assert machine.run("xprov env x86_64").expect().stdout.strip() == ""


def test_a_second_setup_asks_no_host(machine: Box) -> None:
    unreachable = f"sed -i 's,file:///srv/packages,http://127.0.0.1:9/x,' {REPOSITORY}; rm -rf /var/cache/dnf"

    said = machine.run(f"{unreachable}; {SETUP} --method native").expect()

    assert "Installed already: pkgconfig(alsa) pkgconfig(dbus-1)" in said.stderr


def test_a_dry_run_names_what_is_asked_for_and_installs_nothing(unchanged: Box) -> None:
    plan = json.loads(unchanged.run(f"{SETUP} --dry-run --json").expect().stdout)

    assert (plan["method"], plan["packages"], plan["suite"]) == ("native", PACKAGES, "almalinux:8")
    assert plan["obstacles"] == []


def test_a_library_that_no_repository_has_is_named_with_its_module_and_where_else_to_look(unchanged: Box) -> None:
    command = f"{NOTHING}\nxprov --recipes /tmp/own setup x86_64 alsa nothing --method native"

    said = unchanged.run(command).expect(5)

    assert "almalinux:8 lacks nothing (no package provides pkgconfig(nothing-1.0))" in said.stderr
    assert "alsa (" not in said.stderr
    assert "--set-enabled powertools" in said.stderr
    assert "epel-release" in said.stderr


def test_what_the_own_packages_lack_comes_from_a_suite_that_fits(unchanged: Box) -> None:
    setup = f"XPROV_HOME=/tmp/else xprov setup x86_64 zlib --glibc 2.31 --mirror {find_mirror().archive}"

    said = unchanged.run(f"{setup} && cat /tmp/else/amd64/provision.json").expect()

    assert "almalinux:8 lacks zlib (no package provides pkgconfig(zlib))" in said.stderr
    assert "going on with method sysroot" in said.stderr
    provision = json.loads(said.stdout)
    assert provision["method"] == "sysroot"
    assert provision["suite"].startswith("debian:")


def test_hosts_that_do_not_answer_are_a_matter_of_the_network(unchanged: Box) -> None:
    command = f"sed -i 's,file:///srv/packages,http://127.0.0.1:9/x,' {REPOSITORY}; {SETUP} --method native"

    said = unchanged.run(command).expect(3)

    assert "dnf could not reach the package hosts" in said.stderr
    assert "http://127.0.0.1:9/x/repodata/repomd.xml" in said.stderr


def test_of_a_centos_whose_mirrors_are_gone_the_vault_is_asked_and_its_files_stay(
    rpm_image: RpmImage, wheelhouse: Path
) -> None:
    with started(rpm_image(), mounts={wheelhouse: PLACE}) as box:
        box.run(INSTALL).expect()

        said = box.run(f"{CENTOS} {SETUP}; code=$?; kill $vault; exit $code").expect()

        assert "CentOS's mirrors are gone: dnf asks vault.centos.org" in said.stderr
        assert "GET /centos/8/os/x86_64/" in box.run("cat /tmp/vault.log").stdout
        assert "mirrorlist.centos.org" in box.run("cat /etc/yum.repos.d/CentOS-Base.repo").stdout
        assert box.run("ls -d /tmp/xprov-*").stdout == ""


def test_packages_that_somebody_else_signed_are_refused(unchanged: Box) -> None:
    command = f"rm -rf /var/cache/dnf; sed -i 's/packager.asc/stranger.asc/' {REPOSITORY}; {SETUP}; code=$?"

    # dnf trusts a repository's key before it sees that it is the wrong one.
    said = unchanged.run(f"{command}; rpm --erase gpg-pubkey; exit $code").expect(4)

    assert "dnf refuses what it fetched" in said.stderr
    assert "Public key for alsa-lib" in said.stderr
    assert "gpgkey" in said.stderr[said.stderr.index("hint:") :]


def test_without_root_nothing_is_tried(unchanged: Box) -> None:
    command = f"setpriv --reuid 1000 --clear-groups env HOME=/tmp/home {SETUP}"

    said = unchanged.run(command).expect(1)

    assert "only root can have dnf install packages" in said.stderr
    assert "--method sysroot" in said.stderr
