"""Write a lock file: the same bytes for the same lock, a line a fact, so that a difference reads well."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.errors import XprovError
from xprov.glibc import format_version
from xprov.lockfile.model import FORM, VIEWS
from xprov.lockfile.reading import known_lock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from xprov.archive.resolution import ResolvedPackage
    from xprov.lockfile.model import Lock, LockedTarget
    from xprov.target import Target

_HEADER = f"""\
# What `xprov setup --locked` uses, exactly this. Keep it in version control; xprov writes it.
# `xprov lock` renews it, `xprov lock --check` says what is newer.
version = {FORM}"""

# A key that needs no quotes (TOML 1.0, "Keys").
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\"}


def update_lock(file: Path, fresh: Iterable[LockedTarget]) -> bool:
    """Put `fresh` into `file`, where other targets stay, and return whether it says anything else than before.

    Raises `UsageError` when the file is damaged, `XprovError` when it cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _alone(file.parent):
            content = render_lock(known_lock(file).with_targets(fresh)).encode()
            if file.is_file() and file.read_bytes() == content:
                return False
            _replace(file, content)
    except OSError as error:
        raise XprovError(
            f"`{file}` cannot be written: {error.strerror or error}", hint="`--lock-file` names another place"
        ) from error
    return True


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let others that write a lock in `folder` wait: what each of them adds has to stay."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Some network file systems know no locks: there they may still meet.
        with contextlib.suppress(OSError):
            fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def _replace(file: Path, content: bytes) -> None:
    # What stands under the name may be a link to where the file really is.
    place = file.resolve()
    with tempfile.TemporaryDirectory(prefix=".xprov-lock-", dir=place.parent) as folder:
        fresh = Path(folder) / place.name
        fresh.write_bytes(content)
        if place.is_file():
            fresh.chmod(place.stat().st_mode & 0o777)
        fresh.replace(place)


def render_lock(lock: Lock) -> str:
    """Return the content of the file."""
    sections = [_HEADER]
    for _, locked in sorted(lock.targets.items()):
        sections.append("\n".join(_target_lines(locked)))
        sections += ["\n".join(_package_lines(locked.target, package)) for package in _sorted(locked.packages)]
    return "\n\n".join(sections) + "\n"


def _sorted(packages: Iterable[ResolvedPackage]) -> list[ResolvedPackage]:
    return sorted(packages, key=lambda package: (package.name, package.architecture))


def _target_lines(locked: LockedTarget) -> Iterator[str]:
    yield f"[target.{locked.target.name}]"
    yield f"libraries = {_texts(sorted(locked.libraries))}"
    yield f"suite = {_text(locked.suite.name)}"
    if locked.glibc:
        yield f"glibc = {_text(format_version(locked.glibc))}"
    yield f"view = {_text(next(word for word, view in VIEWS.items() if view is locked.view))}"
    yield f"asked = {_texts(sorted(locked.asked))}"
    yield ""
    yield f"[target.{locked.target.name}.released]"
    for part, date in sorted(locked.released.items()):
        yield f"{part if _BARE.fullmatch(part) else _text(part)} = {_text(date)}"


def _package_lines(target: Target, package: ResolvedPackage) -> Iterator[str]:
    yield f"[[target.{target.name}.package]]"
    yield f"name = {_text(package.name)}"
    yield f"version = {_text(package.version)}"
    yield f"architecture = {_text(package.architecture)}"
    yield f"part = {_text(package.part)}"
    yield f"path = {_text(package.path)}"
    yield f"size = {package.size}"
    yield f"sha256 = {_text(package.sha256)}"


def _texts(values: Iterable[str]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"


def _text(value: str) -> str:
    """Return `value` as a basic string of TOML 1.0."""
    escaped = "".join(_ESCAPES.get(letter, letter) for letter in value)
    return '"' + "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in escaped) + '"'
