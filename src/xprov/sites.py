"""Where programs run and their files lie: this machine, or a container that has a toolchain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from xprov import process

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from xprov.process import Completed


class Answer(Protocol):
    """A program that was started; as a context it is ended with the block. `process.Running` says the rest."""

    def __enter__(self) -> Answer:  # noqa: PYI034 - Self is newer than Python 3.10
        """Return itself."""

    def __exit__(self, *raised: object) -> None:
        """End it when nobody has waited for it."""

    def result(self, *, check: bool = True) -> Completed:
        """Wait for its end and return what it wrote."""


class Site(Protocol):
    """A place with programs. Paths are those that the programs there know."""

    @property
    def scratch(self) -> Path | None:
        """The folder for short-lived files that xprov and the programs both see by one name; None for any."""

    def find(self, name: str, *, path: str | None) -> Path | None:
        """Return the program `name` in `path` (None: the site's own PATH), or None."""

    def start(self, arguments: Sequence[str | Path], *, stdin: str | None = None) -> Answer:
        """Start a program; the words are those of `process.start`."""

    def resolve(self, path: Path) -> Path:
        """Return `path` without links."""

    def is_folder(self, path: Path) -> bool:
        """Return whether a folder is there."""

    def is_file(self, path: Path) -> bool:
        """Return whether a file is there."""


class _Here:
    """The machine that xprov runs on."""

    scratch = None

    def find(self, name: str, *, path: str | None) -> Path | None:
        return process.find(name, path=path)

    def start(self, arguments: Sequence[str | Path], *, stdin: str | None = None) -> process.Running:
        return process.start(arguments, stdin=stdin)

    def resolve(self, path: Path) -> Path:
        return path.resolve()

    def is_folder(self, path: Path) -> bool:
        return path.is_dir()

    def is_file(self, path: Path) -> bool:
        return path.is_file()


HERE: Site = _Here()
