"""Unpack wheels into a folder, as an installer would place their modules. Nothing of them is run."""

from __future__ import annotations

import re
import stat
import zipfile
from typing import TYPE_CHECKING

from xprov.errors import XprovError
from xprov.wheel.paths import installed, unsafe

if TYPE_CHECKING:
    from pathlib import Path

# What is not for modules: scripts, headers, data.
_ELSEWHERE = re.compile(r"[^/]+\.data/")


def install(wheel: Path, folder: Path) -> None:
    """Unpack the modules of `wheel` below `folder`. Raises `XprovError` when it is not intact, or leads out of it."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                _extract(archive, entry, folder)
    except (OSError, zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise XprovError(f"`{wheel.name}` cannot be unpacked: {error}") from error


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    name = installed(entry.filename)
    if _ELSEWHERE.match(name) or name.endswith("/"):
        return
    if reason := unsafe(name):
        raise XprovError(f"`{entry.filename}` cannot be unpacked: the name {reason}")
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, place.open("wb") as target:
        while chunk := source.read(1 << 20):
            target.write(chunk)
    if (entry.external_attr >> 16) & stat.S_IXUSR:
        place.chmod(0o755)
