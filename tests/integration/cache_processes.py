"""What the tests of the cache start: processes that use one cache, prune it, are killed, or are another user's.

`python -m tests.integration.cache_processes SCENE CACHE DEBS SEED`; it ends with status 0 when all was well.
"""

import hashlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest
from tests.unit.deb_builder import Item, link, write_deb

from xprov.archive.tree import Deb, find_tree, unpack
from xprov.cache import Cache
from xprov.cache.usage import measure, prune
from xprov.errors import XprovError
from xprov.target import find_target
from xprov.view import PackageTree, link_file

TARGET = find_target("armhf")
PACKAGES, HEADERS = 4, 40
SECONDS, KILLS, RACES, PROCESSES = 5.0, 100, 6, 16
NOBODY = 12345


def write_debs(place: Path) -> None:
    """Write the packages into the folder `place`; no two have the same sizes."""
    for number in range(PACKAGES):
        headers = [Item(path=f"usr/include/x{number}/{n}.h", content=b"x" * (n + number)) for n in range(HEADERS)]
        write_deb(place, *headers, link(f"usr/include/x{number}.h", f"x{number}/0.h")).rename(place / f"{number}.deb")


def debs(place: Path) -> list[Deb]:
    paths = [place / f"{number}.deb" for number in range(PACKAGES)]
    return [Deb(package=path.stem, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), path=path) for path in paths]


def require_whole(number: int, root: Path) -> None:
    """Fail unless all of package `number` is at `root`; does not believe what the tree says of itself."""
    sizes = [(root / f"usr/include/x{number}/{n}.h").stat().st_size for n in range(HEADERS)]
    assert sizes == [n + number for n in range(HEADERS)], f"{root}: {sizes}"
    assert (root / f"usr/include/x{number}.h").is_symlink()


def require_sound(cache: Cache, known: list[Deb]) -> None:
    """Fail when something in the cache is half there."""
    numbers = {deb.sha256: number for number, deb in enumerate(known)}
    # There may be no cache yet: the first process may have been killed before it made one.
    for place in cache.trees.glob("*"):
        if not place.name.startswith("."):
            require_whole(numbers[place.name[:64]], place / "files")


def use(cache: Cache, known: list[Deb], dice: random.Random) -> None:
    """Do what a run does: unpack what is not there, and share its files with a view."""
    number = dice.randrange(PACKAGES)
    with cache.used(_silent), tempfile.TemporaryDirectory(dir=cache.path.parent) as view:
        tree = unpack(known[number], cache.trees, TARGET)
        cache.touch(tree.root)
        require_whole(number, tree.root)
        for path in tree.paths:
            if path.endswith("0.h"):
                link_file(tree.root / path, Path(view, path.replace("/", "-")))
        require_whole(number, tree.root)


def free(cache: Cache, dice: random.Random) -> int:
    age = dice.choice((timedelta(), timedelta(milliseconds=200)))
    return prune(cache, age, datetime.now(timezone.utc), on_wait=_silent).entries


def using(cache: Cache, known: list[Deb], dice: random.Random) -> None:
    """Use the cache for a few seconds."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        use(cache, known, dice)
        # Pruning is done when nobody uses the cache: that has to happen now and then.
        time.sleep(dice.uniform(0, 0.5))


def pruning(cache: Cache, _known: list[Deb], dice: random.Random) -> None:
    """Prune the cache for a few seconds."""
    end, freed = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        freed += free(cache, dice)
        measure(cache)
        time.sleep(0.01)
    assert freed, "nothing was ever freed"


def killed(cache: Cache, known: list[Deb], dice: random.Random) -> None:
    """Kill a process that unpacks and prunes, again and again, and look at what it leaves."""
    for _ in range(KILLS):
        child = forked(lambda: _unpack_and_prune(cache, known, dice.randrange(10**6)))
        time.sleep(dice.uniform(0, 0.12))
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(status), "the process ended before it was killed"
        require_sound(cache, known)
        with cache.used(_silent):
            # A folder whose lock was not made yet is kept for a day: it is empty.
            left = [path for path in cache.trees.iterdir() if path.name.startswith(".")]
            assert [path for path in left if any(path.iterdir())] == []
            for number, deb in enumerate(known):
                require_whole(number, unpack(deb, cache.trees, TARGET).root)
        free(cache, dice)


def _unpack_and_prune(cache: Cache, known: list[Deb], seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same work for the same seed
    while True:
        use(cache, known, dice)
        if dice.random() < 0.5:
            free(cache, dice)


def racing(cache: Cache, known: list[Deb], dice: random.Random) -> None:
    """Let many unpack the same package at the same instant: one that is not there, and one that is damaged."""
    for number in (dice.randrange(PACKAGES) for _ in range(RACES)):
        for damage in (_gone, _truncated):
            with cache.used(_silent):
                damage(unpack(known[number], cache.trees, TARGET))
            act = partial(_unpack_at, time.time() + 0.2, cache, known, number)
            children = [forked(act) for _ in range(PROCESSES)]
            assert [os.waitpid(child, 0)[1] for child in children] == [0] * PROCESSES
            require_sound(cache, known)
            assert [path for path in cache.trees.iterdir() if path.name.startswith(".")] == []


def _gone(tree: PackageTree) -> None:
    shutil.rmtree(tree.root.parent)


def _truncated(tree: PackageTree) -> None:
    os.truncate(tree.root / tree.paths[-1], 0)


def _unpack_at(start: float, cache: Cache, known: list[Deb], number: int) -> None:
    with cache.used(_silent):
        time.sleep(max(0, start - time.time()))
        require_whole(number, unpack(known[number], cache.trees, TARGET).root)


def foreign(cache: Cache, known: list[Deb], _dice: random.Random) -> None:
    """Use root's cache as another user: what is there serves him, and what he may not do is said."""
    with cache.used(_silent):
        unpack(known[0], cache.trees, TARGET)
    child = forked(lambda: _as_nobody(cache, known))
    assert os.waitpid(child, 0)[1] == 0


def _as_nobody(cache: Cache, known: list[Deb]) -> None:
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    with cache.used(_silent), tempfile.TemporaryDirectory() as view:
        tree = find_tree("0", known[0].sha256, cache.trees, TARGET)
        assert tree is not None
        cache.touch(tree.root)
        # The kernel may refuse a link to another's file (protected_hardlinks): then it is a copy.
        link_file(tree.root / "usr/include/x0/9.h", Path(view, "9.h"))
        assert Path(view, "9.h").stat().st_size == 9
        with pytest.raises(XprovError, match=f"is of user 0, this is user {NOBODY}"):
            unpack(known[1], cache.trees, TARGET)
    assert len(prune(cache, timedelta(), datetime.now(timezone.utc), on_wait=_silent).refused) == 1
    require_sound(cache, known)


def forked(act: Callable[[], object]) -> int:
    """Return the number of a new process that does `act` and ends with status 0, or with 1 and the reason."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        act()
        status = 0
    except BaseException:  # noqa: BLE001 - nothing of the parent may run in the child
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _silent() -> None:
    pass


SCENES: dict[str, Callable[[Cache, list[Deb], random.Random], None]] = {
    "using": using,
    "pruning": pruning,
    "killed": killed,
    "racing": racing,
    "foreign": foreign,
}


def main(words: Iterable[str]) -> None:
    scene, cache, place, seed = words
    dice = random.Random(int(seed))  # noqa: S311 - the same work for the same seed
    SCENES[scene](Cache(path=Path(cache)), debs(Path(place)), dice)


if __name__ == "__main__":
    main(sys.argv[1:])
