"""Carrying out and taking back: exact, repeatable, and whole wherever it was interrupted."""

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from xprov.apt.apply import apply, undo
from xprov.apt.changes import FileChange
from xprov.apt.plan import SourcesPlan
from xprov.apt.state import forget_architecture, read_state, record_architecture, record_packages
from xprov.errors import XprovError

LIST = "etc/apt/sources.list"
STANZAS = "etc/apt/sources.list.d/debian.sources"
BEFORE = {LIST: b"deb http://a.example.org s main\r\n# \xe9", STANZAS: b"Types: deb\n"}
AFTER = {
    LIST: b"deb [arch=amd64] http://a.example.org s main\r\n# \xe9",
    STANZAS: b"Types: deb\nArchitectures: amd64\n",
}
KILLED = 99


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk: what the kernel was given outlives a process, which is all that dies here."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


def _own(target: str) -> str:
    return f"etc/apt/sources.list.d/xprov-{target}.sources"


def _machine(root: Path) -> Path:
    for name, content in BEFORE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / LIST).chmod(0o640)
    return root


def _snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    """All files below etc: mode and content, leftovers too."""
    found = (path for path in sorted((root / "etc").rglob("*")) if path.is_file())
    return {str(path.relative_to(root)): (path.stat().st_mode, path.read_bytes()) for path in found}


