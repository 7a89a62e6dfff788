"""Each attack of TUF's list that applies, on `xprov setup` by way of a mirror that lies.

https://theupdateframework.io/docs/security/: what someone can do who stands between a user and an archive, or has a
key that was once good. Nothing of it may come into home or cache, and what failed is said.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.archive_builder import Package, SigningKey, build_package
from tests.integration.faulty import endless, serve_mirror
from tests.integration.small_archive import (
    BASE,
    Ran,
    World,
    index_of,
    index_path,
    index_paths,
    library,
    parts,
    require_nothing,
    resign,
    revoke,
    special_key,
    suite,
    swap_indices,
)
from tests.unit.elf_builder import Shared

pytestmark = pytest.mark.skipif(
    not (shutil.which("gpg") and shutil.which("dpkg-deb")), reason="no gpg and dpkg-deb to build an archive with"
)

FOCAL = ("--suite", "ubuntu:focal")
RELEASE = f"{BASE}/dists/focal/InRelease"
# Of the forms of an index it may be any.
BAD_INDEX = ("`focal/main/binary-armhf/Packages.", "` is not what the archive says it is")
POOL = f"{BASE}/pool/main/libfoo-dev/libfoo-dev_1.0_armhf.deb"
FORMAT = "%a, %d %b %Y %H:%M:%S UTC"


def day(ago: float) -> str:
    """Return a date as release files write it, `ago` days before now."""
    return (datetime.now(timezone.utc) - timedelta(days=ago)).strftime(FORMAT)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return SigningKey.make(tmp_path_factory.mktemp("keys") / "archive")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return SigningKey.make(tmp_path_factory.mktemp("keys") / "stranger", "stranger <stranger@example.org>")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, key: SigningKey) -> Mapping[str, bytes]:
    """Return what a mirror has that does not lie: all of focal, and of jammy the suite itself."""
    with serve_mirror() as mirror:
        world = World(folder=tmp_path_factory.mktemp("world"), mirror=mirror, key=key)
        world.publish(*parts("focal"), suite("jammy", library("7.0")))
        return dict(mirror.files)


@pytest.fixture
def world(tmp_path: Path, key: SigningKey, files: Mapping[str, bytes]) -> Iterator[World]:
    with serve_mirror() as mirror:
        mirror.files.update(files)
        yield World(folder=tmp_path, mirror=mirror, key=key)


def refused(world: World, ran: Ran, *told: str, code: int = 4) -> None:
    """Fail unless the setup ended with `code`, said what was wrong and what to do, and left nothing."""
    assert (ran.code, "hint: " in ran.err) == (code, True), ran.err
    assert [text for text in told if text not in ran.said] == [], ran.err
    assert "Traceback" not in ran.err
    require_nothing(world)


def test_what_is_right_is_taken(world: World) -> None:
    ran = world.setup(*FOCAL)

    assert ran.code == 0, ran.err
    assert world.versions == {"libfoo-dev": "1.0", "libfoo1": "1.0"}


def evil_package(folder: Path) -> bytes:
    """Return a package that is sound, and not the archive's."""
    evil = Shared(soname="libfoo.so.1", defined=["foo_new", "evil"]).content()
    package = Package(name="libfoo-dev", version="1.0", architecture="armhf", files={"usr/include/evil.h": evil})
    build_package(package, folder / "evil.deb")
    return (folder / "evil.deb").read_bytes()


def test_arbitrary_software_a_package_that_the_index_does_not_name_is_refused(world: World, tmp_path: Path) -> None:
    world.mirror.files[POOL] = evil = evil_package(tmp_path)

    ran = world.setup(*FOCAL)

    refused(world, ran, "`libfoo-dev:armhf` is not what the archive says it is", "hint: try another mirror")
    assert world.holds(evil) == []


def test_arbitrary_software_a_package_of_the_right_size_is_refused_by_its_hash(world: World) -> None:
    changed = bytearray(world.mirror.files[POOL])
    changed[-1] ^= 1
    world.mirror.files[POOL] = bytes(changed)

    ran = world.setup(*FOCAL)

    refused(world, ran, "`libfoo-dev:armhf` is not what the archive says it is", "has the SHA-256")
    assert world.holds(bytes(changed)) == []


