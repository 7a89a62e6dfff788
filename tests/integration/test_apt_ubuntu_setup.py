"""`xprov setup` and `xprov undo` in a container that says it is Ubuntu, without a network of its own.

Its archives have the names of the real ones and are in the container itself: a host with amd64 and i386, a ports
host with the rest, a host of old releases. The library is compiled in there too.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.archive_builder import Package, SigningKey, Suite, publish, write_suite
from tests.integration.apt_output import complaints
from tests.integration.containers import LABEL, Box, Finished, engine
from tests.integration.images import plain_image
from tests.integration.wheelhouse import INSTALL, PLACE, fill_wheelhouse

pytestmark = [pytest.mark.docker, pytest.mark.archive]

HOSTS = {"archive.ubuntu.com": "127.0.0.11", "ports.ubuntu.com": "127.0.0.12", "old-releases.ubuntu.com": "127.0.0.13"}
FOLDERS = {"archive.ubuntu.com": "near", "ports.ubuntu.com": "far", "old-releases.ubuntu.com": "old"}
TRIPLETS = {"amd64": "x86_64-linux-gnu", "armhf": "arm-linux-gnueabihf"}
ARCHITECTURES = ("amd64", "i386", "armhf")
RECIPE = """
library = "hello"
summary = "A library of a test"
modules = ["hello"]

[packages]
debian = ["libhello-dev"]

