"""The context that an image with libraries is built from: the same bytes for the same home, whoever packs it, when."""

from __future__ import annotations

import io
import json
import os
import tarfile
from dataclasses import replace
from typing import IO, TYPE_CHECKING

from xprov.containers.baked import HOME
from xprov.environment import Link, Text, render_home_env, render_target_files
from xprov.errors import XprovError
from xprov.provision import FILE, read_provision

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from xprov.environment import Environment, File

DOCKERFILE = "Dockerfile"

# The files of an image have one time: 1980, the earliest that a zip file, and so a wheel, can say.
_TIME = 315532800
_BAKED = "baked"


def write_context(file: IO[bytes], dockerfile: str, home: Path, environment: Environment, lock: str) -> None:
    """Write to `file`, as a tar archive, the Dockerfile and the target's folder of `home` as an image has it.

    What lies below `baked` is copied to the root. Paths are those of the image, and of where and how it was provisioned
    nothing is told: that is another for each who makes the image.
    """
    name = environment.target.name
    made = {
        **render_target_files(environment, HOME / name),
        FILE: Text(text=_provision(home / name)),
        "xprov.lock": Text(text=lock),
    }
    entries: dict[str, Path | File] = {
        **{f"{HOME}/{name}/{path}": source for path, source in _files(home / name)},
        **{f"{HOME}/{name}/{path}": text for path, text in made.items()},
        f"{HOME}/env": Text(text=render_home_env(HOME)),
    }
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, DOCKERFILE, Text(text=dockerfile))
        for folder in _folders(entries):
            tar.addfile(_entry(folder, tarfile.DIRTYPE, 0o755))
        for path, source in sorted(entries.items()):
            _add(tar, f"{_BAKED}{path}", source)


def _provision(folder: Path) -> str:
    provision = read_provision(folder)
    if provision is None:
        raise XprovError(f"`{folder}` is gone: something else has removed it", hint="run it again")
    packages = tuple(replace(package, origin=None) for package in provision.packages)
    return json.dumps(replace(provision, inputs=None, packages=packages).as_json(), indent=2) + "\n"


def _files(folder: Path, below: str = "") -> Iterator[tuple[str, Path]]:
    """Yield what is in `folder`, but folders, by its path in it."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(folder / entry.name, f"{below}{entry.name}/")
            else:
                yield f"{below}{entry.name}", folder / entry.name


def _folders(entries: Mapping[str, object]) -> list[str]:
    found = {_BAKED}
    for path in entries:
        folder = path.rpartition("/")[0]
        while folder:
            found.add(f"{_BAKED}{folder}")
            folder = folder.rpartition("/")[0]
    return sorted(found)


def _add(tar: tarfile.TarFile, name: str, source: Path | File) -> None:
    match source:
        case Text():
            data = source.text.encode()
            entry = _entry(name, tarfile.REGTYPE, 0o755 if source.executable else 0o644)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        case Link():
            _add_link(tar, name, source.to)
        case _ if source.is_symlink():
            _add_link(tar, name, str(source.readlink()))
        case _:
            _add_file(tar, name, source)


def _add_link(tar: tarfile.TarFile, name: str, to: str) -> None:
    entry = _entry(name, tarfile.SYMTYPE, 0o777)
    entry.linkname = to
    tar.addfile(entry)


def _add_file(tar: tarfile.TarFile, name: str, source: Path) -> None:
    with source.open("rb") as content:
        stat = os.fstat(content.fileno())
        entry = _entry(name, tarfile.REGTYPE, 0o755 if stat.st_mode & 0o100 else 0o644)
        entry.size = stat.st_size
        tar.addfile(entry, content)


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    """Return the entry for `name`, which is root's."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.mtime = kind, mode, _TIME
    return entry
