"""The cache: where it is, who may use it at once, what it holds, and what is freed."""

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NoReturn

import pytest
from tests.unit.commands import Xprov

from xprov.cache import Cache, open_cache, place, staged, sweep
from xprov.cache.usage import measure, prune
from xprov.cli.cache import parse_age, readable
from xprov.errors import UsageError, XprovError

NOW = datetime(2026, 11, 20, tzinfo=timezone.utc)
MONTH, NOTHING = timedelta(days=30), timedelta()


def never() -> None:
    pytest.fail("nobody else uses the cache")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """Return a cache that was used once and is empty."""
    made = Cache(path=tmp_path / "cache")
    with made.used(never):
        pass
    return made


@pytest.fixture
def xprov(cache: Cache, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Xprov:
    """Return the program, which finds `cache`."""
    for variable in ("GITHUB_ACTIONS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XPROV_CACHE_DIR", str(cache.path))
    return Xprov(capsys=capsys)


def aged(path: Path, days: float) -> Path:
    moment = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (moment, moment))
    return path


def deb(cache: Cache, name: str, *, days: float = 0, size: int = 5000) -> Path:
    (cache.debs / name).write_bytes(b"d" * size)
    return aged(cache.debs / name, days)


def tree(cache: Cache, name: str, *, days: float = 0) -> Path:
    (cache.trees / name / "files" / "usr").mkdir(parents=True)
    (cache.trees / name / "files" / "usr" / "a.h").write_bytes(b"a" * 5000)
    # As old as its package says: of no meaning for the tree's own age.
    os.utime(cache.trees / name / "files" / "usr" / "a.h", (1, 1))
    return aged(cache.trees / name, days)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def refused(monkeypatch: pytest.MonkeyPatch, code: int) -> Iterator[None]:
    """Let nothing be written, also for root, who may write everywhere: as on a file system that is read-only."""
    opened = os.open

    def refuse(path: Path, *_words: object, **_options: object) -> NoReturn:
        raise OSError(code, os.strerror(code), str(path))

    def only_read(path: Path, flags: int, *words: int) -> int:
        return opened(path, flags, *words) if flags & (os.O_ACCMODE | os.O_CREAT) == os.O_RDONLY else refuse(path)

    with monkeypatch.context() as patch:
        for name in ("mkdir", "utime", "rename", "unlink", "rmdir", "fchmod"):
            patch.setattr(os, name, refuse)
        for name in ("mkdir", "write_bytes", "write_text", "unlink"):
            patch.setattr(Path, name, refuse)
        patch.setattr(os, "open", only_read)
        yield


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XPROV_CACHE_DIR": "/a/b", "XDG_CACHE_HOME": "/c"}, Path("/a/b")),
        ({"XPROV_CACHE_DIR": "~/b"}, Path.home() / "b"),
        ({"XPROV_CACHE_DIR": "b"}, Path.cwd() / "b"),
        ({"XPROV_CACHE_DIR": "", "XDG_CACHE_HOME": "/c"}, Path("/c/xprov")),
        ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/xprov"),
        ({"XDG_CACHE_HOME": ""}, Path.home() / ".cache/xprov"),
        ({}, Path.home() / ".cache/xprov"),
    ],
)
def test_the_cache_is_where_the_environment_says(environ: dict[str, str], expected: Path) -> None:
    assert open_cache(environ).path == expected


def test_the_cache_is_made_when_it_is_used_and_not_before(tmp_path: Path) -> None:
    cache = open_cache({"XPROV_CACHE_DIR": str(tmp_path / "deep" / "cache")})
    assert not (tmp_path / "deep").exists()

    with cache.used(never):
        assert names(cache.path) == [".lock", "CACHEDIR.TAG", "debs", "indices", "releases", "trees"]


def test_backup_programs_know_it(cache: Cache) -> None:
    assert (cache.path / "CACHEDIR.TAG").read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55\n")


def test_a_tag_that_was_not_finished_is_written_again(cache: Cache) -> None:
    whole = (cache.path / "CACHEDIR.TAG").read_bytes()
    (cache.path / "CACHEDIR.TAG").write_bytes(b"")

    with cache.used(never):
        assert (cache.path / "CACHEDIR.TAG").read_bytes() == whole


