"""The hosts that suites come from: apt's own sources, mirrors of every layout that Debian and Ubuntu have had."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from tests.archive_builder import SigningKey, Suite
from tests.integration.faulty import Mirror, Reply, serve_mirror, status, whole
from tests.integration.small_archive import (
    BASE,
    World,
    index_of,
    library,
    parts,
    special_key,
    suite,
    swap_indices,
)

from xprov.apt.entry import Entry, SourcesFile
from xprov.apt.sources import parse
from xprov.archive.client import Reading, open_suite
from xprov.archive.fetch import Download, fetch
from xprov.archive.locations import Access
from xprov.archive.resolution import resolve_in
from xprov.archive.suites import find_suite
from xprov.cache import Cache
from xprov.errors import NetworkError, VerificationError
from xprov.net import Bounds, Client
from xprov.target import find_target

pytestmark = pytest.mark.skipif(
    not (shutil.which("gpg") and shutil.which("dpkg-deb")), reason="no gpg and dpkg-deb to build an archive with"
)

SECURITY = f"{BASE}-security"
# Ubuntu up to 18.04 is signed by a key whose signature upon itself has SHA-1: only gpgv takes it.
OLD = ("cert-digest-algo SHA1", "allow-weak-digest-algos", "digest-algo SHA512")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return SigningKey.make(tmp_path_factory.mktemp("keys") / "archive")


@pytest.fixture(scope="module")
def old_key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return special_key(tmp_path_factory.mktemp("keys") / "old", options=OLD)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serve_mirror() as served:
        yield served


@pytest.fixture
def world(tmp_path: Path, key: SigningKey, mirror: Mirror) -> World:
    return World(folder=tmp_path, mirror=mirror, key=key)


def entries(*lines: str, name: str = "test.list") -> tuple[Entry, ...]:
    """Return what apt's sources say, in either style."""
    text = "\n".join(lines) + "\n"
    return parse(SourcesFile(path=Path("/etc/apt/sources.list.d", name), content=text.encode()))


class Read:
    """What a suite has, read as on a machine whose apt has the sources `own`."""

    def __init__(self, world: World, own: Sequence[Entry], *, suite: str = "ubuntu:focal", **access: Any) -> None:  # noqa: ANN401
        self.warnings: list[str] = []
        reading = Reading(
            access=Access(**access),
            own=tuple(own),
            host_suite=suite,
            cache=Cache(path=world.cache),
            now=datetime.now(timezone.utc),
            warn=self.warnings.append,
            progress=lambda _text: None,
            bounds=Bounds(waits=(0.01,)),
        )
        known = find_suite(*suite.split(":"))
        assert known
        with (
            patch.dict("os.environ", world.environ, clear=True),
            reading.cache.used(lambda: None),
            open_suite(known, find_target("armhf"), reading) as opened,
        ):
            self.parts = [part.part.name for part in opened.parts]
            self.hosts = {part.location.uri for part in opened.parts}
            found = opened.archive.look_up("libfoo-dev")
            self.version = found[0].package.version if found else None
            self.packages = resolve_in(opened, ["libfoo-dev"], "armhf", stop=lambda _name: False).packages


def test_own_sources_are_asked_with_the_keys_that_they_name(world: World, tmp_path: Path) -> None:
    world.publish(*parts("focal"))
    (tmp_path / "own.pgp").write_bytes(world.key.public)
    uri = world.mirror.url(BASE)

    by_file = Read(world, entries(f"deb [signed-by={tmp_path}/own.pgp] {uri} focal main"))
    inline = f"Types: deb\nURIs: {uri}/\nSuites: focal focal-updates\nComponents: main\nSigned-By:{world.key.field}"
    by_stanza = Read(world, entries(inline, name="test.sources"))

    for read in (by_file, by_stanza):
        assert (read.version, read.warnings, read.hosts) == ("1.0", [], {uri})
        assert read.parts == ["focal", "focal-updates", "focal-security"]


