"""What xprov changed on this machine for its targets: written down before it is done, so that it can be undone.

<folder>/state.json     the files that were rewritten, for whom, and what they held before and after
<folder>/originals/     what they held before, byte for byte, each under its SHA-256
<folder>/lock           one process at a time
"""

import contextlib
import fcntl
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, field, replace
from pathlib import Path
from typing import Any

from xprov.apt.replace import Owner, Replacement, replace_all, sweep, sync_folder, write_durably
from xprov.errors import XprovError
from xprov.records import dataclass

_VERSION = 1
_STATE = "state.json"
_ORIGINALS = "originals"
_LOCK = "lock"


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedFile:
    """A file that xprov rewrote, or made.

    `path` is where apt reads it, `place` where its bytes are (the end of a link). `before` is the SHA-256 of what it
    held first, None for no file, and `owner` who had it. `after` are those of what xprov made it hold since, None
    once it took its own file away again. `targets` still need it. `edited` says that somebody else changed it in
    between, and `folder_made` that xprov made the folder.
    """

    path: str
    place: str
    before: str | None
    after: tuple[str | None, ...]
    targets: tuple[str, ...]
    owner: Owner | None = None
    edited: bool = False
    folder_made: bool = False

    @property
    def known(self) -> tuple[str | None, ...]:
        """The contents that xprov knows: the first, and those that it wrote itself."""
        return (self.before, *self.after)


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """All that is written down.

    `architectures` are those that xprov added to dpkg; `packages` are, by architecture, those that it newly
    installed. Both are for whoever undoes more than the sources.
    """

    files: tuple[SavedFile, ...] = ()
    architectures: tuple[str, ...] = ()
    packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def find(self, path: Path) -> SavedFile | None:
        return next((saved for saved in self.files if saved.path == str(path)), None)


def read_state(folder: Path) -> State:
    """Return what is written down in `folder`; nothing is, where there is no such folder.

    Raises `XprovError` when it cannot be read.
    """
    try:
        return _from_json(json.loads((folder / _STATE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return State()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise XprovError(
            f"`{folder / _STATE}` cannot be read: {error}",
            hint=f"what apt's sources held is in `{folder / _ORIGINALS}`; put it back by hand, then remove `{folder}`",
        ) from error


def write_state(folder: Path, state: State) -> None:
    """Write `state` down, at once or not at all. Raises `XprovError` where that is not possible."""
    content = json.dumps(_to_json(state), indent=2).encode()
    replace_all([Replacement(path=folder / _STATE, content=content)])


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make `folder` and keep other processes out of it. Raises `XprovError` where that is not possible."""
    try:
        (folder / _ORIGINALS).mkdir(parents=True, exist_ok=True)
        lock = (folder / _LOCK).open("w")
    except OSError as error:
        raise XprovError(
            f"`{folder}` cannot be written: {error.strerror}",
            hint="xprov keeps there what it needs to put apt's sources back: it must be root, with room on the disk",
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest(content: bytes | None) -> str | None:
    """Return the SHA-256 of a file's content, None for no file."""
    return None if content is None else hashlib.sha256(content).hexdigest()


def save_original(folder: Path, content: bytes) -> None:
    """Keep `content` until nobody needs it. Raises `OSError` where that is not possible."""
    place = folder / _ORIGINALS / str(digest(content))
    if not place.exists() or place.read_bytes() != content:
        write_durably(place, content)
        sync_folder(place.parent)


def load_original(folder: Path, saved: SavedFile) -> bytes | None:
    """Return what `saved` held first. Raises `XprovError` when that is lost."""
    if saved.before is None:
        return None
    place = folder / _ORIGINALS / saved.before
    try:
        content = place.read_bytes()
    except OSError:
        content = b""
    if digest(content) != saved.before:
        raise XprovError(
            f"what `{saved.path}` held is not in `{place}` any more",
            hint="take the architectures that xprov set out of it by hand",
        )
    return content


def drop_unneeded(folder: Path, state: State) -> None:
    """Take away the originals that `state` does not speak of."""
    needed = {saved.before for saved in state.files}
    for original in (folder / _ORIGINALS).iterdir():
        if original.name not in needed:
            original.unlink(missing_ok=True)
    sweep([folder / _STATE])


def record_architecture(folder: Path, architecture: str) -> None:
    """Write down that xprov is about to add `architecture` to dpkg. Raises `XprovError`."""
    with locked(folder):
        state = read_state(folder)
        architectures = tuple(dict.fromkeys((*state.architectures, architecture)))
        write_state(folder, replace(state, architectures=architectures))


def forget_architecture(folder: Path, architecture: str) -> None:
    """Write down that `architecture` is not xprov's (any more), nor are its packages. Raises `XprovError`."""
    with locked(folder):
        state = read_state(folder)
        architectures = tuple(name for name in state.architectures if name != architecture)
        packages = {name: found for name, found in state.packages.items() if name != architecture}
        write_state(folder, replace(state, architectures=architectures, packages=packages))


def record_packages(folder: Path, architecture: str, names: tuple[str, ...]) -> None:
    """Write down that xprov is about to install `names` for `architecture`. Raises `XprovError`."""
    with locked(folder):
        state = read_state(folder)
        found = tuple(dict.fromkeys((*state.packages.get(architecture, ()), *names)))
        write_state(folder, replace(state, packages={**state.packages, architecture: found}))


def _to_json(state: State) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "files": [asdict(saved) for saved in state.files],
        "architectures": state.architectures,
        "packages": dict(state.packages),
    }


def _from_json(data: Mapping[str, Any]) -> State:
    if data["version"] != _VERSION:
        raise ValueError(f"it was written by another version of xprov (format {data['version']})")
    return State(
        files=tuple(_saved_file(facts) for facts in data["files"]),
        architectures=tuple(data["architectures"]),
        packages={name: tuple(names) for name, names in data["packages"].items()},
    )


def _saved_file(facts: Mapping[str, Any]) -> SavedFile:
    owner = facts["owner"]
    return SavedFile(
        **{
            **facts,
            "after": tuple(facts["after"]),
            "targets": tuple(facts["targets"]),
            "owner": Owner(**owner) if owner else None,
        }
    )
