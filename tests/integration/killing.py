"""What the test of kills starts: `xprov setup`, ended at random instants, and a look at what is there after each.

`python -m tests.integration.killing SECONDS SEED FOLDER WORDS...`; FOLDER has the user's `home` and `cache`, WORDS are
those of `xprov setup` without libraries. It ends with status 0 when all was well, and prints how often it killed.

The processes that are killed are forked from one that has imported everything: it is the work that is interrupted, not
Python's start.
"""

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.integration.cache_processes import forked

from xprov import interruption
from xprov.archive.blocks import open_blocks
from xprov.cli import run

LIBRARIES = ("foo", "bar")
INTERRUPTED = 130
KILLS = 8
# In seconds, for what was interrupted to end.
PATIENCE = 60
# KILL leaves no time for anything; the others let it put away what it has begun.
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
_CAUGHT = (signal.SIGTERM, signal.SIGINT)

Listing = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """What is there when all is done: the target's folder by its libraries, the trees of the cache by their names."""

    folders: Mapping[tuple[str, ...], Listing]
    trees: Mapping[str, Listing]


class Killing:
    """One user's folders, and the words that set them up."""

    def __init__(self, folder: Path, words: Sequence[str]) -> None:
        self.home, self.cache = folder / "home", folder / "cache"
        self._words = words
        self._quiet = (folder / "said").open("w+")

    def setup(self, *libraries: str) -> int:
        """Run `xprov setup` in a process of its own, and return its status."""
        return os.waitstatus_to_exitcode(os.waitpid(self._start(libraries), 0)[1])

    def killed(self, libraries: Sequence[str], after: float, number: signal.Signals) -> int:
        """Return how it ended when it got the signal `number` so many seconds after its start."""
        child = self._start(libraries)
        time.sleep(after)
        os.kill(child, number)
        patient_until = time.monotonic() + PATIENCE
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
            if time.monotonic() > patient_until:
                os.kill(child, signal.SIGKILL)
                raise AssertionError(f"{number.name} does not end it: {self.said}")
            time.sleep(0.005)
        return os.waitstatus_to_exitcode(ended[1])

    def _start(self, libraries: Sequence[str]) -> int:
        # As `main` does it, before there is anything to interrupt.
        interruption.install()
        self._quiet.seek(0)
        self._quiet.truncate()
        # A signal that comes before or after `run` would end what this harness does, which is no part of xprov.
        signal.pthread_sigmask(signal.SIG_BLOCK, _CAUGHT)
        try:
            return forked(lambda: self._run(libraries))
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _CAUGHT)

    def _run(self, libraries: Sequence[str]) -> None:
        with contextlib.redirect_stderr(self._quiet), contextlib.redirect_stdout(self._quiet):
            try:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _CAUGHT)
                code = run(["setup", "armhf", *libraries, *self._words])
                signal.pthread_sigmask(signal.SIG_BLOCK, _CAUGHT)
            except KeyboardInterrupt:
                code = INTERRUPTED
            self._quiet.flush()
        os._exit(code)

    @property
    def said(self) -> str:
        self._quiet.seek(0)
        return self._quiet.read()

    def look(self) -> Whole:
        """Set all up, one library after the other, and return what is there then."""
        folders = {}
        for number in range(1, len(LIBRARIES) + 1):
            code = self.setup(*LIBRARIES[:number])
            assert code == 0, self.said
            folders[LIBRARIES[:number]] = listing(self.home / "armhf")
        trees = {tree.name: listing(tree / "files") for tree in (self.cache / "trees").iterdir()}
        return Whole(folders=folders, trees=trees)

    def longest(self) -> float:
        """Return how many seconds all of it takes, from nothing."""
        shutil.rmtree(self.home)
        shutil.rmtree(self.cache)
        begun = time.monotonic()
        assert self.setup(*LIBRARIES) == 0, self.said
        return time.monotonic() - begun

    def require_sound(self, whole: Whole) -> tuple[str, ...]:
        """Fail when anything is half there, in home or in the cache; return which libraries are there."""
        there: tuple[str, ...] = ()
        if (self.home / "armhf").exists():
            provision = json.loads((self.home / "armhf/provision.json").read_bytes())
            there = tuple(library["name"] for library in provision["libraries"])
            assert_same(listing(self.home / "armhf"), whole.folders[there])
        if (self.home / "env").exists():
            assert (self.home / "env").read_text(encoding="utf-8").endswith("\n")
        for tree in visible(self.cache / "trees"):
            assert_same(listing(tree / "files"), whole.trees[tree.name])
        for deb in visible(self.cache / "debs"):
            assert hashlib.sha256(deb.read_bytes()).hexdigest() == deb.stem, deb
        for index in visible(self.cache / "indices"):
            require_index(index)
        for answer in visible(self.cache / "releases"):
            if answer.suffix == ".answer":
                json.loads(answer.read_bytes())
        return there

    def leftovers(self) -> list[Path]:
        """Return what is there under a name that nobody looks for."""
        folders = (self.home, *(self.cache / kind for kind in ("releases", "indices", "debs", "trees")))
        found = (path for folder in folders if folder.is_dir() for path in folder.iterdir())
        # A part of a package is taken up again: it is no rubbish.
        return [path for path in found if path.name.startswith(".") and path.name != ".lock" and path.suffix != ".part"]

    def prepare(self, dice: random.Random) -> tuple[str, ...]:
        """Take away some of what is there, and return the libraries that are to be set up."""
        wanted = LIBRARIES[: dice.choice((1, 2))]
        for folder in dice.choice(
            ([self.home], [self.cache], [self.home, self.cache], [self.home, self.cache / "trees"])
        ):
            shutil.rmtree(folder, ignore_errors=True)
        if len(wanted) > 1 and dice.random() < 0.5:
            # What is there is to be replaced.
            assert self.setup(LIBRARIES[0]) == 0, self.said
        return wanted