[check]
header = "hello.h"
symbol = "hello"
link = ["hello"]
"""
# What counts is that apt and xprov see Ubuntu; the rest of the container is Debian trixie, whose glibc this suite has.
OS_RELEASE = 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="25.04"\nVERSION_CODENAME={suite}\n'
SNAPSHOT = "cd /etc/apt && find . -printf '%p %m %U:%G %y\\n' | sort && find . -type f -exec sha256sum {} + | sort"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ubuntu:
    """A container, and the folder of its archives as seen from here."""

    box: Box
    folder: Path
    key: SigningKey

    def write(self, suites: Sequence[Suite], *, old: Sequence[Suite] = ()) -> None:
        """Fill the archives' hosts."""
        for suite in suites:
            write_suite(self.folder / "whole", suite, self.key)
        for suite in old:
            write_suite(self.folder / "old/ubuntu", suite, self.key)
        publish(self.folder / "whole", self.folder / "near/ubuntu", architectures=("amd64", "i386"))
        publish(self.folder / "whole", self.folder / "far/ubuntu-ports", architectures=("armhf",))

    def use(self, suite: str, sources: str) -> None:
        """Make the container one of `suite` that reads `sources` and nothing else."""
        self.run(f"rm -f /etc/apt/sources.list.d/* && cat > /etc/apt/sources.list << 'END'\n{sources}END")
        self.run(f"cat > /usr/lib/os-release << 'END'\n{OS_RELEASE.format(suite=suite)}END")

    def run(self, script: str) -> Finished:
        return self.box.run(f"set -e\n{script}").expect()

    def snapshot(self) -> str:
        return self.run(SNAPSHOT).stdout

    def versions(self, name: str) -> Mapping[str, str]:
        rows = self.run(f"dpkg-query -W -f '${{Architecture}} ${{Version}}\\n' '{name}:*' || true").stdout.splitlines()
        return dict(row.split(" ", 1) for row in rows if not row.endswith(" "))


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill_wheelhouse(tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def ubuntu(tmp_path: Path, wheels: Path) -> Iterator[Ubuntu]:
    tmp_path.chmod(0o755)
    for name in FOLDERS.values():
        (tmp_path / name).mkdir()
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes/hello.toml").write_text(RECIPE)
    key = SigningKey.make(tmp_path / "key")
    (tmp_path / "test.gpg").write_bytes(key.public)
    with _container({tmp_path: "/srv/test", wheels: PLACE}) as box:
        machine = Ubuntu(box=box, folder=tmp_path, key=key)
        machine.run(INSTALL)
        machine.run("install -D -m 644 /srv/test/test.gpg /etc/apt/keyrings/test.gpg")
        for host, address in HOSTS.items():
            machine.run(
                f"python3 -m http.server 80 --bind {address} --directory /srv/test/{FOLDERS[host]} "
                f"> /dev/null 2> /srv/test/{FOLDERS[host]}.log &"
            )
        yield machine


@contextmanager
def _container(mounts: Mapping[Path, str]) -> Iterator[Box]:
    with engine() as client:
        container = client.containers.run(
            plain_image("armhf"),
            ["sleep", "infinity"],
            detach=True,
            init=True,
            labels=[LABEL],
            network_mode="none",
            extra_hosts=HOSTS,
            volumes=[f"{source}:{place}" for source, place in mounts.items()],
        )
        try:
            yield Box(container=container)
        finally:
            container.remove(force=True, v=True)


def _libraries(machine: Ubuntu, version: str) -> list[Package]:
    """Compile the library, and package it with a development package for each architecture."""
    found = []
    machine.run("mkdir -p /srv/test/built && echo 'int hello(void) { return 42; }' > /srv/test/built/hello.c")
    for architecture in ARCHITECTURES:
        triplet = TRIPLETS.get(architecture, "i386-linux-gnu")
        program = b""
        if architecture in TRIPLETS:
            library = f"/srv/test/built/{architecture}.so"
            machine.run(f"{triplet}-gcc -shared -fPIC -Wl,-soname,libhello.so.1 -o {library} /srv/test/built/hello.c")
            program = (machine.folder / f"built/{architecture}.so").read_bytes()
        pc = f"Name: hello\nDescription: hello\nVersion: {version}\nLibs: -lhello\nCflags: -I/usr/include/{triplet}\n"
        found += [
            Package(
                name="libhello1",
                version=version,
                architecture=architecture,
                fields={"Multi-Arch": "same"},
                files={f"usr/lib/{triplet}/libhello.so.1": program},
            ),
            Package(
                name="libhello-dev",
                version=version,
                architecture=architecture,
                fields={"Multi-Arch": "same", "Depends": f"libhello1 (= {version})"},
                files={
                    f"usr/lib/{triplet}/libhello.so": program,
                    f"usr/lib/{triplet}/pkgconfig/hello.pc": pc.encode(),
                    f"usr/include/{triplet}/hello.h": b"int hello(void);\n",
                },
            ),
        ]
    return found


def _lines(suite: str) -> str:
    option = "[signed-by=/etc/apt/keyrings/test.gpg]"
    names = (suite, f"{suite}-updates", f"{suite}-security")
    return "".join(f"deb {option} http://archive.ubuntu.com/ubuntu {name} main universe\n" for name in names)


def _suites(name: str, packages: Sequence[Package], newer: Sequence[Package]) -> list[Suite]:
    pairs = ((name, packages), (f"{name}-updates", newer), (f"{name}-security", ()))
    return [
        Suite(name=suite, packages=listed, listed=ARCHITECTURES, components=("main", "universe"))
        for suite, listed in pairs
    ]


SETUP = "xprov -v --recipes /srv/test/recipes setup armhf hello --method multiarch"


def test_setup_uses_both_hosts_raises_both_sides_and_can_be_undone(ubuntu: Ubuntu) -> None:
    ubuntu.write(_suites("plucky", _libraries(ubuntu, "1.0"), _libraries(ubuntu, "1.1")))
    ubuntu.use("plucky", _lines("plucky").splitlines(keepends=True)[0].replace("[", "[arch=amd64 "))
    ubuntu.run("apt-get update && apt-get install -y libhello1")
    assert ubuntu.versions("libhello1") == {"amd64": "1.0"}
    ubuntu.use("plucky", _lines("plucky"))
    before = ubuntu.snapshot()

    said = ubuntu.run(SETUP)

    assert complaints(said.stdout + said.stderr) == []
    assert "ports.ubuntu.com" in said.stderr
    assert "Raising `libhello1:amd64` from 1.0 to 1.1" in said.stderr
    assert ubuntu.versions("libhello1") == {"amd64": "1.1", "armhf": "1.1"}
    update = ubuntu.run("apt-get update")
    assert complaints(update.stdout + update.stderr) == []
    assert ubuntu.snapshot() != before

    flags = ubuntu.run('. "$HOME/.xprov/env" && "$PKG_CONFIG_armv7_unknown_linux_gnueabihf" --libs hello').stdout
    assert "-lhello" in flags

    ubuntu.run("xprov undo armhf --packages")
    assert ubuntu.snapshot() == before
    assert ubuntu.versions("libhello1") == {"amd64": "1.1"}


def test_setup_finds_a_suite_that_moved(ubuntu: Ubuntu) -> None:
    packages = _libraries(ubuntu, "1.0")
    ubuntu.write([], old=_suites("plucky", packages, ()))
    ubuntu.use("plucky", _lines("plucky"))
    before = ubuntu.snapshot()

    said = ubuntu.run(SETUP)

    assert complaints(said.stdout + said.stderr) == []
    assert "old-releases.ubuntu.com" in said.stderr
    assert ubuntu.versions("libhello-dev") == {"armhf": "1.0"}
    ubuntu.run("xprov undo --packages")
    assert ubuntu.snapshot() == before


def test_a_dry_run_shows_the_files_and_changes_nothing(ubuntu: Ubuntu) -> None:
    ubuntu.write(_suites("plucky", _libraries(ubuntu, "1.0"), ()))
    ubuntu.use("plucky", _lines("plucky"))
    before = ubuntu.snapshot()

    said = ubuntu.run(f"{SETUP} --dry-run")

    assert (
        "+deb [arch=amd64 signed-by=/etc/apt/keyrings/test.gpg] http://archive.ubuntu.com/ubuntu plucky" in said.stdout
    )
    own = textwrap.indent("URIs: http://ports.ubuntu.com/ubuntu-ports\nSuites: plucky plucky-updates", "+")
    assert own in said.stdout
    assert ubuntu.snapshot() == before


def test_a_broken_entry_is_named_with_its_line(ubuntu: Ubuntu) -> None:
    ubuntu.use("plucky", f"{_lines('plucky')}deb http://archive.ubuntu.com/ubuntu\n")
    before = ubuntu.snapshot()

    said = ubuntu.box.run(SETUP).expect(2)

    assert "`/etc/apt/sources.list`, line 4: there is no suite" in said.stderr
    assert ubuntu.snapshot() == before


def test_without_an_answer_of_any_host_it_is_the_network(ubuntu: Ubuntu) -> None:
    ubuntu.use("plucky", _lines("plucky").replace("archive.ubuntu.com", "gone.ubuntu.com"))
    ubuntu.run("echo 127.0.0.1 localhost > /etc/hosts")
    before = ubuntu.snapshot()

    said = ubuntu.box.run(SETUP).expect(3)

    assert "plucky" in said.stderr
    assert ubuntu.snapshot() == before
