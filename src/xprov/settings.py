"""What `xprov.toml` says: the settings that a project keeps in its repository."""

from collections.abc import Iterator
from pathlib import Path

from xprov.records import dataclass
from xprov.toml import read_toml

NAME = "xprov.toml"

# A folder that has one of these is the top of a checkout: what lies above belongs to somebody else.
_TOPS = (".git", ".hg", ".jj", ".svn")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings, and the file they stand in. `recipes` are folders with recipes of the project's own."""

    recipes: tuple[Path, ...] = ()
    file: Path | None = None


def find_settings(start: Path) -> Settings:
    """Return what the nearest `xprov.toml` says, from the folder `start` up to the top of its checkout.

    Without one all settings are as they are by default. Raises `UsageError` when the file is not right.
    """
    for folder in folders_up(start):
        file = folder / NAME
        if file.is_file():
            return read_settings(file)
    return Settings()


def folders_up(start: Path) -> Iterator[Path]:
    """Yield the folder `start` and those above it, up to the top of its checkout: in none, up to the root."""
    for folder in (start, *start.parents):
        yield folder
        if is_top(folder):
            return


def is_top(folder: Path) -> bool:
    """Return whether `folder` is the top of a checkout."""
    return any((folder / top).exists() for top in _TOPS)


def read_settings(file: Path) -> Settings:
    """Return what `file` says; folders are relative to it. Raises `UsageError` that names the key that is not right."""
    table = read_toml(file)
    settings = Settings(
        recipes=tuple(file.parent / Path(folder).expanduser() for folder in table.optional_texts("recipes")), file=file
    )
    table.end()
    return settings