def visible(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(".")] if folder.is_dir() else []


def require_index(path: Path) -> None:
    if path.suffix == ".packed":
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem, path
        return
    blocks = open_blocks(path)
    assert blocks is not None, path
    for number in range(len(blocks)):
        blocks.read(number)
    blocks.close()


def listing(folder: Path) -> Listing:
    """Return what is below `folder`: of files their hash, of links their text."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = f"-> {path.readlink()}"
        elif path.is_file():
            found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def assert_same(there: Listing, whole: Listing) -> None:
    differing = {path for path in {*there, *whole} if there.get(path) != whole.get(path)}
    assert not differing, sorted(differing)[:10]


def play(killing: Killing, seconds: float, dice: random.Random) -> Counter[str]:
    """Kill for so long, and return how the processes ended."""
    begun = time.monotonic()
    whole = killing.look()
    longest = killing.longest()
    ends: Counter[str] = Counter()
    while time.monotonic() < begun + seconds:
        wanted = killing.prepare(dice)
        # One after the other: each finds what the last one left.
        for _ in range(dice.randint(1, KILLS)):
            after = dice.uniform(0, longest) * dice.choice((0.3, 0.6, 1.0))
            end = killed_once(killing, wanted, after, dice.choice(SIGNALS))
            ends[end] += 1
            killing.require_sound(whole)
            if end.endswith(" 0"):
                break
        code = killing.setup(*wanted)
        assert code == 0, killing.said
        there = killing.require_sound(whole)
        assert set(wanted) <= set(there)
        assert (killing.home / "env").is_file()
        left = [path for path in killing.leftovers() if not is_recent(path)]
        # A run that finds all there already takes no lock, and puts nothing away.
        assert left == [] or "all of it is there already" in killing.said, left
    return ends


def killed_once(killing: Killing, wanted: Sequence[str], after: float, number: signal.Signals) -> str:
    """Return what a process got, and how it ended."""
    code = killing.killed(wanted, after, number)
    assert code in (0, -number if number is signal.SIGKILL else INTERRUPTED), (number, code, killing.said)
    return f"{number.name} {code}"


def is_recent(path: Path) -> bool:
    """Return whether a killed process left it and it is kept for a day: nobody can tell whether somebody works there.

    That is a file, or a folder that was killed before it had its lock, or when it had it no more.
    """
    if path.parent.name == "trees":
        return not (path / ".lock").exists()
    return path.parent.name in {"releases", "indices"} and path.is_file()


def main(arguments: Sequence[str]) -> None:
    seconds, seed, folder, *words = arguments
    killing = Killing(Path(folder), words)
    ends = play(killing, float(seconds), random.Random(int(seed)))  # noqa: S311 - the same instants for the same seed
    sys.stdout.write(json.dumps(dict(sorted(ends.items()))))


if __name__ == "__main__":
    main(sys.argv[1:])
