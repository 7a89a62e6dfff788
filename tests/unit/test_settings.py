"""`xprov.toml` is found from inside a project, and read strictly."""

from pathlib import Path

import pytest

from xprov.errors import UsageError
from xprov.settings import Settings, find_settings


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a checkout that is itself inside of a folder with an `xprov.toml`."""
    (tmp_path / "xprov.toml").write_text('recipes = ["not-ours"]\n')
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    return project


def test_folders_are_relative_to_the_file(project: Path) -> None:
    (project / "xprov.toml").write_text('recipes = ["facts", "../shared"]\n')

    found = find_settings(project)

    assert found.recipes == (project / "facts", project / "../shared")
    assert found.file == project / "xprov.toml"


def test_the_file_is_found_from_a_folder_below(project: Path) -> None:
    (project / "xprov.toml").write_text("")
    inside = project / "crates" / "one"
    inside.mkdir(parents=True)

    assert find_settings(inside).file == project / "xprov.toml"


def test_the_nearest_file_counts(project: Path) -> None:
    (project / "xprov.toml").write_text("")
    inside = project / "inside"
    inside.mkdir()
    (inside / "xprov.toml").write_text('recipes = ["facts"]')

    assert find_settings(inside).recipes == (inside / "facts",)


def test_what_lies_above_the_checkout_is_not_read(project: Path) -> None:
    assert find_settings(project) == Settings()


def test_a_folder_without_a_checkout_is_searched_to_the_root(tmp_path: Path) -> None:
    (tmp_path / "xprov.toml").write_text("")
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)

    assert find_settings(inside).file == tmp_path / "xprov.toml"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('recipe = ["a"]', "`recipe` is not a key that is known here", "did you mean `recipes`?"),
        ('recipes = "a"', "`recipes` must be a list, not a string", None),
        ("recipes = [1]", r"`recipes\[1\]` must be a string, not a number", None),
        ('recipes = [""]', r"`recipes\[1\]` is empty", None),
        ("recipes = []\nnext = ?", "is not TOML: .*line 2", None),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(project: Path, text: str, message: str, hint: str | None) -> None:
    file = project / "xprov.toml"
    file.write_text(text)

    with pytest.raises(UsageError, match=message) as caught:
        find_settings(project)

    assert f"`{file}`" in caught.value.message
    assert caught.value.hint == hint


def test_a_file_that_is_not_utf8_is_not_toml(project: Path) -> None:
    (project / "xprov.toml").write_bytes(b"recipes = ['\xff']")

    with pytest.raises(UsageError, match="is not TOML: not UTF-8 at byte 12"):
        find_settings(project)
