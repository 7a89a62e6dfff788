"""Where configurations lie: below $XPROV_HOME, each under a name of its content's, with one time stamp for all."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from xprov.pyo3.config import InterpreterConfig, file_name, render
from xprov.store import Store, writing

if TYPE_CHECKING:
    from pathlib import Path

TIME_STAMP = 315_532_800
"""1980-01-01, in seconds: the oldest that a zip can hold. cargo runs PyO3's build script again when the file is newer
than the script's last run (`rerun-if-changed`); this one never is, and another content has another name."""

_BEGUN = ".begun-"
# A file that a killed process had begun is nobody's after this, in seconds.
_STALE = 3600.0


def folder_of(store: Store) -> Path:
    """Return the folder of the configurations in `store`."""
    return store.path / "pyo3"


def write_config(store: Store, config: InterpreterConfig) -> Path:
    """Write `config` unless it is there already, and return its path.

    The file appears at once and complete; processes that do so together write the same. Raises `XprovError` when the
    folder cannot be written.
    """
    path, content = folder_of(store) / file_name(config), render(config).encode()
    if _content(path) == content:
        # A copy of the folder may have lost the time. One that is read-only serves as it is.
        with contextlib.suppress(OSError):
            _stamp(path)
        return path
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        _put(path, content)
    return path


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _put(path: Path, content: bytes) -> None:
    import tempfile  # noqa: PLC0415 - slow to import, and nothing is written where all is there

    handle, name = tempfile.mkstemp(prefix=_BEGUN, dir=path.parent)
    begun = path.parent / name
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # Readable by whoever builds, as all else below the home is.
        begun.chmod(0o644)
        _stamp(begun)
        begun.replace(path)
    finally:
        begun.unlink(missing_ok=True)


def _stamp(path: Path) -> None:
    if path.stat().st_mtime != TIME_STAMP:
        os.utime(path, (TIME_STAMP, TIME_STAMP))


def _sweep(folder: Path) -> None:
    """Remove what processes that were killed had begun."""
    for begun in folder.glob(f"{_BEGUN}*"):
        with contextlib.suppress(OSError):
            # Not the time of its content, which may be the one that all have.
            if begun.stat().st_ctime < time.time() - _STALE:
                begun.unlink()