def test_other_users_share_the_lock_whatever_the_umask_is(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        with Cache(path=tmp_path).used(never):
            pass
    finally:
        os.umask(umask)

    assert stat.S_IMODE((tmp_path / ".lock").stat().st_mode) == 0o644


def test_many_use_it_at_once(cache: Cache) -> None:
    with cache.used(never), cache.used(never), Cache(path=cache.path).used(never):
        pass


def test_pruning_waits_for_those_who_use_it_and_then_says_so(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "PRUNE_PATIENCE", 0.0)
    kept, told = deb(cache, "a.deb", days=40), []

    with cache.used(never), pytest.raises(XprovError, match="another xprov has been using") as caught:
        prune(cache, NOTHING, NOW, on_wait=lambda: told.append("waiting"))

    assert told == ["waiting"]
    assert caught.value.hint
    assert kept.exists()


def test_a_run_waits_for_pruning_and_then_says_so(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "USE_PATIENCE", 0.0)
    told: list[str] = []

    with (
        cache.alone(never),
        pytest.raises(XprovError, match="another xprov has been pruning"),
        cache.used(lambda: told.append("waiting")),
    ):
        pytest.fail("two at once")

    assert told == ["waiting"]


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_complete_cache_is_used_where_nothing_can_be_written(
    code: int, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = deb(cache, "a.deb")

    with refused(monkeypatch, code), cache.used(never):
        cache.touch(kept)

        assert kept.read_bytes()


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_read_only_cache_without_a_lock_is_used_all_the_same(
    code: int, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache.path / ".lock").unlink()
    (cache.path / "CACHEDIR.TAG").unlink()

    with refused(monkeypatch, code), cache.used(never):
        pass


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_cache_that_cannot_be_made_is_named_with_what_to_do(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(path=tmp_path / "cache")

    with refused(monkeypatch, code), pytest.raises(XprovError) as caught, cache.used(never):
        pytest.fail("there is none")

    assert str(cache.path) in caught.value.message
    assert "XPROV_CACHE_DIR" in (caught.value.hint or "")


def test_a_file_where_the_cache_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(XprovError, match="file") as caught, Cache(path=tmp_path / "file").used(never):
        pytest.fail("there is none")

    assert "XPROV_CACHE_DIR" in (caught.value.hint or "")


@pytest.mark.root
def test_another_users_folder_is_said_to_be_his(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").mkdir()
    os.chown(tmp_path / "cache", 12345, 12345)

    with (
        refused(monkeypatch, errno.EACCES),
        pytest.raises(XprovError, match="is of user 12345, this is user 0"),
        Cache(path=tmp_path / "cache").used(never),
    ):
        pytest.fail("it cannot be written to")


def test_a_file_system_without_locks_is_used_and_not_pruned(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_words: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)

    with cache.used(never), staged(cache.trees) as folder:
        assert folder.is_dir()
    with pytest.raises(XprovError, match="cannot be locked"):
        prune(cache, NOTHING, NOW, on_wait=never)


def test_what_is_touched_is_as_if_new_and_its_files_are_as_they_were(cache: Cache) -> None:
    used = [deb(cache, "a.deb", days=40), tree(cache, "a", days=40)]
    header = used[1] / "files" / "usr" / "a.h"

    cache.touch(used[0])
    cache.touch(used[1] / "files")

    assert all(path.stat().st_mtime > NOW.timestamp() - 40 * 86400 for path in used)
    assert header.stat().st_mtime == 1


def test_touching_what_is_gone_is_no_error(cache: Cache) -> None:
    cache.touch(cache.debs / "gone.deb")


def test_a_staged_folder_is_gone_at_the_end_with_what_is_in_it(cache: Cache) -> None:
    with staged(cache.trees) as folder:
        (folder / "once" / "usr").mkdir(parents=True)

    assert names(cache.trees) == []


def test_what_a_killed_process_left_is_swept_and_what_one_works_in_is_not(cache: Cache) -> None:
    dead = cache.trees / ".staging-dead"
    (dead / "once").mkdir(parents=True)
    (dead / ".lock").touch()
    (cache.trees / ".pruned-1-abc" / "files").mkdir(parents=True)

    with staged(cache.trees) as alive:
        sweep(cache.trees)
        assert names(cache.trees) == [alive.name]


def test_a_folder_whose_lock_is_not_made_yet_is_left_for_a_day(cache: Cache) -> None:
    (cache.trees / ".staging-new").mkdir()
    (cache.trees / ".staging-old").mkdir()
    os.utime(cache.trees / ".staging-old", (1, 1))

    sweep(cache.trees)

    assert names(cache.trees) == [".staging-new"]


def test_a_download_that_can_go_on_is_left_for_a_day_and_longer_while_somebody_fetches(cache: Cache) -> None:
    for name in (".fresh.deb.part", ".old.deb.part", ".locked.deb.part"):
        (cache.debs / name).touch()
    for name in (".old.deb.part", ".locked.deb.part"):
        os.utime(cache.debs / name, (1, 1))

    with (cache.debs / ".locked.deb.part").open("rb") as fetching:
        fcntl.flock(fetching, fcntl.LOCK_EX)
        sweep(cache.debs)

    assert names(cache.debs) == [".fresh.deb.part", ".locked.deb.part"]


def test_each_run_sweeps(cache: Cache) -> None:
    (cache.indices / ".index-old").touch()
    os.utime(cache.indices / ".index-old", (1, 1))

    with cache.used(never):
        assert names(cache.indices) == []


def test_a_staging_folder_that_was_swept_before_it_was_locked_is_made_anew(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock

    def sweep_first(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        sweep(cache.trees)
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", sweep_first)

    with staged(cache.trees) as folder:
        assert names(cache.trees) == [folder.name]


def test_the_size_counts_what_is_on_the_disk_once(cache: Cache) -> None:
    first, unpacked = deb(cache, "a.deb", days=3), tree(cache, "a", days=1)
    before = measure(cache)
    (cache.debs / "b.deb").hardlink_to(first)
    (unpacked / "files" / "usr" / "b.h").hardlink_to(unpacked / "files" / "usr" / "a.h")

    after = measure(cache)

    _releases, _indices, debs, trees = after.kinds
    assert (debs.entries, trees.entries, after.entries) == (2, 1, 3)
    assert debs.bytes >= 5000
    assert (after.bytes, debs.oldest) == (before.bytes, NOW - timedelta(days=3))


def test_a_cache_that_is_not_there_is_empty_and_not_made(tmp_path: Path) -> None:
    cache = Cache(path=tmp_path / "cache")

    assert (measure(cache).entries, measure(cache).bytes) == (0, 0)
    assert prune(cache, NOTHING, NOW, on_wait=never).entries == 0
    assert not cache.path.exists()


def test_what_was_not_used_for_that_long_is_freed(cache: Cache) -> None:
    for make in (deb, tree):
        make(cache, "old", days=31)
        make(cache, "new", days=29)
    aged(cache.trees / "new" / "files", 60)

    pruned = prune(cache, MONTH, NOW, on_wait=never)

    assert (names(cache.debs), names(cache.trees)) == (["new"], ["new"])
    assert [(kind.folder.name, kind.entries) for kind in pruned.kinds if kind.entries] == [("debs", 1), ("trees", 1)]


def test_what_is_freed_is_what_the_size_goes_down_by(cache: Cache) -> None:
    deb(cache, "old.deb", days=31)
    tree(cache, "old", days=31)
    tree(cache, "new", days=1)
    before = measure(cache)

    pruned = prune(cache, MONTH, NOW, on_wait=never)

    assert pruned.bytes == before.bytes - measure(cache).bytes > 10_000


def test_a_view_keeps_its_files_and_frees_nothing_of_them(cache: Cache, tmp_path: Path) -> None:
    header = tree(cache, "old", days=31) / "files" / "usr" / "a.h"
    (tmp_path / "view.h").hardlink_to(header)
    size = header.stat().st_blocks * 512

    alone = prune(cache, MONTH, NOW, dry_run=True, on_wait=never).bytes
    (tmp_path / "view.h").unlink()

    assert prune(cache, MONTH, NOW, dry_run=True, on_wait=never).bytes == alone + size


def test_an_age_of_zero_frees_everything_also_what_comes_from_the_future(cache: Cache) -> None:
    deb(cache, "a.deb", days=-5)
    tree(cache, "a")
    (cache.indices / "a.1.sqlite").touch()
    (cache.releases / "a").touch()
    (cache.debs / ".a.deb.part").touch()
    (cache.trees / ".staging-new").mkdir()

    assert prune(cache, NOTHING, NOW, on_wait=never).entries == 4
    assert [names(folder) for folder in cache.kinds] == [[], [], [], []]
    assert (cache.path / ".lock").exists()


def test_a_dry_run_changes_nothing_and_waits_for_nobody(cache: Cache) -> None:
    deb(cache, "old.deb", days=31)
    tree(cache, "old", days=31)

    with cache.used(never):
        planned = prune(cache, MONTH, NOW, dry_run=True, on_wait=never)

    assert (names(cache.debs), names(cache.trees)) == (["old.deb"], ["old"])
    assert planned == prune(cache, MONTH, NOW, on_wait=never)


def test_a_tree_is_whole_or_gone_when_pruning_is_interrupted(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_words: object, **_options: object) -> None:
        raise KeyboardInterrupt

    tree(cache, "old", days=31)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", interrupt)
        with pytest.raises(KeyboardInterrupt):
            prune(cache, MONTH, NOW, on_wait=never)

    assert [name for name in names(cache.trees) if not name.startswith(".")] == []
    with cache.used(never):
        assert names(cache.trees) == []


def test_entries_of_another_user_stay_whole_and_are_named(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    other, mine = tree(cache, "other", days=31), tree(cache, "mine", days=31)
    # Root may write everywhere, so what the system would say to somebody else is said here.
    monkeypatch.setattr(os, "access", lambda path, _mode: path != other)

    pruned = prune(cache, MONTH, NOW, on_wait=never)

    assert (pruned.refused, pruned.entries) == ((other,), 1)
    assert (other / "files" / "usr" / "a.h").exists()
    assert not mine.exists()


def test_a_read_only_cache_cannot_be_pruned(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    with refused(monkeypatch, errno.EROFS), pytest.raises(XprovError, match="Read-only file system"):
        prune(cache, NOTHING, NOW, on_wait=never)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("4w", timedelta(weeks=4)),
        ("0", NOTHING),
        ("0d", NOTHING),
        ("999999w", timedelta(weeks=999_999)),
    ],
)
def test_an_age_is_hours_days_or_weeks(text: str, age: timedelta) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5d", "5m", "1 d", "1D", "1d ", "9999999d", "٣d"])
def test_what_is_no_age_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="is no age") as caught:
        parse_age(text)

    assert "`30d`" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_960, "1.0 MB"),
        (12_345_678, "12.3 MB"),
        (10**13, "10000.0 GB"),
    ],
)
def test_sizes_are_readable(size: int, text: str) -> None:
    assert readable(size) == text


def test_the_command_shows_where_it_is_and_what_it_holds(xprov: Xprov, cache: Cache) -> None:
    deb(cache, "a.deb")

    seen = xprov("cache")

    assert (seen.code, seen.err) == (0, "")
    assert [line.split()[:2] for line in seen.out.splitlines()] == [
        ["KIND", "ENTRIES"],
        *(["releases", "0"], ["indices", "0"], ["debs", "1"], ["trees", "0"], ["all", "1"]),
    ]
    assert seen.out.splitlines()[-1].endswith(str(cache.path))


def test_the_command_shows_it_as_json(xprov: Xprov, cache: Cache) -> None:
    deb(cache, "a.deb", days=1)

    shown = xprov("cache", "--json").json

    assert (shown["version"], shown["path"], shown["entries"]) == (1, str(cache.path), 1)
    assert shown["kinds"][2]["oldest_use"] == "2026-11-19T00:00:00+00:00"


PRUNE: dict[str, Callable[[Xprov], object]] = {
    "json after": lambda xprov: xprov("cache", "prune", "--older-than", "0", "--json").json["entries"],
    "json before": lambda xprov: xprov("cache", "--json", "prune", "--older-than", "0").json["entries"],
    "words": lambda xprov: int(xprov("cache", "prune", "--older-than", "0").err.split(": ")[1].split()[0]),
}


@pytest.mark.parametrize("run", PRUNE.values(), ids=PRUNE)
def test_the_command_frees_and_says_how_much(xprov: Xprov, cache: Cache, run: Callable[[Xprov], object]) -> None:
    deb(cache, "a.deb")
    tree(cache, "a")

    assert run(xprov) == 2
    assert measure(cache).entries == 0


def test_the_command_frees_what_is_thirty_days_old_when_no_age_is_given(xprov: Xprov, cache: Cache) -> None:
    now = datetime.now(timezone.utc).timestamp()
    for name, days in (("new", 29), ("old", 31)):
        moment = now - days * 86400
        os.utime(deb(cache, name), (moment, moment))

    assert "1 entry" in xprov("cache", "prune", "--dry-run").err
    assert names(cache.debs) == ["new", "old"]
    assert xprov("cache", "prune").err.startswith("Freed ")
    assert names(cache.debs) == ["new"]


def test_the_command_refuses_a_wrong_age(xprov: Xprov) -> None:
    seen = xprov("cache", "prune", "--older-than", "5m", "--json")

    assert seen.code == 2
    assert seen.json["error"]["message"] == "`5m` is no age"
