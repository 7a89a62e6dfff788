"""Measured floors get into a recipe without another byte of it changing."""

import os
from pathlib import Path

import pytest
from tests.unit.recipes import write_recipe

from xprov.catalog import load_catalog
from xprov.errors import XprovError
from xprov.recipe import FloorHint, Recipe, read_recipe
from xprov.recipe_floors import require_writable, with_floors, write_floors
from xprov.suite_choice import find_named_suite

BEFORE = """\
[floors]
# An older measurement.
"debian:bookworm" = { armhf = "2.33", s390x = "2.34" }

[check]"""

TRAP = '''
[[traps]]
what = "It fails."
reason = """
[floors]
of the machine."""
'''


def hint(suite: str, architecture: str, *version: int) -> FloorHint:
    return FloorHint(suite=suite, architecture=architecture, version=version)


def recipe_of(folder: Path, *changes: tuple[str, str]) -> Recipe:
    return read_recipe(write_recipe(folder, "foo", *changes))


def test_floors_are_added_at_the_end_in_the_order_of_the_suites(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path)
    before = recipe.file.read_text()

    assert write_floors(recipe, [hint("debian:trixie", "armhf", 2, 38), hint("debian:bookworm", "armhf", 2, 34)])

    assert recipe.file.read_text() == (
        before + "\n[floors]\n# Measured by `xprov suites --measure`.\n"
        '"debian:bookworm" = { armhf = "2.34" }\n"debian:trixie" = { armhf = "2.38" }\n'
    )


def test_what_was_not_measured_again_stays(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, ("[check]", BEFORE))

    write_floors(recipe, [hint("debian:bookworm", "armhf", 2, 34)])

    after = read_recipe(recipe.file)
    assert after.floor_hint("debian:bookworm", "armhf") == (2, 34)
    assert after.floor_hint("debian:bookworm", "s390x") == (2, 34)


def test_the_table_is_rewritten_where_it_stands_and_nothing_else_is(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, ("[check]", BEFORE))
    head, _, tail = recipe.file.read_bytes().partition(BEFORE.encode())

    write_floors(recipe, [hint("debian:bookworm", "arm64", 2, 34)])

    after = recipe.file.read_bytes()
    assert after.startswith(head + b"[floors]\n")
    assert after.endswith(b" }\n\n[check]" + tail)


def test_the_same_measurement_changes_nothing(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path)
    measured = [hint("debian:bookworm", "armhf", 2, 34)]
    write_floors(recipe, measured)
    stamp = recipe.file.stat()

    assert not write_floors(read_recipe(recipe.file), measured)
    assert (recipe.file.stat().st_ino, recipe.file.stat().st_mtime_ns) == (stamp.st_ino, stamp.st_mtime_ns)


def test_the_rights_of_the_file_stay(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path)
    recipe.file.chmod(0o640)

    write_floors(recipe, [hint("debian:bookworm", "armhf", 2, 34)])

    assert recipe.file.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["foo.toml"]


def test_a_text_that_looks_like_the_table_is_not_taken_for_it(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, ('link = ["foo"]\n', f'link = ["foo"]\n{TRAP}\n{BEFORE.removesuffix("[check]")}'))

    write_floors(recipe, [hint("debian:bookworm", "armhf", 2, 34)])

    after = read_recipe(recipe.file)
    assert after.traps == recipe.traps
    assert after.floor_hint("debian:bookworm", "armhf") == (2, 34)
    assert recipe.file.read_text().count("An older measurement") == 0


def test_floors_that_are_written_as_many_tables_are_left_alone(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, ("[check]", '[floors."debian:bookworm"]\narmhf = "2.33"\n\n[check]'))

    with pytest.raises(XprovError, match="without a change to the rest"):
        write_floors(recipe, [hint("debian:bookworm", "armhf", 2, 34)])

    assert read_recipe(recipe.file) == recipe


def test_without_a_line_end_at_the_end_the_table_still_starts_a_line() -> None:
    after = with_floors('library = "foo"', [hint("debian:bookworm", "armhf", 2, 34)])

    assert after.startswith('library = "foo"\n\n[floors]\n')


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_recipe_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path)
    recipe.file.chmod(0o444)

    with pytest.raises(XprovError, match=r"foo.toml` cannot be written"):
        require_writable([recipe])


def test_a_recipe_that_is_gone_is_refused(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path)
    recipe.file.unlink()

    with pytest.raises(XprovError, match=r"foo.toml` cannot be written"):
        require_writable([recipe])


def test_no_recipe_says_that_a_library_needs_more_than_its_suite_has() -> None:
    wrong = [
        f"{recipe.library}: {hint.suite} {hint.architecture}"
        for recipe in load_catalog([]).recipes()
        for hint in recipe.floors
        if hint.version > (find_named_suite(hint.suite).glibc_version or ())
    ]

    assert wrong == []


def test_every_recipe_was_measured_where_suites_are_chosen_from_most_often() -> None:
    places = [(suite, target) for suite in ("bullseye", "bookworm", "trixie") for target in ("armhf", "arm64")]

    missing = [
        f"{recipe.library}: {suite} {target}"
        for recipe in load_catalog([]).recipes()
        for suite, target in places
        if recipe.floor_hint(f"debian:{suite}", target) is None
    ]

    assert missing == []