def _plan(root: Path, target: str = "armhf") -> SourcesPlan:
    """Return the plan that the planner would make of what is there now."""
    wanted = {**AFTER, _own(target): f"# for {target}\n".encode()}
    changes = []
    for name, after in wanted.items():
        path = root / name
        before = path.read_bytes() if path.exists() else None
        if before != after:
            changes.append(FileChange(path=path, before=before, after=after))
    return SourcesPlan(
        target=target,
        native="amd64",
        changes=tuple(changes),
        relies_on=tuple(root / name for name in wanted),
        foreign=(),
        moved=(),
        beside=(),
        notes=(),
        unserved=(),
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return _machine(tmp_path / "machine")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state/apt"


def test_a_plan_is_carried_out_and_taken_back_to_the_byte(root: Path, state: Path) -> None:
    before = _snapshot(root)

    apply(_plan(root), state)
    assert (root / LIST).read_bytes() == AFTER[LIST]
    assert (root / LIST).stat().st_mode & 0o777 == 0o640
    assert (root / _own("armhf")).stat().st_mode & 0o777 == 0o644

    restored = undo(state)
    assert _snapshot(root) == before
    assert sorted(path.name for path in restored) == ["debian.sources", "sources.list", "xprov-armhf.sources"]


def test_a_second_time_changes_nothing(root: Path, state: Path) -> None:
    plan = _plan(root)
    apply(plan, state)
    once, noted = _snapshot(root), (state / "state.json").read_bytes()

    apply(_plan(root), state)
    apply(plan, state)

    assert _snapshot(root) == once
    assert (state / "state.json").read_bytes() == noted
    assert undo(state)
    assert undo(state) == ()


def test_undoing_what_was_never_done_does_nothing(root: Path, state: Path) -> None:
    assert undo(state) == ()
    assert not state.exists()


def test_two_targets_share_what_both_need(root: Path, state: Path) -> None:
    before = _snapshot(root)
    apply(_plan(root, "armhf"), state)
    apply(_plan(root, "arm64"), state)

    undo(state, target="armhf")
    assert (root / LIST).read_bytes() == AFTER[LIST]
    assert not (root / _own("armhf")).exists()
    assert (root / _own("arm64")).exists()

    undo(state, target="arm64")
    assert _snapshot(root) == before


def test_all_targets_are_undone_at_once(root: Path, state: Path) -> None:
    before = _snapshot(root)
    apply(_plan(root, "armhf"), state)
    apply(_plan(root, "arm64"), state)

    undo(state)

    assert _snapshot(root) == before
    assert list((state / "originals").iterdir()) == []


def test_undoing_another_target_undoes_nothing(root: Path, state: Path) -> None:
    apply(_plan(root), state)
    once = _snapshot(root)

    assert undo(state, target="s390x") == ()
    assert _snapshot(root) == once


def test_a_file_that_somebody_changed_is_not_lost(root: Path, state: Path) -> None:
    before = _snapshot(root)
    apply(_plan(root), state)
    (root / LIST).write_bytes(AFTER[LIST] + b"\ndeb http://b.example.org s main\n")
    changed = _snapshot(root)

    with pytest.raises(XprovError, match="changed by somebody else") as caught:
        undo(state)
    assert str(root / LIST) in caught.value.message
    assert "--force" in (caught.value.hint or "")
    assert _snapshot(root) == changed

    undo(state, force=True)
    assert _snapshot(root) == before


def test_a_file_that_was_changed_between_two_runs_is_not_lost(root: Path, state: Path) -> None:
    apply(_plan(root), state)
    (root / STANZAS).write_bytes(b"Types: deb deb-src\n")
    apply(_plan(root), state)

    with pytest.raises(XprovError, match=r"debian\.sources` was changed"):
        undo(state)

    undo(state, force=True)
    assert (root / STANZAS).read_bytes() == BEFORE[STANZAS]


def test_a_file_that_somebody_put_back_is_fine(root: Path, state: Path) -> None:
    before = _snapshot(root)
    apply(_plan(root), state)
    (root / LIST).write_bytes(BEFORE[LIST])
    (root / _own("armhf")).unlink()

    undo(state)

    assert _snapshot(root) == before


def test_a_file_that_is_gone_is_named(root: Path, state: Path) -> None:
    apply(_plan(root), state)
    (root / LIST).unlink()

    with pytest.raises(XprovError, match=r"sources\.list` was changed"):
        undo(state)
    undo(state, force=True)
    assert (root / LIST).read_bytes() == BEFORE[LIST]
    assert (root / LIST).stat().st_mode & 0o777 == 0o640


def test_a_file_that_changed_after_planning_is_not_touched(root: Path, state: Path) -> None:
    plan = _plan(root)
    (root / STANZAS).write_bytes(b"# new\n")
    before = _snapshot(root)

    with pytest.raises(XprovError, match="while xprov was at work"):
        apply(plan, state)
    assert _snapshot(root) == before


def test_a_link_stays_and_its_end_is_rewritten(root: Path, state: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere/real.list"
    real.parent.mkdir()
    (root / LIST).rename(real)
    (root / LIST).symlink_to(real)

    apply(_plan(root), state)
    assert (root / LIST).is_symlink()
    assert real.read_bytes() == AFTER[LIST]

    undo(state)
    assert (root / LIST).is_symlink()
    assert real.read_bytes() == BEFORE[LIST]
    assert list(real.parent.iterdir()) == [real]


def test_two_names_of_one_file_are_one_change(root: Path, state: Path) -> None:
    (root / STANZAS).unlink()
    (root / STANZAS).symlink_to(root / LIST)
    changes = tuple(FileChange(path=root / name, before=BEFORE[LIST], after=AFTER[LIST]) for name in (LIST, STANZAS))
    plan = _plan(root)

    apply(_with_changes(plan, changes), state)
    assert (root / LIST).read_bytes() == AFTER[LIST]

    undo(state)
    assert (root / LIST).read_bytes() == BEFORE[LIST]
    assert (root / STANZAS).is_symlink()


def test_a_folder_that_xprov_made_goes_again(tmp_path: Path, state: Path) -> None:
    root = tmp_path / "bare"
    (root / "etc/apt").mkdir(parents=True)
    path = root / _own("armhf")
    plan = _with_changes(_plan(root), (FileChange(path=path, before=None, after=b"# x\n"),))

    apply(plan, state)
    assert path.exists()

    undo(state)
    assert list((root / "etc/apt").iterdir()) == []


def test_a_full_disk_leaves_everything_as_it_was(
    root: Path, state: Path, monkeypatch: pytest.MonkeyPatch, full_disk: Callable[[int], None]
) -> None:
    before = _snapshot(root)

    for writes in range(1, 8):
        full_disk(writes)
        with pytest.raises(XprovError, match="No space left on device") as caught:
            apply(_plan(root), state)
        assert caught.value.hint
        monkeypatch.undo()
        assert _snapshot(root) == before, writes
        undo(state)
        assert _snapshot(root) == before, writes


def test_a_full_disk_does_not_stop_an_undo_half_way(
    root: Path, state: Path, monkeypatch: pytest.MonkeyPatch, full_disk: Callable[[int], None]
) -> None:
    before = _snapshot(root)
    apply(_plan(root), state)
    after = _snapshot(root)

    for writes in range(1, 3):
        full_disk(writes)
        with pytest.raises(XprovError, match="No space left on device"):
            undo(state)
        monkeypatch.undo()
        assert _snapshot(root) == after
    undo(state)
    assert _snapshot(root) == before


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let so many files be written to the end, and no more."""

    def arm(writes: int) -> None:
        done: list[int] = []

        def fsync(handle: int) -> None:
            done.append(handle)
            if len(done) >= writes:
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", fsync)

    return arm


def test_what_was_there_is_on_the_disk_before_anything_is_rewritten(
    root: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    replaced = Path.replace

    def replace(path: Path, target: Path) -> Path:
        events.append(f"replace {target.name}")
        return replaced(path, target)

    monkeypatch.setattr(os, "fsync", lambda handle: events.append(f"sync {Path(f'/proc/self/fd/{handle}').resolve()}"))
    monkeypatch.setattr(Path, "replace", replace)
    apply(_plan(root), state)

    rewritten = min(events.index(f"replace {Path(name).name}") for name in BEFORE)
    synced = [event for event in events[:rewritten] if event.startswith("sync")]
    assert [event for event in synced if event.startswith(f"sync {state}/originals/")]
    assert len([event for event in synced if f"{state}/originals/" in event]) == len(BEFORE)
    assert events.index("replace state.json") < events.index(f"sync {state}") < rewritten


def test_a_rename_that_fails_half_way_is_taken_back(root: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _snapshot(root)
    replaced = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if target.name == "debian.sources":
            raise PermissionError(1, "Operation not permitted", str(path), None, str(target))
        return replaced(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(XprovError, match=r"debian\.sources` cannot be written: Operation not permitted"):
        apply(_plan(root), state)
    monkeypatch.undo()

    assert _snapshot(root) == before


def test_an_error_names_the_file_and_not_what_lies_beside_it(
    root: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def refuse(path: str | Path, flags: int, mode: int = 0o777) -> int:
        if Path(path).name.endswith("sources.list"):
            raise OSError(30, "Read-only file system", str(path))
        return opened(path, flags, mode)

    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(XprovError) as caught:
        apply(_plan(root), state)
    assert caught.value.message == f"`{root / LIST}` cannot be written: Read-only file system"


def test_without_links_a_copy_is_kept(root: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _target: Path) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    before = _snapshot(root)

    apply(_plan(root), state)
    assert (root / LIST).read_bytes() == AFTER[LIST]
    undo(state)

    assert _snapshot(root) == before


@pytest.mark.parametrize("folder", ["state", "state/apt", "state/apt/originals"])
def test_a_state_that_cannot_be_kept_stops_before_anything_is_done(root: Path, tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("a file, where a folder belongs")
    before = _snapshot(root)

    with pytest.raises(XprovError, match="cannot be written"):
        apply(_plan(root), tmp_path / "state/apt")
    assert _snapshot(root) == before


def test_a_state_that_is_broken_is_named(root: Path, state: Path) -> None:
    apply(_plan(root), state)
    (state / "state.json").write_text("{")

    with pytest.raises(XprovError, match=r"state\.json` cannot be read"):
        undo(state)


def test_a_state_of_another_version_is_not_guessed_at(root: Path, state: Path) -> None:
    apply(_plan(root), state)
    text = (state / "state.json").read_text()
    (state / "state.json").write_text(text.replace('"version": 1', '"version": 2'))

    with pytest.raises(XprovError, match="another version"):
        undo(state)


def test_an_original_that_is_lost_is_named(root: Path, state: Path) -> None:
    apply(_plan(root), state)
    for original in (state / "originals").iterdir():
        original.write_bytes(b"spoilt")
    after = _snapshot(root)

    with pytest.raises(XprovError, match="is not in"):
        undo(state)
    assert _snapshot(root) == after


def test_architectures_and_packages_are_remembered_until_forgotten(state: Path) -> None:
    record_architecture(state, "armhf")
    record_architecture(state, "armhf")
    record_packages(state, "armhf", ("libc6", "libasound2"))
    record_packages(state, "armhf", ("libasound2", "libudev1"))
    record_packages(state, "arm64", ("libc6",))

    assert read_state(state).architectures == ("armhf",)
    assert read_state(state).packages == {"armhf": ("libc6", "libasound2", "libudev1"), "arm64": ("libc6",)}

    forget_architecture(state, "armhf")
    assert read_state(state).architectures == ()
    assert read_state(state).packages == {"arm64": ("libc6",)}


def test_nothing_is_remembered_where_nothing_was_done(state: Path) -> None:
    assert read_state(state).files == ()
    assert not state.exists()


# What is killed is a child process, in which every operation on a file is counted as Python announces it (PEP 578).
_OPERATIONS = ("open", "os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "os.chmod", "fcntl.flock")


def _killed_at(step: int, action: Callable[[], object]) -> bool:
    """Run `action` in a child that dies before its operation number `step`. Return whether it came to that."""
    child = os.fork()
    if child == 0:
        count = 0

        def watch(event: str, _arguments: tuple[object, ...]) -> None:
            nonlocal count
            if event in _OPERATIONS:
                count += 1
                if count == step:
                    os._exit(KILLED)

        sys.addaudithook(watch)
        action()
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, KILLED)
    return status == KILLED


def _each_kill(
    tmp_path: Path, begin: Callable[[Path, Path], None], action: Callable[[Path, Path], object]
) -> Iterator[tuple[Path, Path]]:
    step = 0
    while True:
        step += 1
        root, state = _machine(tmp_path / f"machine{step}"), tmp_path / f"state{step}"
        begin(root, state)
        if not _killed_at(step, partial(action, root, state)):
            return
        yield root, state


def _is_whole(root: Path) -> bool:
    return all((root / name).read_bytes() in (BEFORE[name], AFTER[name]) for name in BEFORE)


def test_killed_at_any_operation_of_a_run_an_undo_puts_everything_back(tmp_path: Path) -> None:
    before = _snapshot(_machine(tmp_path / "first"))
    kills = 0
    for root, state in _each_kill(tmp_path, lambda *_: None, lambda root, state: apply(_plan(root), state)):
        assert _is_whole(root)
        undo(state)
        assert _snapshot(root) == before
        kills += 1
    assert kills > 20


def test_killed_at_any_operation_of_a_run_the_next_run_succeeds(tmp_path: Path) -> None:
    first = _machine(tmp_path / "first")
    before = _snapshot(first)
    apply(_plan(first), tmp_path / "state")
    after = _snapshot(first)
    for root, state in _each_kill(tmp_path, lambda *_: None, lambda root, state: apply(_plan(root), state)):
        apply(_plan(root), state)
        assert _snapshot(root) == after
        undo(state)
        assert _snapshot(root) == before


def test_killed_at_any_operation_of_an_undo_the_next_undo_succeeds(tmp_path: Path) -> None:
    before = _snapshot(_machine(tmp_path / "first"))
    kills = 0
    for root, state in _each_kill(
        tmp_path, lambda root, state: apply(_plan(root), state), lambda _root, state: undo(state)
    ):
        assert _is_whole(root)
        undo(state)
        assert _snapshot(root) == before
        kills += 1
    assert kills > 20


def test_killed_at_any_operation_of_an_undo_the_next_run_succeeds(tmp_path: Path) -> None:
    before = _snapshot(_machine(tmp_path / "first"))
    for root, state in _each_kill(
        tmp_path, lambda root, state: apply(_plan(root), state), lambda _root, state: undo(state)
    ):
        apply(_plan(root), state)
        undo(state)
        assert _snapshot(root) == before


def _with_changes(plan: SourcesPlan, changes: tuple[FileChange, ...]) -> SourcesPlan:
    return SourcesPlan(
        target=plan.target,
        native=plan.native,
        changes=changes,
        relies_on=tuple(change.path for change in changes),
        foreign=(),
        moved=(),
        beside=(),
        notes=(),
        unserved=(),
    )