def test_keys_of_one_source_do_not_count_for_another(world: World, tmp_path: Path) -> None:
    world.publish(*parts("focal"))
    world.publish(*parts("focal", "9.0"), base="/other", key=SigningKey.make(tmp_path / "other"))
    (tmp_path / "own.pgp").write_bytes(world.key.public)
    own = [f"deb [signed-by={tmp_path}/own.pgp] {world.mirror.url(base)} focal main" for base in ("/other", BASE)]

    read = Read(world, entries(*own))

    assert (read.version, read.hosts) == ("1.0", {world.mirror.url(BASE)})


def test_malicious_mirror_another_source_that_is_right_is_used_and_said(world: World, tmp_path: Path) -> None:
    world.publish(*parts("focal", "9.0"))
    forms = swap_indices(world, "focal", index_of(world, "focal").replace(b"libfoo1", b"libevil"))
    world.publish(*parts("focal"), base="/right")
    (tmp_path / "own.pgp").write_bytes(world.key.public)
    own = [f"deb [signed-by={tmp_path}/own.pgp] {world.mirror.url(base)} focal main" for base in (BASE, "/right")]

    read = Read(world, entries(*own))

    assert read.version == "1.0"
    (warning,) = read.warnings
    assert "`focal/main/binary-armhf/Packages.gz` is not what the archive says it is" in warning
    assert f"going on with `{world.mirror.url('/right')}`" in warning
    assert [path for form in forms for path in world.holds(form)] == []


@pytest.mark.parametrize("trouble", [status(404), status(503), whole(b"another file")])
def test_a_package_that_one_host_has_not_comes_from_another(world: World, tmp_path: Path, trouble: Reply) -> None:
    world.publish(*parts("focal"))
    copy_archive(world, "/right")
    (tmp_path / "own.pgp").write_bytes(world.key.public)
    own = [f"deb [signed-by={tmp_path}/own.pgp] {world.mirror.url(base)} focal main" for base in (BASE, "/right")]
    for path in [path for path in world.mirror.files if path.startswith(BASE) and path.endswith(".deb")]:
        world.mirror.script[path] = [trouble] * 9

    wanted = [
        Download(urls=package.urls, sha256=package.sha256, size=package.size, name=package.described)
        for package in Read(world, entries(*own)).packages
    ]

    with patch.dict("os.environ", world.environ, clear=True):
        fetch(wanted, tmp_path / "debs", suffix=".deb", client=Client(bounds=Bounds(waits=(0.01,))))
    assert len(list((tmp_path / "debs").glob("*.deb"))) == len(wanted) == 3


def test_a_source_that_does_not_answer_is_passed_over(world: World, tmp_path: Path) -> None:
    world.publish(*parts("focal"))
    (tmp_path / "own.pgp").write_bytes(world.key.public)
    own = [
        f"deb [signed-by={tmp_path}/own.pgp] {base} focal main"
        for base in ("http://127.0.0.1:9/x", world.mirror.url(BASE))
    ]

    read = Read(world, entries(*own))

    assert read.version == "1.0"


THIRD_PARTIES = (
    "deb {third} focal main",
    "deb [signed-by=/no/such/file.pgp] {third} focal main",
    "deb [signed-by={folder}/garbage.pgp] {third} focal main",
    "deb [signed-by={folder}/third.pgp] {third} focal main",
    "deb [signed-by={folder}/third.pgp] {third} focal stable",
    "deb [trusted=yes] {third}/flat ./",
    "deb cdrom:[Disc]/ focal main",
    "deb mirror+http://127.0.0.1:9/list focal main",
    "deb-src {third} focal main",
    "deb http://127.0.0.1:9/$(ARCH) jammy main",
)


