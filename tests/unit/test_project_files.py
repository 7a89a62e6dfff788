"""The project's files: lines of keys, edits that keep the rest, and which folder is the package."""

from pathlib import Path

import pytest
from tests.unit.projects import write_project

from xprov.errors import UsageError, XprovError
from xprov.project.edit import Edit, apply_all, diff
from xprov.project.layout import find_layout
from xprov.project.tomlfile import read_toml_file

TEXT = """\
# a comment
[dependencies]
pyo3 = "0.26"   # [not a header]

[dependencies.alsa]
version = "1"
[target.'cfg(unix)'.dependencies]
"quoted" = "1"
dotted.key = "1"
[[bin]]
name = "a"
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("dependencies",), 2),
        (("dependencies", "pyo3"), 3),
        (("dependencies", "alsa"), 5),
        (("dependencies", "alsa", "version"), 6),
        (("target", "cfg(unix)", "dependencies"), 7),
        (("target", "cfg(unix)", "dependencies", "quoted"), 8),
        (("target", "cfg(unix)", "dependencies", "dotted", "key"), 9),
        (("dependencies", "missing"), 2),
        (("missing",), 1),
    ],
)
def test_a_key_is_found_in_its_line(tmp_path: Path, keys: tuple[str, ...], line: int) -> None:
    (tmp_path / "Cargo.toml").write_text(TEXT)

    assert read_toml_file(tmp_path / "Cargo.toml").line(*keys) == line


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", '[tool.maturin]\nfeatures = ["python"]\n'),
        ("[tool.maturin]\nstrip = true # yes\n", '[tool.maturin]\nstrip = true # yes\nfeatures = ["python"]\n'),
        ("[tool.maturin]\nfeatures = ['a'] # b\n", "[tool.maturin]\nfeatures = ['a', \"python\"] # b\n"),
        ("[tool.maturin]\nfeatures = ['python']\n", "[tool.maturin]\nfeatures = ['python']\n"),
        ("[tool.ruff]\nline-length = 1\n", '[tool.ruff]\nline-length = 1\n[tool.maturin]\nfeatures = ["python"]\n'),
    ],
)
def test_an_edit_leaves_all_else_as_it_was_written(text: str, after: str) -> None:
    edit = Edit(file=Path("pyproject.toml"), keys=("tool", "maturin", "features"), values=("python",))

    assert edit.apply(text).replace("\n\n", "\n").lstrip() == after


def test_an_edit_of_what_is_no_list_is_refused() -> None:
    edit = Edit(file=Path("pyproject.toml"), keys=("tool", "maturin", "features"), values=("python",))

    with pytest.raises(XprovError, match=r"`tool.maturin.features` is no list of strings"):
        edit.apply("[tool.maturin]\nfeatures = 'python'\n")
    with pytest.raises(XprovError, match="is no table"):
        edit.apply("tool = 1\n")


def test_edits_of_one_file_come_together(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.maturin]\n")
    keys = ("tool", "maturin")
    edits = [
        Edit(file=file, keys=(*keys, "features"), values=("python",)),
        Edit(file=file, keys=(*keys, "exclude"), values=("a", "b")),
    ]

    ((before, after),) = apply_all(edits).values()

    assert (before, after) == ("[tool.maturin]\n", '[tool.maturin]\nfeatures = ["python"]\nexclude = ["a", "b"]\n')
    assert "+features = [" in diff(edits[0], before, "pyproject.toml")


@pytest.mark.parametrize(
    ("files", "packages"),
    [
        ({}, []),
        ({"demo/__init__.py": ""}, ["demo"]),
        ({"demo/Cargo.toml": ""}, []),
        ({"pyproject.toml": "[tool.maturin]\npython-source = 'py'\n", "py/demo/__init__.py": ""}, ["py/demo"]),
        ({"pyproject.toml": "[tool.maturin]\nmodule-name = 'pkg._demo'\n", "pkg/__init__.py": ""}, ["pkg"]),
        (
            {"pyproject.toml": "[tool.maturin]\npython-packages = ['one']\n", "demo/a.py": "", "one/a.py": ""},
            ["demo", "one"],
        ),
        ({"rust/Cargo.toml": "[package]\nname = 'demo'\n", "src/demo/__init__.py": ""}, ["src/demo"]),
    ],
)
def test_the_package_is_where_maturin_has_it(tmp_path: Path, files: dict[str, str], packages: list[str]) -> None:
    write_project(tmp_path, files)

    assert [str(path.relative_to(tmp_path)) for path in find_layout(tmp_path).packages] == packages


def test_a_folder_without_a_package_of_cargo_s_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no project that maturin builds"):
        find_layout(tmp_path)
    (tmp_path / "Cargo.toml").write_text("[workspace]\nmembers = []\n")
    with pytest.raises(UsageError, match="is a workspace without a package of its own"):
        find_layout(tmp_path)
    (tmp_path / "Cargo.toml").write_text("[workspace\n")
    with pytest.raises(UsageError, match="is not TOML"):
        find_layout(tmp_path)
