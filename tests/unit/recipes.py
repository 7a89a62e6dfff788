"""Write recipes for tests: one that is right, to be changed in one place."""

from pathlib import Path

RECIPE = """\
library = "{library}"
summary = "A library for tests"
modules = ["{library}-1.0"]

[packages]
debian = ["lib{library}-dev"]

[[crates]]
name = "{library}-sys"
links = "{library}"
finds = "pkg-config"

[check]
header = "{library}.h"
symbol = "{library}_new"
link = ["{library}"]
"""


def write_recipe(folder: Path, library: str, *changes: tuple[str, str]) -> Path:
    """Write the recipe of `library` into `folder`, each first text of `changes` replaced by its second."""
    text = RECIPE.format(library=library)
    for old, new in changes:
        assert old in text, f"{old!r} is not in the recipe"
        text = text.replace(old, new)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{library}.toml"
    file.write_text(text, encoding="utf-8")
    return file