@pytest.mark.parametrize("line", THIRD_PARTIES)
def test_entries_of_third_parties_break_nothing_and_give_nothing(
    world: World, tmp_path: Path, stranger: SigningKey, line: str
) -> None:
    world.publish(*parts("focal"))
    world.publish(*parts("focal", "9.0", origin="Somebody"), base="/third", key=stranger)
    (tmp_path / "third.pgp").write_bytes(stranger.public)
    (tmp_path / "garbage.pgp").write_bytes(b"no key at all")
    (tmp_path / "own.pgp").write_bytes(world.key.public)
    own = f"deb [signed-by={tmp_path}/own.pgp] {world.mirror.url(BASE)} focal main"
    third = line.format(third=world.mirror.url("/third"), folder=tmp_path)

    read = Read(world, entries(third, own))

    assert (read.version, read.hosts, read.warnings) == ("1.0", {world.mirror.url(BASE)}, [])


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return SigningKey.make(tmp_path_factory.mktemp("keys") / "stranger")


def test_a_keyring_counts_for_the_mirror_that_it_is_named_with_alone(
    world: World, tmp_path: Path, stranger: SigningKey
) -> None:
    world.publish(*parts("focal"), key=stranger)
    (tmp_path / "named.pgp").write_bytes(stranger.public)
    own = entries(f"deb {world.mirror.url(BASE)} focal main")

    # Nobody else answers: what is built in is behind a proxy that is dead.
    with pytest.raises(NetworkError):
        Read(world, own, keyring=tmp_path / "named.pgp")

    assert Read(world, (), mirror=world.mirror.url(BASE), keyring=tmp_path / "named.pgp").version == "1.0"
    with pytest.raises(VerificationError, match="which is not among"):
        Read(world, (), mirror=world.mirror.url(BASE))


def debian(name: str, version: str, **fields: str) -> Suite:
    return suite(name, library(version), origin="Debian", label="Debian", fields=fields)


def security_of(name: str, version: str, **fields: str) -> Suite:
    """Return a suite of Debian's security archive: its component has a prefix, the paths have none."""
    fields = {"Components": "updates/main updates/contrib", "Valid-Until": "Sat, 11 Jul 2048 10:16:37 UTC", **fields}
    return suite(name, library(version), origin="Debian", label="Debian-Security", fields=fields)


def test_debians_security_updates_come_from_the_archive_beside_the_mirror(world: World) -> None:
    updates = debian("bullseye-updates", "0.9", Suite="oldstable-updates", Codename="bullseye-updates")
    world.publish(debian("bullseye", "1.0", Suite="oldstable", Codename="bullseye"), updates)
    security = security_of("bullseye-security", "1.0+deb11u1", Suite="oldstable-security", Codename="bullseye-security")
    world.publish(security, base=SECURITY)

    ran = world.setup("--suite", "debian:bullseye")

    assert ran.code == 0, ran.err
    assert "going on without" not in ran.err
    assert world.versions["libfoo-dev"] == "1.0+deb11u1"


def test_the_old_name_of_debians_security_archive_is_known(world: World) -> None:
    world.publish(debian("buster", "1.0", Suite="oldoldstable", Codename="buster"))
    security = security_of("buster/updates", "1.0+deb10u1", Suite="oldoldstable", Codename="buster")
    world.publish(security, base=SECURITY)

    ran = world.setup("--suite", "debian:buster")

    assert ran.code == 0, ran.err
    assert world.versions["libfoo-dev"] == "1.0+deb10u1"


def test_an_architecture_that_the_base_suite_lacks_is_an_error(world: World) -> None:
    base, *side = parts("focal")
    world.publish(suite("focal", listed=("amd64",)), *side)
    assert base.name == "focal"

    ran = world.setup("--suite", "ubuntu:focal")

    assert ran.code == 5, ran.err
    assert f"`focal` has no packages for armhf at `{world.mirror.url(BASE)}`" in ran.said
    assert "hint: `xprov suites` shows which suites have the target" in ran.said


def test_an_architecture_that_side_suites_lack_is_a_warning(world: World) -> None:
    base, _, security = parts("focal")
    world.publish(base, suite("focal-updates", listed=("amd64",)), security)

    ran = world.setup("--suite", "ubuntu:focal")

    assert ran.code == 0, ran.err
    assert ran.said.count("going on without `focal-updates`: `focal-updates` has no packages for armhf") == 1


