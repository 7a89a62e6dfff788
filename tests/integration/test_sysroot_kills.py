"""Whatever ends `xprov setup`, and whoever else is at work: what is there is complete, and the next run succeeds."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.archive_builder import Package, SigningKey
from tests.integration.faulty import begun, serve_mirror, stall
from tests.integration.small_archive import BASE, FOLDER, PC, World, parts, suite
from tests.unit.elf_builder import Shared
from tests.unit.recipes import write_recipe

pytestmark = pytest.mark.skipif(
    not (shutil.which("gpg") and shutil.which("dpkg-deb")), reason="no gpg and dpkg-deb to build an archive with"
)

CHECKOUT = Path(__file__).parents[2]
FOCAL = ("--suite", "ubuntu:focal")
# For how long processes are killed, in seconds. By hand it may be longer.
SECONDS = float(os.environ.get("XPROV_TESTS_KILL_SECONDS", "60"))
PROCESSES = 16
HEADERS = 60


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return SigningKey.make(tmp_path_factory.mktemp("keys") / "archive")


@pytest.fixture
def world(tmp_path: Path, key: SigningKey) -> Iterator[World]:
    with serve_mirror() as mirror:
        made = World(folder=tmp_path, mirror=mirror, key=key)
        base, *side = parts("focal")
        made.publish(suite("focal", [*base.packages, bar()]), *side)
        write_recipe(tmp_path / "recipes", "bar")
        write_recipe(tmp_path / "recipes", "foo")
        yield made


def bar() -> Package:
    """Return another library, with as many files as it takes for a kill to come between them."""
    shared = Shared(
        soname="libbar.so", needed=["libc.so.6"], versions={"libc.so.6": ["GLIBC_2.4"]}, defined=["bar_new"]
    )
    headers = {f"usr/include/bar/{number}.h": os.urandom(2000) for number in range(HEADERS)}
    files = {
        "usr/include/bar.h": b"void *bar_new(void);\n",
        f"{FOLDER}/libbar.so": shared.content(),
        f"{FOLDER}/pkgconfig/bar-1.0.pc": PC.replace("foo", "bar").encode(),
        **headers,
    }
    return Package(name="libbar-dev", version="1.0", architecture="armhf", files=files)


def test_a_setup_that_is_killed_at_any_instant_leaves_nothing_half_there(world: World) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    _setup, _target, _library, *words = world.words

    ran = subprocess.run(
        [sys.executable, "-m", "tests.integration.killing", str(SECONDS), str(seed), world.folder, *words, *FOCAL],
        cwd=CHECKOUT,
        # Without a compiler, which takes longer than all the rest.
        env={**world.environ, "PATH": str(world.folder / "no-programs")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    ends = json.loads(ran.stdout)
    print(ends)  # noqa: T201
    assert sum(ends.values()) > SECONDS / 4
    assert {"SIGKILL -9", "SIGINT 130", "SIGTERM 130"} <= ends.keys()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("what", ["release", "index", "package"])
def test_who_waits_for_a_host_that_says_nothing_can_be_interrupted(
    world: World, number: signal.Signals, what: str
) -> None:
    places = {
        "release": [f"{BASE}/dists/focal-updates/InRelease"],
        "index": [path for path in world.mirror.files if "/focal/main/binary-armhf/" in path],
        "package": [path for path in world.mirror.files if path.endswith(".deb")],
    }
    for path in places[what]:
        world.mirror.script[path] = [begun(10, then=stall)]
    process = world.start(*FOCAL)
    while not {path for path, _ in world.mirror.seen} & set(places[what]):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    time.sleep(0.2)

    process.send_signal(number)
    # The host would go on for twice as long.
    err = process.communicate(timeout=10)[1]

    assert (process.returncode, "error: interrupted" in err) == (130, True), err
    assert "Traceback" not in err
    assert sorted(path.name for path in world.home.glob("*")) in ([], [".lock"])
    assert world.setup(*FOCAL).code == 0


def test_many_at_once_share_one_cache_for_homes_of_their_own(world: World) -> None:
    homes = [world.folder / f"home-{number}" for number in range(PROCESSES)]

    ended = at_once(world, homes)

    assert [(code, err) for code, err in ended if code] == []
    found = {(home / "armhf/provision.json").read_bytes() for home in homes}
    assert len(found) == 1
    seen = [path for path, _ in world.mirror.seen if path.endswith(".deb")]
    assert len(seen) == len(set(seen)), "a package was fetched twice"
    assert leftovers(world) == []


def test_many_at_once_in_one_home_end_with_one_result(world: World) -> None:
    ended = at_once(world, [world.home] * PROCESSES)

    assert [(code, err) for code, err in ended if code] == []
    assert world.versions == {"libfoo-dev": "1.0", "libfoo1": "1.0"}
    assert sorted(path.name for path in world.home.iterdir()) == [".lock", "armhf", "env"]
    assert leftovers(world) == []


def at_once(world: World, homes: list[Path]) -> list[tuple[int, str]]:
    running = [world.start(*FOCAL, XPROV_HOME=str(home)) for home in homes]
    return [ended(process) for process in running]


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return how a process ended, and what it said."""
    err = process.communicate(timeout=300)[1]
    return process.returncode, err