def test_arbitrary_software_an_index_that_the_release_does_not_name_is_refused(world: World) -> None:
    forms = swap_indices(world, "focal", index_of(world, "focal").replace(b"libfoo1", b"libevil"))

    ran = world.setup(*FOCAL)

    refused(world, ran, "`focal/main/binary-armhf/Packages.gz` is not what the archive says it is")
    assert [path for form in forms for path in world.holds(form)] == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda good: good.replace(b"Label: Ubuntu", b"Label: ubuntu"), "does not fit its signature"),
        (lambda good: good.split(b"-----BEGIN PGP SIGNATURE")[0], "outside of what is signed"),
        (lambda good: b"Origin: Ubuntu\n" + good, "does not begin as an OpenPGP message"),
        (lambda _good: b"<html>please log in</html>", "a proxy or a log-in page may have answered"),
    ],
    ids=["altered", "signature cut off", "something before it", "a page"],
)
def test_arbitrary_software_a_release_file_that_is_not_as_it_was_signed_is_refused(
    world: World, change: Callable[[bytes], bytes], told: str
) -> None:
    world.mirror.files[RELEASE] = bad = change(world.mirror.files[RELEASE])

    ran = world.setup(*FOCAL)

    refused(world, ran, told)
    assert world.holds(bad) == []


def test_arbitrary_software_an_unsigned_release_is_no_release(world: World) -> None:
    del world.mirror.files[RELEASE]

    ran = world.setup(*FOCAL)

    # As where there is no such suite: Release alone proves nothing, and is not read.
    refused(world, ran, "there is no `focal` at", code=3)


def published_since(world: World) -> None:
    """Let the archive go on: what it had a day ago is replaced."""
    world.publish(*parts("focal", "1.0", fields={"Date": day(2)}))
    before = dict(world.mirror.files)
    world.publish(*parts("focal", "2.0", fields={"Date": day(1)}))
    assert world.setup(*FOCAL).code == 0
    world.mirror.files.clear()
    world.mirror.files.update(before)
    world.forget()


def test_rollback_an_older_release_never_takes_the_place_of_a_newer_one(world: World) -> None:
    published_since(world)

    ran = world.setup(*FOCAL)
    offline = world.setup(*FOCAL, "--offline")

    assert (ran.code, offline.code) == (0, 0), ran.err
    assert "`focal` at" in ran.said
    assert "older than what was there before: going on with what it had" in ran.said
    assert world.versions == {"libfoo-dev": "2.0", "libfoo1": "2.0"}


def test_rollback_indices_and_packages_of_the_older_release_are_refused(world: World) -> None:
    published_since(world)
    old = world.mirror.files[index_path("focal")]
    for folder in ("indices", "debs", "trees"):
        shutil.rmtree(world.cache / folder)
    shutil.rmtree(world.home)

    ran = world.setup(*FOCAL)

    refused(world, ran, "`focal/main/binary-armhf/Packages.gz` is not what the archive says it is")
    assert world.holds(old) == []


def test_indefinite_freeze_a_release_that_has_expired_is_refused_unless_it_is_let_through_by_name(world: World) -> None:
    resign(world, "focal", {"Date": day(9), "Valid-Until": day(2)})

    ran = world.setup(*FOCAL)

    refused(world, ran, "the release file of `focal` expired on", "(--allow-expired)")
    assert world.setup(*FOCAL, "--allow-expired").code == 0
    assert world.versions


def test_indefinite_freeze_what_expires_while_it_is_kept_is_asked_for_again(world: World) -> None:
    resign(
        world,
        "focal",
        {"Date": day(9), "Valid-Until": (datetime.now(timezone.utc) + timedelta(hours=1)).strftime(FORMAT)},
    )
    assert world.setup(*FOCAL).code == 0
    resign(world, "focal", {"Date": day(9), "Valid-Until": day(1)})
    kept = next(path for path in (world.cache / "releases").iterdir() if b"Suite: focal\n" in path.read_bytes())
    kept.write_bytes(world.mirror.files[RELEASE])
    world.forget()

    ran = world.setup(*FOCAL)

    assert ran.code == 4
    assert "expired on" in ran.err


def test_endless_data_a_release_file_without_end_is_left_at_a_bound(world: World) -> None:
    world.mirror.script[RELEASE] = [endless]

    ran = world.setup(*FOCAL)

    refused(world, ran, "is larger than the 33554432 bytes that such a file may have", code=3)


@pytest.mark.parametrize("what", ["index", "package"])
def test_endless_data_what_is_longer_than_it_was_said_to_be_is_left_there(world: World, what: str) -> None:
    for path in index_paths(world, "focal") if what == "index" else [POOL]:
        world.mirror.script[path] = [endless] * 3

    ran = world.setup(*FOCAL)

    refused(world, ran, "is not what the archive says it is", "bytes that it may have")
    assert sum(path.stat().st_size for path in world.cache.rglob("*") if path.is_file()) < 100_000


def test_extraneous_dependencies_a_stanza_of_another_suite_cannot_be_slipped_in(world: World) -> None:
    mixed = index_of(world, "focal") + index_of(world, "jammy")
    forms = swap_indices(world, "focal", mixed)

    ran = world.setup(*FOCAL)

    refused(world, ran, "`focal/main/binary-armhf/Packages.gz` is not what the archive says it is")
    assert [path for form in forms for path in world.holds(form)] == []