def copy_archive(world: World, base: str) -> None:
    """Have the same archive at `base` too, byte for byte."""
    there = {path: content for path, content in world.mirror.files.items() if path.startswith(f"{BASE}/")}
    world.mirror.files.update({base + path.removeprefix(BASE): content for path, content in there.items()})


def split(world: World) -> tuple[str, str]:
    """Return the hosts of an archive that is split as Ubuntu's is: one release file, which lists all of both."""
    world.publish(*parts("focal", listed=("amd64", "armhf")))
    copy_archive(world, "/ports")
    for base, other in ((BASE, "armhf"), ("/ports", "amd64")):
        for path in [path for path in world.mirror.files if path.startswith(base) and f"/binary-{other}/" in path]:
            del world.mirror.files[path]
    return world.mirror.url(BASE), world.mirror.url("/ports")


def test_the_host_that_carries_the_architecture_is_found_though_both_list_it(world: World, tmp_path: Path) -> None:
    main, ports = split(world)
    (tmp_path / "own.pgp").write_bytes(world.key.public)
    own = [f"deb [signed-by={tmp_path}/own.pgp] {host} focal main" for host in (main, ports)]

    read = Read(world, entries(*own))

    assert (read.version, read.hosts, read.warnings) == ("1.0", {ports}, [])
    # The index is in the cache now, and the other host's release file names it too: its packages are not there.
    assert Read(world, entries(*own)).hosts == {ports}
    # What was found out a moment ago is not asked again.
    asked = len(world.mirror.seen)
    assert Read(world, entries(*own)).hosts == {ports}
    assert len(world.mirror.seen) == asked


def test_a_host_that_lacked_the_architecture_an_hour_ago_is_asked_again(world: World, tmp_path: Path) -> None:
    main, ports = split(world)
    (tmp_path / "own.pgp").write_bytes(world.key.public)
    own = [f"deb [signed-by={tmp_path}/own.pgp] {host} focal main" for host in (main, ports)]
    assert Read(world, entries(*own)).hosts == {ports}

    world.forget()
    assert Read(world, entries(*own)).hosts == {ports}

    world.publish(*parts("focal", "2.0"))
    world.forget()
    read = Read(world, entries(*own))
    assert (read.version, read.hosts) == ("2.0", {main})


def test_an_index_that_another_host_gave_is_taken_from_the_cache_where_the_host_has_it_too(world: World) -> None:
    world.publish(*parts("focal"))
    copy_archive(world, "/other")
    world.trust(world.key.public)
    keyring, other = world.folder / "key.pgp", world.mirror.url("/other")
    Read(world, (), mirror=world.mirror.url(BASE), keyring=keyring)
    for path in [path for path in world.mirror.files if path.startswith("/other/") and "/binary-armhf/" in path]:
        world.mirror.files[path] = b"was fetched again"

    assert Read(world, (), mirror=other, keyring=keyring).hosts == {other}
    # That it has it is remembered.
    asked = len(world.mirror.seen)
    assert Read(world, (), mirror=other, keyring=keyring).hosts == {other}
    assert len(world.mirror.seen) == asked


def test_a_mirror_that_lists_an_architecture_and_does_not_carry_it_is_told_from_one_that_is_down(world: World) -> None:
    main, ports = split(world)

    ran = world.setup("--suite", "ubuntu:focal")

    assert ran.code == 5, ran.err
    assert f"`focal` has no packages for armhf at `{main}`" in ran.said
    assert world.setup("--suite", "ubuntu:focal", "--mirror", ports).code == 0


LAYOUTS: Mapping[str, tuple[str, bool, bool, Mapping[str, Any], Mapping[str, Any]]] = {
    # What names the suite; whether its key is an old one, its signature detached; its indices; its packages.
    "xenial": ("ubuntu:xenial", True, True, {"compressions": (".gz",), "by_hash": False}, {"members": "gzip"}),
    "jessie": ("debian:jessie", False, True, {"compressions": (".xz", ".gz"), "by_hash": False}, {"members": "gzip"}),
    "stretch": ("debian:stretch", False, False, {"compressions": (".xz",)}, {"members": "xz"}),
    "bionic": ("ubuntu:bionic", True, False, {"compressions": (".xz", ".gz")}, {"members": "xz"}),
    "noble": ("ubuntu:noble", False, False, {"compressions": (".gz",)}, {"members": "zstd"}),
}


