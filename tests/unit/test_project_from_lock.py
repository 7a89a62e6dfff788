"""What `--from` finds in a Cargo.lock."""

from pathlib import Path

import pytest
from tests.unit.commands import Xprov
from tests.unit.projects import lock_of
from tests.unit.recipes import write_recipe

from xprov.catalog import load_catalog
from xprov.errors import UsageError
from xprov.project.crates import compiles_its_own, crate_table
from xprov.project.from_lock import find_libraries
from xprov.recipe import read_recipe

RECIPES = [load_catalog([]).recipe(name) for name in ("alsa", "openssl", "zlib")]

# A crate of the table that none of these recipes serves, and what is known of it: any that has not got a recipe since.
KNOWN = next(known for known in crate_table().values() if known.library and known.debian and not known.vendored)
TOLD = f"`{KNOWN.name}`: it binds {KNOWN.library} (Debian: {', '.join(KNOWN.debian)})"


def test_the_libraries_of_a_lock_are_those_whose_crates_link_them(tmp_path: Path) -> None:
    below = {"openssl-sys": ["openssl-src"]}
    lock = lock_of("alsa-sys", "libz-sys", "openssl-sys", "openssl-src", KNOWN.name, "zstd-sys", "serde", below=below)
    (tmp_path / "Cargo.lock").write_text(lock)

    found = find_libraries(tmp_path, RECIPES)

    assert found.libraries == ("alsa", "zlib")
    assert found.without_recipe == (TOLD,)


def test_a_crate_that_loads_its_library_or_compiles_its_own_asks_for_nothing(tmp_path: Path) -> None:
    loads = write_recipe(tmp_path, "loads", ('finds = "pkg-config"', 'finds = "dlopen"'))
    zstd = write_recipe(tmp_path, "zstd")
    (tmp_path / "Cargo.lock").write_text(lock_of("loads-sys", "zstd-sys", "alsa-sys"))

    found = find_libraries(tmp_path, [*RECIPES, read_recipe(loads), read_recipe(zstd)])

    assert found.libraries == ("alsa",)
    assert compiles_its_own(crate_table()["zstd-sys"], None, frozenset({"pkg-config"})) is False


def test_a_lock_without_libraries_is_an_error_that_says_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "Cargo.lock").write_text(lock_of(KNOWN.name, "serde"))

    with pytest.raises(UsageError, match=r"no crate of .* binds a library") as raised:
        find_libraries(tmp_path / "Cargo.lock", RECIPES)

    assert raised.value.hint is not None
    assert TOLD in raised.value.hint


def test_a_lock_that_is_not_there_or_no_lock_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no `"):
        find_libraries(tmp_path, RECIPES)
    (tmp_path / "Cargo.lock").write_text("this is none")
    with pytest.raises(UsageError, match="is not TOML"):
        find_libraries(tmp_path, RECIPES)


def test_a_lock_that_is_not_there_ends_setup_and_lock_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    xprov = Xprov(capsys=capsys)

    seen = [xprov("setup", "armhf", "--from", "Cargo.lock"), xprov("lock", "armhf", "--from", "Cargo.lock")]

    assert [one.code for one in seen] == [2, 2]
    assert [one.err for one in seen] == [
        "error: there is no `Cargo.lock`\n\nhint: `cargo generate-lockfile` writes one\n"
    ] * 2


def test_a_check_of_what_is_locked_takes_no_other_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Cargo.lock").write_text(lock_of("alsa-sys"))

    seen = Xprov(capsys=capsys)("lock", "--check", "--from", "Cargo.lock")

    assert (seen.code, "`--check` looks at what is locked" in seen.err) == (2, True)