@pytest.mark.parametrize("other", ["suite", "architecture", "component", "date"])
def test_mix_and_match_an_index_of_another_place_or_day_is_refused(world: World, other: str) -> None:
    foreign = {
        "suite": lambda: index_of(world, "jammy"),
        "architecture": lambda: index_of(world, "focal").replace(b"Architecture: armhf", b"Architecture: arm64"),
        "component": lambda: index_of(world, "focal").replace(b"pool/main", b"pool/universe"),
        "date": lambda: index_of(world, "focal").replace(b"Version: 1.0", b"Version: 0.9"),
    }[other]()
    forms = swap_indices(world, "focal", foreign)

    ran = world.setup(*FOCAL)

    refused(world, ran, "`focal/main/binary-armhf/Packages.gz` is not what the archive says it is")
    assert [path for form in forms for path in world.holds(form)] == []


@pytest.mark.parametrize("other", ["jammy", "focal-updates"])
def test_mix_and_match_the_release_file_of_another_suite_is_refused(world: World, other: str) -> None:
    world.mirror.files[RELEASE] = world.mirror.files[f"{BASE}/dists/{other}/InRelease"]

    ran = world.setup(*FOCAL)

    refused(world, ran, f"`focal` was asked for, and the release file is of `Ubuntu Ubuntu {other}")


def test_mix_and_match_of_updates_leaves_them_out_and_says_so(world: World) -> None:
    world.publish(suite("focal-updates", library("1.1")))
    forms = swap_indices(world, "focal-updates", index_of(world, "jammy"))

    ran = world.setup(*FOCAL)

    assert ran.code == 0, ran.err
    assert "going on without `focal-updates`: its index of armhf is not the one that its release file names" in ran.said
    assert world.versions["libfoo-dev"] == "1.0"
    assert [path for form in forms for path in world.holds(form)] == []


def test_wrong_software_another_package_of_the_archive_at_a_packages_place_is_refused(world: World) -> None:
    other = f"{BASE}/pool/main/libfoo1/libfoo1_1.0_armhf.deb"
    world.mirror.files[POOL] = world.mirror.files[other]

    ran = world.setup(*FOCAL)

    refused(world, ran, "`libfoo-dev:armhf` is not what the archive says it is")


def test_key_compromise_a_key_that_nobody_named_is_no_key(world: World, stranger: SigningKey) -> None:
    resign(world, "focal", {}, key=stranger)

    ran = world.setup(*FOCAL)

    refused(world, ran, "which is not among", "hint: if you trust that key, name a file that holds it with --keyring")


def test_key_compromise_a_key_that_is_taken_out_of_the_keyring_counts_no_more_at_once(
    world: World, stranger: SigningKey
) -> None:
    assert world.setup(*FOCAL).code == 0
    (world.folder / "key.pgp").write_bytes(stranger.public)

    ran = world.setup(*FOCAL)

    assert ran.code == 4
    assert "which is not among" in ran.said


def test_key_compromise_a_key_that_has_expired_is_refused_though_it_signed_in_its_time(
    world: World, tmp_path: Path
) -> None:
    expired = special_key(tmp_path / "expired", lifetime="1y", options=["faked-system-time 20240101T000000!"])
    resign(world, "focal", {}, key=expired)
    world.trust(expired.public)

    ran = world.setup(*FOCAL)

    refused(world, ran, "no key that signed the release file may be trusted any more", "expired on 2024-12-31")


def test_key_compromise_a_key_that_was_revoked_is_refused(world: World, tmp_path: Path) -> None:
    revoked = special_key(tmp_path / "revoked")
    resign(world, "focal", {}, key=revoked)
    world.trust(revoke(revoked))

    ran = world.setup(*FOCAL)

    refused(world, ran, "no key that signed the release file may be trusted any more", "was revoked")


def test_fast_forward_a_release_of_the_future_is_refused_and_not_kept(world: World) -> None:
    good = world.mirror.files[RELEASE]
    resign(world, "focal", {"Date": day(-30)})

    ran = world.setup(*FOCAL)

    refused(world, ran, "the release file of `focal` is dated in the future", "hint: check this machine's clock")
    world.mirror.files[RELEASE] = good
    assert world.setup(*FOCAL).code == 0


def test_an_attack_ends_the_search_for_a_suite_that_fits(world: World) -> None:
    # Focal fits, and so would xenial: what somebody makes look wrong is not passed over for what is left.
    world.publish(suite("xenial", library("0.9")))
    resign(world, "focal", {"Suite": "bionic", "Codename": "bionic"})

    ran = world.setup("--method", "sysroot", "--glibc", "2.31")

    refused(world, ran, "`focal` was asked for, and the release file is of `Ubuntu Ubuntu bionic bionic`")
