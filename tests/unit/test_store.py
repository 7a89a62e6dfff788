"""The store: a target's folder is there complete or not at all."""

import fcntl
from pathlib import Path

import pytest

from xprov import store as store_module
from xprov.errors import XprovError
from xprov.store import Store, open_store
from xprov.target import find_target

ARMHF = find_target("armhf")


def _never() -> None:
    pytest.fail("nobody else holds the lock")


def _fill(store: Store, text: str) -> None:
    with store.locked(_never), store.staged(ARMHF) as folder:
        (folder / "provision.json").write_text(text)


def _contents(store: Store) -> list[str]:
    return sorted(path.name for path in store.path.iterdir() if path.name != ".lock")


def test_a_staged_folder_takes_the_targets_place(tmp_path: Path) -> None:
    store = Store(path=tmp_path / "home")

    _fill(store, "one")

    assert (store.folder(ARMHF) / "provision.json").read_text() == "one"
    assert store.provisioned() == (ARMHF,)


@pytest.mark.parametrize("exchange", [True, False])
def test_a_second_one_replaces_the_first_and_leaves_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, exchange: bool
) -> None:
    store = Store(path=tmp_path)
    if not exchange:
        monkeypatch.setattr(store_module, "_exchange", lambda *_paths: False)
    _fill(store, "one")

    _fill(store, "two")

    assert (store.folder(ARMHF) / "provision.json").read_text() == "two"
    assert _contents(store) == ["armhf"]


def test_a_failure_leaves_the_last_complete_state(tmp_path: Path) -> None:
    store = Store(path=tmp_path)
    _fill(store, "one")

    with pytest.raises(TypeError):
        _fill(store, 2)  # type: ignore[arg-type]  # what fails inside the block does not matter

    assert (store.folder(ARMHF) / "provision.json").read_text() == "one"
    assert _contents(store) == ["armhf"]


def test_the_next_run_mends_what_a_killed_one_left(tmp_path: Path) -> None:
    store = Store(path=tmp_path)
    _fill(store, "one")
    # A death between the two renames, on a file system without the exchange.
    store.folder(ARMHF).rename(tmp_path / ".replaced-armhf")
    (tmp_path / ".staging-armhf-x").mkdir()
    (tmp_path / ".staging-env").write_text("half")

    with store.locked(_never):
        pass

    assert (store.folder(ARMHF) / "provision.json").read_text() == "one"
    assert _contents(store) == ["armhf"]


def test_another_process_is_waited_for_and_then_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "LOCK_PATIENCE", 0.0)
    monkeypatch.setattr(store_module, "LOCK_INTERVAL", 0.0)
    told: list[str] = []
    with (tmp_path / ".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        with (
            pytest.raises(XprovError, match="another xprov") as caught,
            Store(path=tmp_path).locked(lambda: told.append("waiting")),
        ):
            pytest.fail("two at once")

    assert told == ["waiting"]
    assert caught.value.hint is not None


def test_a_home_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")

    with pytest.raises(XprovError, match="cannot be written") as caught, Store(path=blocked / "home").locked(_never):
        pass

    assert str(blocked) in caught.value.message
    assert "XPROV_HOME" in (caught.value.hint or "")


def test_the_home_is_where_the_environment_says(tmp_path: Path) -> None:
    assert open_store({"XPROV_HOME": str(tmp_path)}).path == tmp_path
    assert open_store({}).path == Path.home() / ".xprov"