def leftovers(world: World) -> list[Path]:
    return [path for path in world.cache.glob("*/*") if path.name.startswith(".")]


@contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[None]:
    """Mount a disk of that size at `place`."""
    place.mkdir()
    options = f"size={kilobytes}k"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.root
@pytest.mark.parametrize("kilobytes", range(8, 120, 16))
def test_a_full_disk_for_the_cache_is_told_and_leaves_the_home_as_it_was(world: World, kilobytes: int) -> None:
    # bar alone has more than that.
    with small_disk(world.cache, kilobytes):
        code, err = ended(world.start("bar", *FOCAL))

        assert (code, "hint: " in err) == (1, True), err
        assert "no space is left for the cache" in err
        assert "Traceback" not in err
        assert world.versions == {}
    assert world.setup("bar", *FOCAL).code == 0


@pytest.mark.root
def test_a_full_disk_for_the_home_is_told_and_leaves_what_was_there(world: World) -> None:
    with small_disk(world.home, 250):
        assert ended(world.start(*FOCAL))[0] == 0
        before = {path: path.stat().st_size for path in world.home.rglob("*")}

        code, err = ended(world.start("bar", *FOCAL))

        assert (code, "hint: free some" in err) == (1, True), err
        assert "no space is left" in err
        assert {path: path.stat().st_size for path in world.home.rglob("*")} == before
        assert world.versions == {"libfoo-dev": "1.0", "libfoo1": "1.0"}


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """Let nobody write below `place`, root neither."""
    if subprocess.run(["mount", "--bind", place, place], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.root
def test_a_read_only_cache_serves_what_it_has(world: World) -> None:
    assert world.setup(*FOCAL).code == 0
    world.forget()
    shutil.rmtree(world.home)

    with read_only(world.cache):
        online = world.setup(*FOCAL)
        shutil.rmtree(world.home)
        offline = world.setup(*FOCAL, "--offline")

    assert (online.code, offline.code) == (0, 0), online.err + offline.err
    assert world.versions == {"libfoo-dev": "1.0", "libfoo1": "1.0"}


@pytest.mark.root
@pytest.mark.parametrize("lacking", ["indices", "debs", "releases"])
def test_a_read_only_cache_that_lacks_something_is_named_with_what_to_do(world: World, lacking: str) -> None:
    assert world.setup(*FOCAL).code == 0
    shutil.rmtree(world.home)
    for folder in {lacking, "trees"}:
        shutil.rmtree(world.cache / folder)
        (world.cache / folder).mkdir()
    for answer in (world.cache / "releases").glob("*.answer"):
        answer.unlink()

    with read_only(world.cache):
        ran = world.setup(*FOCAL)

    assert ran.code == 1, ran.err
    assert "the cache cannot be used: " in ran.said
    assert "Read-only file system" in ran.said
    assert "hint: name a folder that you can write to in XPROV_CACHE_DIR" in ran.said
    assert world.versions == {}