def publish_layout(world: World, name: str, old_key: SigningKey) -> str:
    """Put a suite on the mirror as its archive has it, and return what names it."""
    named, old, detached, indices, packages = LAYOUTS[name]
    distribution = named.partition(":")[0].capitalize()
    key = old_key if old else world.key
    glibc = "2.4" if name != "noble" else "2.34"
    made = suite(name, library("1.0", glibc=glibc, **packages), origin=distribution, label=distribution, **indices)
    world.publish(made, key=key, detached=detached)
    if distribution == "Debian":
        # Without it those that are built in are asked, who do not answer here.
        security = suite(f"{name}/updates", origin="Debian", label="Debian-Security", fields={"Codename": name})
        world.publish(security, base=SECURITY, key=key, detached=detached)
    world.trust(key.public)
    return named


@pytest.mark.skipif(not shutil.which("gpgv"), reason="no gpgv, which old keys need")
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_compression_and_kind_of_signature_ends_in_a_sysroot(
    world: World, old_key: SigningKey, name: str
) -> None:
    named = publish_layout(world, name, old_key)
    if name == "noble" and not (shutil.which("zstd") or shutil.which("unzstd")):
        pytest.skip("nothing here reads zst")

    ran = world.setup("--suite", named)

    assert ran.code == 0, ran.err
    assert world.versions == {"libfoo-dev": "1.0", "libfoo1": "1.0"}
    assert (world.home / "armhf/libs/usr/include/foo.h").is_file()


@pytest.mark.skipif(not shutil.which("gpgv"), reason="no gpgv, which old keys need")
@pytest.mark.parametrize(
    ("name", "glibc"),
    [("xenial", "2.17"), ("xenial", "2.28"), ("bionic", "2.28"), ("jessie", "2.17"), ("jessie", "2.28")],
)
def test_the_images_of_old_glibcs_end_in_a_sysroot_where_one_suite_alone_answers(
    world: World, old_key: SigningKey, name: str, glibc: str
) -> None:
    named = publish_layout(world, name, old_key)

    ran = world.setup("--method", "sysroot", "--glibc", glibc)

    assert ran.code == 0, ran.err
    assert world.versions == {"libfoo-dev": "1.0", "libfoo1": "1.0"}
    # Each suite that was tried before is named once, with what came of it.
    told = [line for line in ran.err.splitlines() if "would not do: " in line]
    assert len({line.split()[1] for line in told}) == len(told)
    assert all("there is no `" in line for line in told), ran.err
    assert f"{named} would not do" not in ran.said


def test_suites_of_a_mirror_that_is_down_are_not_asked_for_one_after_the_other(world: World) -> None:
    for name in ("xenial", "bionic", "buster", "jessie", "stretch"):
        world.mirror.script[f"{BASE}/dists/{name}/InRelease"] = [status(500)] * 20

    ran = world.setup("--method", "sysroot", "--glibc", "2.28")

    assert ran.code == 3, ran.err
    asked = {path.split("/")[3] for path, _ in world.mirror.seen}
    assert len(asked & {"xenial", "bionic", "buster"}) == 2


def test_a_password_for_a_mirror_stands_in_nothing_that_others_read(world: World) -> None:
    world.publish(*parts("focal"))
    uri = world.mirror.url(BASE).replace("http://", "http://somebody:secret@")

    ran = world.setup("--suite", "ubuntu:focal", "--mirror", uri)

    assert ran.code == 0, ran.err
    assert "secret" not in ran.err
    assert not any(b"secret" in path.read_bytes() for path in world.home.rglob("*") if path.is_file())
    told = [path for path in world.cache.rglob("*") if path.is_file() and b"secret" in path.read_bytes()]
    assert all(path.stat().st_mode & 0o077 == 0 for path in told)
