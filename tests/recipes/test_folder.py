"""What has to hold for every file in `recipes/`, offline. Add a recipe, and these tests are for it too."""

import re

import pytest

from xprov.catalog import built_in_folder, load_catalog
from xprov.recipe import Finds, Recipe, read_recipe

FILES = sorted(built_in_folder().glob("*.toml"))

# Long enough for a sentence, short enough for a line of `xprov list` on a terminal of 120 columns.
LONGEST_SUMMARY = 85


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    """Return each recipe of the folder in turn."""
    return read_recipe(request.param)


def test_the_folder_holds_recipes_and_how_to_write_one() -> None:
    others = [file.name for file in built_in_folder().iterdir() if file.suffix != ".toml"]

    assert len(FILES) >= 6
    assert others == ["README.md"]


def test_no_two_recipes_claim_the_same_module_or_crate() -> None:
    assert len(load_catalog([]).recipes()) == len(FILES)


def test_no_two_recipes_are_linked_by_the_same_name() -> None:
    names = [name for recipe in load_catalog([]).recipes() for name in recipe.check.link]

    assert sorted(names) == sorted(set(names))


def test_the_summary_is_a_line(recipe: Recipe) -> None:
    assert "\n" not in recipe.summary
    assert len(recipe.summary) <= LONGEST_SUMMARY
    assert not recipe.summary.endswith(".")


def test_a_crate_that_asks_pkg_config_has_a_module_to_ask_for(recipe: Recipe) -> None:
    asking = [crate.name for crate in recipe.crates if crate.finds is Finds.PKG_CONFIG]

    assert recipe.modules or not asking


def test_packages_are_written_as_debian_writes_them(recipe: Recipe) -> None:
    # Debian policy 5.6.1: small letters, digits, plus, minus and period.
    wrong = [name for name in recipe.packages.everywhere() if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name)]

    assert wrong == []


def test_the_header_is_relative(recipe: Recipe) -> None:
    assert not recipe.check.header.startswith(("/", "include/", "usr/"))
    assert recipe.check.header.endswith(".h")


def test_names_to_link_are_without_lib_and_so(recipe: Recipe) -> None:
    assert [name for name in recipe.check.link if name.startswith("-l") or ".so" in name or "/" in name] == []


def test_a_trap_is_told_in_sentences(recipe: Recipe) -> None:
    for trap in recipe.traps:
        for text in (trap.what, trap.reason, trap.suggestion):
            assert text is None or (text.strip() == text and text.endswith("."))


def test_a_source_is_an_address(recipe: Recipe) -> None:
    assert [trap.source for trap in recipe.traps if trap.source and not trap.source.startswith("https://")] == []


def test_a_variable_says_which_target_it_is_for(recipe: Recipe) -> None:
    assert [fact.variable for fact in recipe.environment if "{" not in fact.variable] == []


def test_whether_it_may_be_bundled_is_told_in_sentences(recipe: Recipe) -> None:
    for text in (recipe.bundle.reason, recipe.bundle.instead) if recipe.bundle else ():
        assert text is None or (text.strip() == text and text.endswith("."))


def test_what_should_not_be_bundled_says_what_to_do_instead() -> None:
    refused = {recipe.library: recipe.bundle for recipe in load_catalog([]).recipes() if recipe.bundle}

    assert "alsa" in refused
    assert [library for library, bundle in refused.items() if not bundle.allowed and not bundle.instead] == []
