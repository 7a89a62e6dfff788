"""What of this machine a build in a container stands on: the project's folders, and those kept between runs."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from xprov.engine import Mount
from xprov.errors import UsageError
from xprov.project.gather import configs_of, target_folder_of, top_of
from xprov.project.layout import find_layout
from xprov.project.manifest import find_workspace
from xprov.records import dataclass
from xprov.settings import folders_up, is_top
from xprov.store import writing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xprov.cache import Cache
    from xprov.engine import Image
    from xprov.project.tomlfile import TomlFile
    from xprov.target import Target

_WHEELS = "wheels"
_MATURIN = "maturin"
_KEPT_OF_CARGO = ("registry", "git")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """Folders of the project: `top` is mounted, the command runs in `folder`, `target` is cargo's, None without one.

    `requirement` is which maturin builds it, as pip is told.
    """

    folder: Path
    top: Path
    target: Path | None
    requirement: str = _MATURIN


def find_ground(folder: Path) -> Ground:
    """Return the folders of the project that `folder` is in. Raises `UsageError` when that is no folder for a mount."""
    folder = folder.resolve()
    top = next((above for above in folders_up(folder) if is_top(above)), None)
    try:
        layout = find_layout(folder)
    except UsageError:
        # A command may be about something else than a crate.
        return _checked(Ground(folder=folder, top=top or folder, target=None))
    workspace = find_workspace(layout.manifest)
    home = workspace.path.parent if workspace else layout.manifest.path.parent
    top = top or top_of(folder, home)
    # What is configured above the checkout does not count where the checkout alone is mounted.
    configs = (file for file in configs_of(layout.folder, {}) if file.path.is_relative_to(top))
    target = target_folder_of(home, configs, {})
    return _checked(Ground(folder=folder, top=top, target=target, requirement=_requirement(layout.pyproject)))


def _requirement(pyproject: TomlFile | None) -> str:
    """Return what the build system asks for."""
    asked = pyproject.texts("build-system", "requires") if pyproject else ()
    return next((word for word in asked if word.startswith(_MATURIN)), _MATURIN)


def _checked(ground: Ground) -> Ground:
    if ground.top == ground.top.parent:
        raise UsageError(
            "the folder to mount would be `/`, the whole machine", hint="go into the project's folder first"
        )
    return ground


def mounts(ground: Ground, cache: Cache, image: Image, target: Target) -> tuple[Mount, ...]:
    """Return what a container gets to write to, and make the folders that are to be kept.

    Each is where it is here, so that what a build says of a file is true here too. cargo's target folder is one for
    the image alone, since cargo compiles all anew where another compiler has been; the wheels in it are the project's.
    """
    kept = [(cache.path / "cargo" / name, f"{_cargo_home(image.environ)}/{name}") for name in _KEPT_OF_CARGO]
    found = [Mount(source=ground.top, place=str(ground.top))]
    with writing(cache.path):
        for source, place in kept:
            source.mkdir(parents=True, exist_ok=True)
            found.append(Mount(source=source, place=place))
        if ground.target is not None:
            found += _target_mounts(ground.target, cache.path / "targets" / _key(ground.target, image, target))
    return tuple(found)


def _target_mounts(target: Path, kept: Path) -> list[Mount]:
    wheels = target / _WHEELS
    (kept / _WHEELS).mkdir(parents=True, exist_ok=True)
    _make_theirs(wheels)
    return [Mount(source=kept, place=str(target)), Mount(source=wheels, place=str(wheels))]


def _make_theirs(folder: Path) -> None:
    """Make a folder of the project's, which belongs to whom the folder above does: `sudo` may have been typed."""
    if folder.is_dir():
        return
    _make_theirs(folder.parent)
    folder.mkdir(exist_ok=True)
    above = folder.parent.stat()
    if os.geteuid() == 0:
        os.chown(folder, above.st_uid, above.st_gid)


def _key(folder: Path, image: Image, target: Target) -> str:
    return hashlib.sha256(f"{folder}\0{image.id}\0{target.name}".encode()).hexdigest()[:16]


def _cargo_home(environ: Mapping[str, str]) -> str:
    return environ.get("CARGO_HOME") or f"{environ.get('HOME', '/root')}/.cargo"
