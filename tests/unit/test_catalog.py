"""Recipes are found by every word that somebody may know a library by."""

from pathlib import Path

import pytest
from tests.unit.recipes import write_recipe

from xprov.catalog import Catalog, built_in_folder, load_catalog
from xprov.errors import UsageError


def catalog_of(*files: Path) -> Catalog:
    return Catalog({file.stem: file for file in files})


def test_libraries_stand_in_the_order_of_the_alphabet(tmp_path: Path) -> None:
    catalog = catalog_of(write_recipe(tmp_path, "foo"), write_recipe(tmp_path, "bar"))

    assert catalog.libraries == ("bar", "foo")
    assert [recipe.library for recipe in catalog.recipes()] == ["bar", "foo"]


def test_only_the_recipe_that_is_asked_for_is_read(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("this is not TOML")
    catalog = catalog_of(write_recipe(tmp_path, "foo"), broken)

    assert catalog.recipe("foo").library == "foo"
    with pytest.raises(UsageError, match=r"broken.toml` is not TOML"):
        catalog.recipe("broken")


def test_a_recipe_is_read_once(tmp_path: Path) -> None:
    catalog = catalog_of(write_recipe(tmp_path, "foo"))

    assert catalog.recipe("foo") is catalog.recipe("foo")


def test_a_recipe_is_found_by_module_and_by_crate(tmp_path: Path) -> None:
    catalog = catalog_of(write_recipe(tmp_path, "foo"), write_recipe(tmp_path, "bar"))

    assert catalog.by_module("foo-1.0") is catalog.recipe("foo")
    assert catalog.by_crate("bar-sys") is catalog.recipe("bar")
    assert (catalog.by_module("foo"), catalog.by_crate("foo")) == (None, None)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("alsa-lib", "did you mean `alsa`?"),
        ("also", "did you mean `alsa`?"),
        ("dbus-1", "`dbus-1` is a pkg-config module of `dbus`: did you mean `dbus`?"),
        ("libudev", "`libudev` is a pkg-config module of `udev`: did you mean `udev`?"),
        ("ssl", "`ssl` is the linker's name of `openssl`: did you mean `openssl`?"),
        ("alsa-sys", "`alsa-sys` is a crate of `alsa`: did you mean `alsa`?"),
        ("libasound2-dev", "`libasound2-dev` is a package of `alsa`: did you mean `alsa`?"),
        ("ALSA", "did you mean `alsa`?"),
        ("libz", "`libz` is the linker's name of `zlib`: did you mean `zlib`?"),
        ("gtk4", "xprov knows alsa, dbus, openssl, udev, xkbcommon, zlib; `xprov list` says more"),
    ],
)
def test_an_unknown_library_is_told_what_was_meant(word: str, hint: str) -> None:
    with pytest.raises(UsageError, match=f"there is no recipe for a library `{word}`") as caught:
        load_catalog([]).recipe(word)

    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("change", "claim"),
    [(("bar-1.0", "foo-1.0"), "the module `foo-1.0`"), (("bar-sys", "foo-sys"), "the crate `foo-sys`")],
)
def test_two_recipes_cannot_claim_the_same(tmp_path: Path, change: tuple[str, str], claim: str) -> None:
    files = [write_recipe(tmp_path, "bar", change), write_recipe(tmp_path, "foo")]

    with pytest.raises(UsageError, match=claim) as caught:
        catalog_of(*files).recipes()

    assert all(str(file) in caught.value.message for file in files)


def test_a_users_recipe_is_added_to_xprovs_own(tmp_path: Path) -> None:
    catalog = load_catalog([write_recipe(tmp_path, "foo").parent])

    assert {"alsa", "foo"} <= set(catalog.libraries)
    assert catalog.replaced == ()


def test_a_users_recipe_takes_the_place_of_xprovs_own(tmp_path: Path) -> None:
    file = write_recipe(tmp_path, "alsa")

    catalog = load_catalog([tmp_path])

    assert catalog.recipe("alsa").file == file
    assert catalog.replaced == (("alsa", file),)


def test_the_last_folder_counts(tmp_path: Path) -> None:
    write_recipe(tmp_path / "first", "foo")
    last = write_recipe(tmp_path / "last", "foo")

    assert load_catalog([tmp_path / "first", tmp_path / "last"]).recipe("foo").file == last


def test_what_is_wrong_in_a_users_folder_is_said_at_once(tmp_path: Path) -> None:
    write_recipe(tmp_path, "foo", ("foo-1.0", "alsa"))

    with pytest.raises(UsageError, match="the module `alsa` is claimed by") as caught:
        load_catalog([tmp_path])

    assert "name the file `alsa.toml`" in (caught.value.hint or "")


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing` is not a folder"):
        load_catalog([tmp_path / "missing"])


def test_a_folder_without_recipes_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no recipe"):
        load_catalog([tmp_path])


def test_xprovs_own_recipes_are_where_it_looks() -> None:
    assert (built_in_folder() / "alsa.toml").is_file()
