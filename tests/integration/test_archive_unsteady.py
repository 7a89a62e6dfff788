"""An archive that resets, truncates, stalls, answers 503, and changes while it is read."""

import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from unittest.mock import patch

import pytest
from tests.archive_builder import SigningKey
from tests.integration.faulty import (
    Handler,
    Mirror,
    Reply,
    begun,
    end,
    reset,
    serve_mirror,
    stall,
    status,
    unsized,
    whole,
)
from tests.integration.small_archive import BASE, World, index_paths, library, parts, require_nothing, suite

from xprov.archive.client import Reading, open_suite
from xprov.archive.locations import Access
from xprov.archive.suites import find_suite
from xprov.cache import Cache
from xprov.errors import NetworkError
from xprov.net import Bounds
from xprov.target import find_target

pytestmark = pytest.mark.skipif(
    not (shutil.which("gpg") and shutil.which("dpkg-deb")), reason="no gpg and dpkg-deb to build an archive with"
)

FOCAL = ("--suite", "ubuntu:focal")
RELEASE = f"{BASE}/dists/focal/InRelease"
POOL = f"{BASE}/pool/main/libfoo-dev/libfoo-dev_1.0_armhf.deb"
# A stalled server is left after this many seconds.
QUICK = Bounds(silence=0.3, window=0.6, waits=(0.01, 0.01), connect=1.0)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return SigningKey.make(tmp_path_factory.mktemp("keys") / "archive")


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serve_mirror() as served:
        yield served


@pytest.fixture
def world(tmp_path: Path, key: SigningKey, mirror: Mirror) -> World:
    made = World(folder=tmp_path, mirror=mirror, key=key)
    made.publish(*parts("focal"))
    made.trust(key.public)
    return made


def disturb(world: World, what: str, fault: Reply) -> None:
    """Let the first question for something end in `fault`; of an index, that for each of its forms."""
    places = {"release": [RELEASE], "index": index_paths(world, "focal"), "package": [POOL]}
    for path in places[what]:
        world.mirror.script[path] = [fault]


@pytest.mark.parametrize("what", ["release", "index", "package"])
@pytest.mark.parametrize(
    "fault",
    [
        reset,
        begun(10, then=reset),
        begun(10, then=end),
        status(503),
        status(500),
    ],
    ids=["reset", "reset within", "cut off", "503", "500"],
)
def test_a_fault_that_passes_is_not_noticed(world: World, what: str, fault: Reply) -> None:
    disturb(world, what, fault)

    ran = world.setup(*FOCAL)

    assert ran.code == 0, ran.err
    assert "warning: going on" not in ran.err
    assert world.versions == {"libfoo-dev": "1.0", "libfoo1": "1.0"}


def test_a_release_file_that_was_cut_off_unnoticed_is_refused(world: World) -> None:
    world.mirror.script[RELEASE] = [unsized(700)]

    ran = world.setup(*FOCAL)

    assert ran.code == 4
    assert "outside of what is signed" in ran.said
    require_nothing(world)
    assert world.setup(*FOCAL).code == 0


@pytest.mark.parametrize("what", ["index", "package"])
def test_what_was_cut_off_unnoticed_is_taken_up_again(world: World, what: str) -> None:
    disturb(world, what, unsized(100))

    ran = world.setup(*FOCAL)

    assert ran.code == 0, ran.err


def read(world: World) -> tuple[list[str], list[str]]:
    """Return the parts of focal that were had, and what was warned of, by a client of little patience."""
    warnings: list[str] = []
    reading = Reading(
        access=Access(mirror=world.mirror.url(BASE), keyring=world.folder / "key.pgp"),
        own=(),
        host_suite="",
        cache=Cache(path=world.cache),
        now=datetime.now(timezone.utc),
        warn=warnings.append,
        progress=lambda _text: None,
        bounds=QUICK,
    )
    focal = find_suite("ubuntu", "focal")
    assert focal
    with (
        patch.dict("os.environ", world.environ, clear=True),
        reading.cache.used(lambda: None),
        open_suite(focal, find_target("armhf"), reading) as opened,
    ):
        return [part.part.name for part in opened.parts], warnings


@pytest.mark.parametrize("what", ["release", "index"])
def test_a_server_that_stalls_is_left_and_asked_again(world: World, what: str) -> None:
    disturb(world, what, begun(10, then=stall))

    assert read(world) == (["focal", "focal-updates", "focal-security"], [])


def test_a_server_that_always_stalls_is_named_with_what_it_did(world: World) -> None:
    world.mirror.script[RELEASE] = [stall] * 20

    with pytest.raises(NetworkError, match=r"`http://127\.0\.0\.1:\d+/ubuntu/dists/focal/InRelease`"):
        read(world)


@pytest.mark.parametrize("fault", [stall, status(503), reset], ids=["stall", "503", "reset"])
def test_side_suites_that_cannot_be_had_are_left_out_and_named_and_asked_for_again(world: World, fault: Reply) -> None:
    updates = f"{BASE}/dists/focal-updates/InRelease"
    world.mirror.script[updates] = [fault] * 10

    found, (warning,) = read(world)

    assert found == ["focal", "focal-security"]
    world.mirror.script.clear()
    assert warning.startswith(f"going on without `focal-updates`: `{world.mirror.url(updates)}` ")
    assert read(world) == (["focal", "focal-updates", "focal-security"], [])


