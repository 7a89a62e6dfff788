"""Where a project's lock is."""

from pathlib import Path

from xprov.lockfile.model import NAME
from xprov.settings import NAME as SETTINGS
from xprov.settings import folders_up, is_top


def find_lock(start: Path) -> Path:
    """Return where the project's lock is, or would be, seen from the folder `start`.

    That is the nearest one up to the top of the checkout, or else beside the nearest `xprov.toml`, whichever comes
    first; else at that top; else in `start`.
    """
    folders = list(folders_up(start))
    for folder in folders:
        if (folder / NAME).is_file() or (folder / SETTINGS).is_file():
            return folder / NAME
    return (folders[-1] if is_top(folders[-1]) else start) / NAME
