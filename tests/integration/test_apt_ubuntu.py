"""An archive in Ubuntu's layout, made here, signed, on loopback; the real apt of a container uses what xprov writes.

One host has amd64 and i386, another one the rest; both carry one Release that lists all, and answer 404 for what the
other one has. xprov's functions work from outside on the container's /etc/apt; apt and dpkg run inside.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from docker.models.containers import Container
from tests.archive_builder import Package, Server, SigningKey, Suite, publish, serve, write_suite
from tests.integration.apt_output import NOT_FOUND, complaints
from tests.integration.containers import LABEL, engine
from tests.integration.images import bare_image

from xprov.apt.apply import apply, undo
from xprov.apt.decide import SourcesRequest
from xprov.apt.plan import SourcesPlan, needed_files, open_questions, plan_sources
from xprov.apt.probe import Prober, gather
from xprov.apt.reach import Reach
from xprov.apt.sources import read_sources
from xprov.archive.suites import ArchiveHosts, Hosts

pytestmark = [pytest.mark.docker, pytest.mark.archive]

ARCHITECTURES = ("amd64", "i386", "armhf", "arm64")
NEAR, FAR = ("amd64", "i386"), ("armhf", "arm64")
KEYRING = "/etc/apt/keyrings/test.gpg"
OS_RELEASE = 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\nVERSION_CODENAME=jammy\n'
PLAIN = "-o APT::Color=0 -o Dpkg::Use-Pty=0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hosts4:
    """The hosts that are up: near architectures, far ones, old releases, and two third parties."""

    near: Server
    far: Server
    old: Server
    third: Server
    ppa: Server

    @property
    def archive(self) -> ArchiveHosts:
        return ArchiveHosts(
            distribution="ubuntu",
            origin="Ubuntu",
            host_suffix=".127.0.0.1",
            hosts=Hosts(main=self.near.uri, ports=self.far.uri, eol=self.old.uri),
            security_label=None,
            security=None,
        )

    @property
    def failed(self) -> list[str]:
        return [path for server in (self.near, self.far, self.old, self.third, self.ppa) for path in server.failed]

    def forget(self) -> None:
        """Start counting requests anew."""
        for server in (self.near, self.far, self.old, self.third, self.ppa):
            server.requests.clear()


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """A container whose /etc/apt is `root/etc/apt` here."""

    container: Container
    root: Path
    hosts: Hosts4

    @property
    def state(self) -> Path:
        return self.root / "state"

    def run(self, script: str) -> str:
        """Run `script` and return all that it wrote, standard error too."""
        result = self.container.exec_run(["bash", "-ec", script], environment={"DEBIAN_FRONTEND": "noninteractive"})
        # Not streamed, the output is bytes; the stubs know of both.
        text = cast("bytes", result.output).decode()
        assert result.exit_code == 0, text
        return text

    def plan(self, target: str, *, others: Sequence[str] = (), mirrors: Sequence[str] = ()) -> SourcesPlan:
        files = read_sources(self.root)
        request = SourcesRequest(
            target=target,
            native="amd64",
            others=tuple(others),
            mirrors=tuple(mirrors),
            root=self.root,
            archives=(self.hosts.archive,),
        )
        prober = Prober.of(Reach(), self.root)
        answers = gather(lambda known: open_questions(files, request, known), prober.answer)
        return plan_sources(files, request, answers)

    def set_up(self, target: str) -> SourcesPlan:
        """Rewrite the sources, add the architecture, and read what an install needs, as `xprov setup` does."""
        plan = self.plan(target)
        plan.check()
        apply(plan, self.state)
        self.run(f"dpkg --add-architecture {target}")
        self.hosts.forget()
        self.update_needed(plan)
        return plan

    def update_needed(self, plan: SourcesPlan) -> str:
        """Run `apt-get update` on what `needed_files` says. It must say nothing but good."""
        folder = self.root / f"needed-{plan.target}"
        folder.mkdir(mode=0o755)
        for name, content in needed_files(plan).items():
            (folder / name).write_bytes(content)
        said = self.run(
            f"apt-get update {PLAIN} -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=/mnt/{folder.name} "
            "-o APT::Get::List-Cleanup=0"
        )
        assert_clean(said)
        return said

    def update(self) -> str:
        return self.run(f"apt-get update {PLAIN}")

    def versions(self, name: str) -> dict[str, str]:
        """Return the installed versions of `name` by architecture."""
        lines = self.run(
            f"dpkg-query -W -f '${{Architecture}} ${{Version}} ${{db:Status-Status}}\\n' '{name}:*' || true"
        )
        rows = (line.split() for line in lines.splitlines())
        return {row[0]: row[1] for row in rows if row[-1] == "installed"}

    def snapshot(self) -> dict[str, str]:
        """Return a hash of every file below /etc/apt, with its mode and owner."""
        found = {}
        for path in sorted((self.root / "etc/apt").rglob("*")):
            status = path.lstat()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[str(path)] = f"{status.st_mode:o} {status.st_uid}:{status.st_gid} {content}"
        return found


def assert_clean(said: str) -> None:
    assert complaints(said) == [], said


def _libraries(version: str, architectures: Sequence[str] = ARCHITECTURES, name: str = "libhello") -> list[Package]:
    """Make a library and its development package, in the same version for every architecture."""
    found = []
    for architecture in architectures:
        found += [
            Package(
                name=name,
                version=version,
                architecture=architecture,
                fields={"Multi-Arch": "same"},
                files={f"usr/lib/{architecture}/{name}.so.1": version.encode()},
            ),
            Package(
                name=f"{name}-dev",
                version=version,
                architecture=architecture,
                fields={"Multi-Arch": "same", "Depends": f"{name} (= {version})"},
                files={f"usr/lib/{architecture}/{name}.so": b""},
            ),
        ]
    return found


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return SigningKey.make(tmp_path_factory.mktemp("key") / "home")


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory, key: SigningKey) -> Iterator[Hosts4]:
    folder = tmp_path_factory.mktemp("archive")
    whole, old = folder / "whole", folder / "old"
    universe = [
        Package(name="hello-tool", version="1.0", architecture=name, component="universe") for name in ARCHITECTURES
    ]
    components = ("main", "universe")
    write_suite(whole, Suite(name="jammy", packages=[*_libraries("1.0"), *universe], components=components), key)
    write_suite(whole, Suite(name="jammy-updates", packages=_libraries("1.1"), components=components), key)
    write_suite(whole, Suite(name="jammy-security", packages=_libraries("1.2"), components=components), key)
    gone = {"Valid-Until": "Sat, 01 Jan 2022 00:00:00 UTC"}
    write_suite(old, Suite(name="impish", packages=_libraries("0.9"), components=components, fields=gone), key)
    write_suite(old, Suite(name="impish-updates", packages=_libraries("0.9.1"), components=components), key)
    third = Suite(
        name="stable", packages=_libraries("3.0", ["amd64"], "libthird"), origin="Third", label="3", listed=["amd64"]
    )
    write_suite(folder / "third", third, key)
    ppa = Suite(name="jammy", packages=_libraries("5.0", name="libppa"), origin="LP-PPA-someone", label="PPA")
    write_suite(folder / "ppa", ppa, key)
    publish(whole, folder / "near", architectures=NEAR)
    publish(whole, folder / "far", architectures=FAR)
    with ExitStack() as stack:
        near, far, eol, other, personal = (
            stack.enter_context(serve(folder / name)) for name in ("near", "far", "old", "third", "ppa")
        )
        yield Hosts4(near=near, far=far, old=eol, third=other, ppa=personal)


@contextmanager
def _machine(
    root: Path, hosts: Hosts4, key: SigningKey, sources: Mapping[str, str], *, suite: str = "bookworm"
) -> Iterator[Machine]:
    for folder in ("sources.list.d", "keyrings", "preferences.d", "apt.conf.d", "trusted.gpg.d", "auth.conf.d"):
        (root / "etc/apt" / folder).mkdir(parents=True)
    (root / "etc/apt/keyrings/test.gpg").write_bytes(key.public)
    for name, text in sources.items():
        (root / "etc/apt" / name).write_bytes(text.encode())
    (root / "os-release").write_text(OS_RELEASE)
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    volumes = [f"{root}/etc/apt:/etc/apt", f"{root}:/mnt", f"{root}/os-release:/etc/os-release:ro"]
    with engine() as client:
        container = client.containers.run(
            bare_image(suite),
            ["sleep", "infinity"],
            detach=True,
            init=True,
            labels=[LABEL],
            network_mode="host",
            volumes=volumes,
        )
        try:
            yield Machine(container=container, root=root, hosts=hosts)
        finally:
            container.remove(force=True, v=True)


def _lines(hosts: Hosts4) -> str:
    return "".join(
        f"deb [signed-by={KEYRING}] {hosts.near.uri} {suite} main universe\n"
        for suite in ("jammy", "jammy-updates", "jammy-security")
    )


def test_without_xprov_apt_asks_the_wrong_host(tmp_path: Path, hosts: Hosts4, key: SigningKey) -> None:
    """What the rest is for: an entry without architectures is asked for every one, and the host has no armhf."""
    with _machine(tmp_path, hosts, key, {"sources.list": _lines(hosts)}) as machine:
        machine.run("dpkg --add-architecture armhf")
        result = machine.container.exec_run(["bash", "-c", f"apt-get update {PLAIN}"])

    assert NOT_FOUND in cast("bytes", result.output).decode()
    assert result.exit_code != 0


@pytest.mark.parametrize("suite", ["bullseye", "bookworm", "trixie"])
@pytest.mark.parametrize("style", ["sources.list", "sources.list.d/ubuntu.sources"])
def test_foreign_and_native_are_installed_in_step_and_undone_to_the_byte(
    tmp_path: Path, hosts: Hosts4, key: SigningKey, style: str, suite: str
) -> None:
    """The apt of three releases (2.2, 2.6, 3.0) has no complaint about either style."""
    text = _lines(hosts) if style.endswith("list") else _stanza(hosts, f"Signed-By: {KEYRING}")
    with _machine(tmp_path, hosts, key, {style: text}, suite=suite) as machine:
        before = machine.snapshot()

        plan = machine.set_up("armhf")
        assert hosts.failed == []
        said = machine.run(f"apt-get install -y --no-remove {PLAIN} libhello-dev:armhf libhello:amd64 hello-tool:armhf")
        assert machine.versions("libhello") == {"amd64": "1.2", "armhf": "1.2"}
        assert machine.versions("hello-tool") == {"armhf": "1.0"}
        assert_clean(said)
        assert_clean(machine.update())
        assert hosts.failed == []

        second = machine.plan("armhf")
        assert second.changes == ()
        assert plan.notes == second.notes

        undo(machine.state)
        assert machine.snapshot() == before


@pytest.mark.parametrize("suite", ["bullseye", "trixie"])
def test_nothing_is_said_of_a_key_that_the_user_did_not_name_either(
    tmp_path: Path, hosts: Hosts4, key: SigningKey, suite: str
) -> None:
    """From 2.9 on apt wants stanzas to name their key, and lines not to."""
    text = _lines(hosts).replace(f"[signed-by={KEYRING}] ", "")
    with _machine(tmp_path, hosts, key, {"sources.list": text}, suite=suite) as machine:
        (machine.root / "etc/apt/trusted.gpg.d/test.gpg").write_bytes(key.public)
        (machine.root / "etc/apt/trusted.gpg.d/test.gpg").chmod(0o644)
        before = [line for line in machine.update().splitlines() if line.startswith(("N:", "Notice:"))]
        machine.set_up("armhf")

        after = [line for line in machine.update().splitlines() if line.startswith(("N:", "Notice:"))]

        assert after == before
        machine.run(f"apt-get install -y --no-remove {PLAIN} libhello-dev:armhf")
        assert machine.versions("libhello") == {"armhf": "1.2"}


def test_a_list_of_mirrors_is_followed(tmp_path: Path, hosts: Hosts4, key: SigningKey) -> None:
    text = _lines(hosts).replace(hosts.near.uri, "mirror+file:/etc/apt/mirrors.txt")
    mirrors = f"{hosts.near.uri}/\tpriority:1\n{hosts.near.uri}/again/\tpriority:2\n"
    with _machine(tmp_path, hosts, key, {"sources.list": text, "mirrors.txt": mirrors}) as machine:
        machine.set_up("armhf")
        machine.run(f"apt-get install -y --no-remove {PLAIN} libhello-dev:armhf libhello:amd64")

        assert machine.versions("libhello") == {"amd64": "1.2", "armhf": "1.2"}


def test_one_index_without_architectures_serves_all_of_them(tmp_path: Path, hosts: Hosts4, key: SigningKey) -> None:
    """What the planner relies on when it writes no entry for a suite that is a path."""
    packages = (Package(name="flat-tool", version="7.0", architecture=name) for name in ("amd64", "armhf"))
    flat = "".join(f"{package.control}Filename: ./x.deb\nSize: 1\nSHA256: {'0' * 64}\n\n" for package in packages)
    sources = {"sources.list": _lines(hosts), "sources.list.d/flat.list": "deb [trusted=yes] file:/mnt/flat ./\n"}
    with _machine(tmp_path, hosts, key, sources) as machine:
        (tmp_path / "flat").mkdir(mode=0o755)
        (tmp_path / "flat/Packages").write_text(flat)
        machine.set_up("armhf")
        machine.run(f"apt-get update {PLAIN}")

        policy = machine.run("apt-cache policy flat-tool:amd64 flat-tool:armhf")

        assert policy.count("Candidate: 7.0") == 2


def test_a_native_package_is_raised_together_with_the_foreign_one(
    tmp_path: Path, hosts: Hosts4, key: SigningKey
) -> None:
    base = _lines(hosts).splitlines(keepends=True)[0]
    with _machine(tmp_path, hosts, key, {"sources.list": base}) as machine:
        machine.update()
        machine.run(f"apt-get install -y {PLAIN} libhello")
        assert machine.versions("libhello") == {"amd64": "1.0"}
        (machine.root / "etc/apt/sources.list").write_text(_lines(hosts))

        machine.set_up("armhf")
        said = machine.run(f"apt-get install -y --no-remove {PLAIN} libhello-dev:armhf")

        assert machine.versions("libhello") == {"amd64": "1.2", "armhf": "1.2"}
        assert NOT_FOUND not in said


def test_the_near_host_is_enough_for_i386(tmp_path: Path, hosts: Hosts4, key: SigningKey) -> None:
    with _machine(tmp_path, hosts, key, {"sources.list": _lines(hosts)}) as machine:
        plan = machine.set_up("i386")
        machine.run(f"apt-get install -y --no-remove {PLAIN} libhello-dev:i386")

        assert machine.versions("libhello") == {"i386": "1.2"}
        assert hosts.far.requests == []
        assert plan.notes == ()
        assert_clean(machine.update())


def test_two_targets_come_and_go_one_after_the_other(tmp_path: Path, hosts: Hosts4, key: SigningKey) -> None:
    with _machine(tmp_path, hosts, key, {"sources.list": _lines(hosts)}) as machine:
        before = machine.snapshot()
        machine.set_up("armhf")
        machine.set_up("arm64")
        assert_clean(machine.update())
        machine.run(f"apt-get install -y --no-remove {PLAIN} libhello-dev:armhf libhello-dev:arm64")
        assert machine.versions("libhello") == {"arm64": "1.2", "armhf": "1.2"}

        undo(machine.state, target="armhf")
        machine.run("dpkg --purge libhello-dev:armhf libhello:armhf && dpkg --remove-architecture armhf")
        assert_clean(machine.update())
        machine.run(f"apt-get install -y --no-remove {PLAIN} --reinstall libhello-dev:arm64")

        undo(machine.state, target="arm64")
        assert machine.snapshot() == before


def test_a_suite_that_moved_is_found_for_both_architectures(tmp_path: Path, hosts: Hosts4, key: SigningKey) -> None:
    text = _lines(hosts).replace("jammy", "impish").replace("impish-security main universe\n", "impish-security main\n")
    with _machine(tmp_path, hosts, key, {"sources.list": text}) as machine:
        before = machine.snapshot()

        plan = machine.set_up("armhf")
        said = machine.run(f"apt-get install -y --no-remove {PLAIN} libhello-dev:armhf libhello:amd64")

        assert machine.versions("libhello") == {"amd64": "0.9.1", "armhf": "0.9.1"}
        assert hosts.failed == []
        assert_clean(said)
        assert any("`impish`, `impish-updates`: amd64 is read from" in note for note in plan.notes)
        assert any("`impish-security` has no armhf" in note for note in plan.notes)
        undo(machine.state)
        assert machine.snapshot() == before


def test_third_parties_stay_native_or_come_along(tmp_path: Path, hosts: Hosts4, key: SigningKey) -> None:
    sources = {
        "sources.list": _lines(hosts),
        "sources.list.d/third.list": f"deb [signed-by={KEYRING}] {hosts.third.uri} stable main",
        "sources.list.d/ppa.sources": _stanza(hosts, f"Signed-By:{key.field}", uri=hosts.ppa.uri, suites="jammy"),
    }
    with _machine(tmp_path, hosts, key, sources) as machine:
        before = machine.snapshot()

        plan = machine.set_up("armhf")
        machine.run(f"apt-get install -y --no-remove {PLAIN} libppa-dev:armhf libppa:amd64")
        assert machine.versions("libppa") == {"amd64": "5.0", "armhf": "5.0"}
        assert_clean(machine.update())
        assert hosts.failed == []
        machine.run(f"apt-get install -y --no-remove {PLAIN} libthird")

        assert any(note.startswith(f"`{hosts.third.uri}` `stable` has no armhf") for note in plan.notes)
        undo(machine.state)
        assert machine.snapshot() == before


def test_lists_that_were_read_by_themselves_serve_a_plain_install(
    tmp_path: Path, hosts: Hosts4, key: SigningKey
) -> None:
    with _machine(tmp_path, hosts, key, {"sources.list": _lines(hosts)}) as machine:
        machine.set_up("armhf")
        hosts.forget()

        policy = machine.run("apt-cache policy libhello libhello:armhf")
        machine.run(f"apt-get install -y {PLAIN} libhello-dev:armhf")

        assert policy.count("Candidate: 1.2") == 2
        assert hosts.near.uri in policy
        assert hosts.far.uri in policy
        assert not [path for path, _ in (*hosts.near.requests, *hosts.far.requests) if "/dists/" in path]


def test_other_foreign_architectures_keep_their_entries(tmp_path: Path, hosts: Hosts4, key: SigningKey) -> None:
    with _machine(tmp_path, hosts, key, {"sources.list": _lines(hosts)}) as machine:
        machine.run("dpkg --add-architecture i386")
        plan = machine.plan("armhf", others=("i386",))
        apply(plan, machine.state)
        machine.run("dpkg --add-architecture armhf")

        assert_clean(machine.update())
        machine.run(f"apt-get install -y {PLAIN} libhello:i386 libhello:armhf")

        assert machine.versions("libhello") == {"armhf": "1.2", "i386": "1.2"}


def test_a_mirror_that_is_named_serves_what_no_other_does(tmp_path: Path, hosts: Hosts4, key: SigningKey) -> None:
    lines = _lines(hosts)
    alone = ArchiveHosts(
        distribution="ubuntu",
        origin="Ubuntu",
        host_suffix=".example.org",
        hosts=Hosts(main=hosts.near.uri, ports=None, eol=None),
        security_label=None,
        security=None,
    )
    with _machine(tmp_path, hosts, key, {"sources.list": lines}) as machine:
        files = read_sources(machine.root)
        request = SourcesRequest(
            target="armhf", native="amd64", mirrors=(hosts.far.uri,), root=machine.root, archives=(alone,)
        )
        answers = gather(lambda known: open_questions(files, request, known), Prober.of(Reach(), machine.root).answer)
        plan = plan_sources(files, request, answers)
        plan.check()
        apply(plan, machine.state)
        machine.run("dpkg --add-architecture armhf")

        assert_clean(machine.update())


def test_asking_takes_no_longer_than_a_person_waits(hosts: Hosts4, tmp_path: Path) -> None:
    (tmp_path / "etc/apt").mkdir(parents=True)
    (tmp_path / "etc/apt/sources.list").write_text(_lines(hosts))
    files = read_sources(tmp_path)
    request = SourcesRequest(target="armhf", native="amd64", root=tmp_path, archives=(hosts.archive,))
    hosts.forget()

    begun = time.monotonic()
    gather(lambda known: open_questions(files, request, known), Prober.of(Reach(), tmp_path).answer)

    assert time.monotonic() - begun < 5
    asked = [(server.uri, path) for server in (hosts.near, hosts.far) for path, _ in server.requests]
    assert len(asked) == len(set(asked))


def _stanza(hosts: Hosts4, field: str, *, uri: str = "", suites: str = "") -> str:
    return (
        f"# the archive\nTypes: deb\nURIs: {uri or hosts.near.uri}\n"
        f"Suites: {suites or 'jammy jammy-updates jammy-security'}\n# which parts\n"
        f"Components: {'main' if uri else 'main universe'}\n{field}"
    )