def test_updates_that_could_not_be_had_for_a_moment_are_had_the_next_time(world: World) -> None:
    world.publish(suite("focal-updates", library("1.1")))
    world.mirror.script[f"{BASE}/dists/focal-updates/InRelease"] = [status(500)] * 4

    first = world.setup(*FOCAL)
    versions = world.versions
    second = world.setup(*FOCAL)

    assert (first.code, second.code) == (0, 0), first.err
    assert first.err.count("going on without `focal-updates`") == 1
    assert (versions["libfoo1"], world.versions["libfoo1"]) == ("1.0", "1.1")


def then(change: "Change") -> Reply:
    """Answer with what is there, and change the mirror before the next question."""

    def reply(handler: Handler) -> None:
        content = handler.content or b""
        change()
        whole(content)(handler)

    return reply


class Change:
    """Publish another state of the archive, once."""

    def __init__(self, world: World, version: str, *, keep: Sequence[str] = ("/by-hash/", "/pool/")) -> None:
        before = dict(world.mirror.files)
        world.mirror.files.clear()
        world.publish(*parts("focal", version))
        self._world, self._keep, self._after = world, keep, dict(world.mirror.files)
        world.mirror.files.clear()
        world.mirror.files.update(before)

    def __call__(self) -> None:
        kept = {
            path: content for path, content in self._world.mirror.files.items() if any(x in path for x in self._keep)
        }
        fresh = {path: content for path, content in self._after.items() if path not in kept}
        for path in [path for path in self._world.mirror.files if path not in kept]:
            del self._world.mirror.files[path]
        self._world.mirror.files.update(fresh)


def test_a_mirror_that_changes_after_the_release_file_still_has_its_index_by_hash(world: World) -> None:
    world.mirror.script[RELEASE] = [then(Change(world, "2.0"))]

    ran = world.setup(*FOCAL)

    assert ran.code == 0, ran.err
    assert world.versions["libfoo-dev"] == "1.0"
    assert [path for path, _ in world.mirror.seen].count(RELEASE) == 1


@pytest.mark.parametrize("by_hash", [True, False])
def test_where_the_old_index_is_gone_the_release_file_is_read_once_more(
    tmp_path: Path, key: SigningKey, mirror: Mirror, *, by_hash: bool
) -> None:
    world = World(folder=tmp_path, mirror=mirror, key=key)
    world.publish(*parts("focal", by_hash=by_hash))
    world.mirror.script[RELEASE] = [then(Change(world, "2.0", keep=()))]

    ran = world.setup(*FOCAL)

    assert ran.code == 0, ran.err
    assert world.versions["libfoo-dev"] == "2.0"
    assert [path for path, _ in world.mirror.seen].count(RELEASE) == 2


def test_a_mirror_that_goes_on_changing_ends_in_a_clear_error(world: World) -> None:
    before = {path: content for path, content in world.mirror.files.items() if path.endswith("Packages.gz")}
    Change(world, "2.0", keep=())()
    world.mirror.files.update(before)
    for path in [path for path in world.mirror.files if "/by-hash/" in path or path.endswith("Packages.xz")]:
        del world.mirror.files[path]

    ran = world.setup(*FOCAL)

    assert ran.code == 4
    assert "`focal/main/binary-armhf/Packages.gz` is not what the archive says it is" in ran.said
    assert "hint: try another mirror" in ran.said
    assert [path for path, _ in world.mirror.seen].count(RELEASE) == 2
    require_nothing(world)


def test_a_kept_release_file_whose_index_has_gone_is_read_anew(world: World) -> None:
    read(world)
    shutil.rmtree(world.cache / "indices")
    Change(world, "2.0", keep=())()

    ran = world.setup(*FOCAL)

    assert ran.code == 0, ran.err
    assert world.versions["libfoo-dev"] == "2.0"


def test_a_package_that_has_left_the_pool_comes_from_the_snapshot(world: World) -> None:
    content = world.mirror.files.pop(POOL)
    date = next(
        line.removeprefix("Date: ")
        for line in world.mirror.files[f"{BASE}/dists/focal/Release"].decode().splitlines()
        if line.startswith("Date: ")
    )
    at = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S %Z").strftime("%Y%m%dT%H%M%SZ")  # noqa: DTZ007 - UTC both times
    world.mirror.files[f"/snapshot/{at}{POOL.removeprefix(BASE)}"] = content

    ran = world.setup(*FOCAL)

    assert ran.code == 0, ran.err
    assert world.versions["libfoo-dev"] == "1.0"


def test_a_package_that_is_nowhere_ends_in_a_clear_error_and_leaves_what_was_there(world: World) -> None:
    assert world.setup(*FOCAL).code == 0
    before = sorted(path.name for path in world.home.rglob("*"))
    Change(world, "2.0", keep=())()
    world.forget()
    gone = POOL.replace("1.0", "2.0")
    del world.mirror.files[gone]

    ran = world.setup(*FOCAL)

    assert ran.code == 3, ran.err
    assert "`libfoo-dev:armhf` could not be fetched" in ran.said
    assert f"`{world.mirror.url(gone)}` was answered with status 404" in ran.said
    assert "/snapshot/" in ran.said
    assert world.versions["libfoo-dev"] == "1.0"
    assert sorted(path.name for path in world.home.rglob("*")) == before


def test_a_host_that_is_down_is_told_with_what_to_do(world: World) -> None:
    for path in list(world.mirror.files):
        world.mirror.script[path] = [status(503, Retry_After="0")] * 20

    ran = world.setup(*FOCAL)

    assert ran.code == 3
    assert "was answered with status 503" in ran.said
    require_nothing(world)
