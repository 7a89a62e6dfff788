"""What `xprov setup` says when the machine is not fit for it, and what it leaves behind: nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.conftest import CrossImage
from tests.integration.containers import Box, started
from tests.integration.wheelhouse import INSTALL, PLACE

pytestmark = [pytest.mark.docker, pytest.mark.archive]

# Everything that xprov may touch outside its own home.
SNAPSHOT = "find /etc/apt /var/lib/dpkg/arch -type f | sort | xargs sha256sum; dpkg --print-foreign-architectures"
# Docker gives a container 64 MB there; what is left after this is less than a package list.
FILL = "head -c 64M /dev/zero > /dev/shm/full 2>/dev/null; truncate -s -200K /dev/shm/full"
HOLD = """
perl -MFcntl -e 'open F, ">>", $ARGV[0]; my $lock = pack("s s l! l! i", F_WRLCK, 0, 0, 0, 0);
fcntl(F, F_SETLK, $lock) or die $!; sleep $ARGV[1]' %s %d > /dev/null 2>&1 &
sleep 1
"""


@pytest.fixture(scope="module")
def machine(plain_image: CrossImage, wheelhouse: Path) -> Iterator[Box]:
    """Return one container for all: a test that leaves something behind breaks the next one."""
    with started(plain_image("armhf"), mounts={wheelhouse: PLACE}) as box:
        box.run(INSTALL).expect()
        yield box


@pytest.fixture
def unchanged(machine: Box) -> Iterator[Box]:
    """Return the machine, and see that apt and dpkg are as before in the end, and that no target is provisioned."""
    before = machine.run(SNAPSHOT).expect().stdout
    yield machine
    assert machine.run(SNAPSHOT).expect().stdout == before
    machine.run("test ! -e ~/.xprov/s390x && xprov undo s390x").expect(2)


SETUP = "xprov setup s390x alsa"
BY_APT = f"{SETUP} --method multiarch"


def test_a_user_who_is_not_root_is_told_so_where_apt_was_asked_for(unchanged: Box) -> None:
    said = unchanged.run(f"useradd -m somebody; su somebody -c '{BY_APT}'").expect(1)

    assert "only root" in said.stderr
    assert "hint: `--method sysroot` needs no root" in said.stderr


def test_a_user_who_is_not_root_gets_a_sysroot_and_the_reason(unchanged: Box) -> None:
    said = unchanged.run(
        f"useradd -m usual; su usual -c '{SETUP} && . ~/.xprov/env && $PKG_CONFIG_s390x_unknown_linux_gnu --libs alsa'"
    ).expect()

    assert "method sysroot: only root can have apt install packages" in said.stderr
    assert "-lasound" in said.stdout


def test_a_user_who_is_not_root_can_still_see_the_plan(unchanged: Box) -> None:
    said = unchanged.run(f"useradd -m other; su other -c '{BY_APT} --dry-run'").expect(0)

    assert "+++ /etc/apt/sources.list.d/xprov-s390x.sources" in said.stdout
    assert "libasound2-dev:s390x" in said.stdout
    assert "PKG_CONFIG_s390x_unknown_linux_gnu=" in said.stdout
    assert "cannot be carried out here: only root" in said.stderr


@pytest.mark.parametrize(
    ("command", "status", "told"),
    [(BY_APT, 6, "there is no apt for xprov to work with"), (SETUP, 0, "method sysroot: Debian GNU/Linux 12")],
)
def test_without_apt_it_is_named_when_asked_for_and_not_needed_otherwise(
    unchanged: Box, command: str, status: int, told: str
) -> None:
    said = unchanged.run(
        "mkdir -p /only && ln -sf /usr/bin/python3 /usr/bin/env /only/ && export XPROV_HOME=/tmp/without-apt && "
        f"xprov=$(command -v xprov) && PATH=/only $xprov {command.removeprefix('xprov ')}"
    ).expect(status)

    assert told in said.stderr


@pytest.mark.parametrize(
    ("command", "hint"), [(BY_APT, "--mirror"), (f"{SETUP} --suite debian:bookworm", "http_proxy")]
)
def test_without_a_network_no_host_is_blamed_for_having_nothing(unchanged: Box, command: str, hint: str) -> None:
    said = unchanged.run(f"XDG_CACHE_HOME=/tmp/empty http_proxy=http://127.0.0.1:9 {command}").expect(3)

    assert "did not answer" in said.stderr
    assert hint in said.stderr[said.stderr.index("hint:") :]


def test_a_lock_that_stays_taken_is_named_with_its_holder(unchanged: Box) -> None:
    hold = HOLD % ("/var/lib/dpkg/lock-frontend", 600)
    # The user's own patience counts.
    patience = "echo 'DPkg::Lock::Timeout \"2\";' > /tmp/patience; export APT_CONFIG=/tmp/patience\n"

    said = unchanged.run(f"{patience}{hold}{BY_APT}; code=$?; kill %1; exit $code").expect(1)

    assert "Waiting for process" in said.stderr
    assert "`/var/lib/dpkg/lock-frontend` is locked by process" in said.stderr
    assert "(perl)" in said.stderr


def test_a_full_disk_for_packages_is_told(unchanged: Box) -> None:
    conf = "mkdir -p /dev/shm/a/partial; echo 'Dir::Cache::archives \"/dev/shm/a\";' > /tmp/full"

    said = unchanged.run(
        f"{conf}; {FILL}; APT_CONFIG=/tmp/full {BY_APT}; code=$?; rm -r /dev/shm/*; exit $code"
    ).expect(1)

    assert "the disk is full" in said.stderr
    assert "hint:" in said.stderr


def test_a_full_disk_for_the_view_leaves_no_half_of_it(machine: Box) -> None:
    said = machine.run(f"{FILL}; XPROV_HOME=/dev/shm/home {BY_APT}; code=$?; ls -A /dev/shm/home; exit $code").expect(1)
    machine.run("rm -r /dev/shm/*; xprov undo --packages").expect()

    assert "no space is left" in said.stderr
    assert said.stdout.split() == [".lock"]


@pytest.mark.parametrize("signal", ["INT", "TERM"])
def test_an_interrupted_setup_puts_apt_back(unchanged: Box, signal: str) -> None:
    said = unchanged.run(
        # What an earlier run said is no sign. A shell has its background jobs ignore SIGINT.
        f"rm -f /tmp/said; touch /tmp/said; env --default-signal=INT {BY_APT} 2> /tmp/said & setup=$!\n"
        "until grep -q '^Reading the package lists' /tmp/said || ! kill -0 $setup; do sleep 0.1; done\n"
        f"kill -{signal} $setup; wait $setup; code=$?; cat /tmp/said >&2; exit $code"
    ).expect(130)

    assert "interrupted" in said.stderr


def test_a_package_that_the_archive_lacks_is_named_and_all_is_put_back(unchanged: Box) -> None:
    recipe = 'library = "nothing"\\nsummary = "x"\\npackages.debian = ["libnothing-dev"]\\n'
    check = '[check]\\nheader = "x.h"\\nsymbol = "x"\\nlink = ["x"]\\n'

    said = unchanged.run(
        f"mkdir -p /tmp/own && printf '{recipe}{check}' > /tmp/own/nothing.toml && "
        "xprov setup s390x nothing --method multiarch --recipes /tmp/own"
    ).expect(5)

    assert "the archive has no package `libnothing-dev:s390x`" in said.stderr


def test_a_package_that_would_evict_the_native_one_is_refused_with_both_names(unchanged: Box) -> None:
    recipe = 'library = "pq"\\nsummary = "x"\\npackages.debian = ["libpq-dev"]\\n'
    check = '[check]\\nheader = "postgresql/libpq-fe.h"\\nsymbol = "PQconnectdb"\\nlink = ["pq"]\\n'
    unchanged.run("apt-get update && apt-get install -y --no-install-recommends libpq-dev").expect()

    said = unchanged.run(
        f"mkdir -p /tmp/pq && printf '{recipe}{check}' > /tmp/pq/pq.toml && "
        "xprov setup s390x pq --method multiarch --recipes /tmp/pq"
    ).expect(5)

    assert "would remove `libpq-dev:amd64`" in said.stderr
    assert "libpq-dev:s390x" in said.stderr
    unchanged.run("dpkg -s libpq-dev:amd64").expect()

    instead = unchanged.run("XPROV_HOME=/tmp/pq-home xprov setup s390x pq --recipes /tmp/pq").expect()
    assert "apt would remove `libpq-dev:amd64`" in instead.stderr
    assert "going on with method sysroot with debian:bookworm" in instead.stderr
    unchanged.run("dpkg -s libpq-dev:amd64").expect()
