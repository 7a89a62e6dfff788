"""Cargo.lock: every package that any build of the workspace may take, and the line where each stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.project.tomlfile import read_toml_file
from xprov.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedCrate:
    """A package of the lock. `dependencies` are names, with a version where the name alone could be several."""

    name: str
    version: str
    dependencies: tuple[str, ...]
    line: int
    local: bool

    @property
    def id(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class CargoLock:
    """The file at `path`, and the packages in its order."""

    path: Path
    crates: tuple[LockedCrate, ...]

    def find(self, word: str) -> LockedCrate | None:
        """Return the package that `NAME` or `NAME VERSION` means."""
        name, _, rest = word.partition(" ")
        version = rest.partition(" ")[0]
        return next((crate for crate in self.crates if crate.name == name and version in ("", crate.version)), None)


def read_cargo_lock(path: Path) -> CargoLock:
    """Return what the lock at `path` holds. Raises `UsageError` when it is not one."""
    file = read_toml_file(path)
    packages = file.at("package")
    lines = _name_lines(file.text)
    crates = [
        LockedCrate(
            name=package["name"],
            version=str(package.get("version", "")),
            dependencies=_names(package.get("dependencies")),
            line=line,
            local="source" not in package,
        )
        for package, line in zip(packages if isinstance(packages, list) else (), lines, strict=False)
        if isinstance(package, dict) and isinstance(package.get("name"), str)
    ]
    return CargoLock(path=path, crates=tuple(crates))


def _names(dependencies: object) -> tuple[str, ...]:
    return tuple(word for word in dependencies if isinstance(word, str)) if isinstance(dependencies, list) else ()


def _name_lines(text: str) -> list[int]:
    """Return the lines with the name of a package: cargo writes it below `[[package]]`."""
    lines = text.splitlines()
    return [number for number, line in enumerate(lines, 1) if lines[number - 2] == "[[package]]" and "name" in line]
