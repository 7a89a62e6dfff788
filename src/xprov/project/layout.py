"""Where the parts of a maturin project are, by maturin's own rules (read in maturin 1.16, `src/project_layout.rs`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.errors import UsageError
from xprov.project.manifest import NAME
from xprov.project.tomlfile import TomlFile, read_toml_file
from xprov.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = "pyproject.toml"
MATURIN = ("tool", "maturin")


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The project's folder and files. `packages` are the folders whose files go into the wheel."""

    folder: Path
    pyproject: TomlFile | None
    manifest: TomlFile
    packages: tuple[Path, ...]


def find_layout(folder: Path) -> Layout:
    """Return where the parts of the project in `folder` are.

    Raises `UsageError` when there is no package of cargo's, or a file is not right.
    """
    file = folder / PYPROJECT
    pyproject = read_toml_file(file) if file.is_file() else None
    manifest = _manifest(folder, pyproject)
    return Layout(
        folder=folder, pyproject=pyproject, manifest=manifest, packages=_packages(folder, pyproject, manifest)
    )


def _manifest(folder: Path, pyproject: TomlFile | None) -> TomlFile:
    named = pyproject.at(*MATURIN, "manifest-path") if pyproject else None
    # A project that is Python's first has its Rust in a folder of its own.
    candidates = [folder / named] if isinstance(named, str) else [folder / "rust" / NAME, folder / NAME]
    path = next((candidate for candidate in candidates if candidate.is_file()), None)
    if path is None:
        raise UsageError(
            f"there is no `{candidates[-1]}`: `{folder}` is no project that maturin builds",
            hint=f"name the folder with its `{PYPROJECT}`",
        )
    manifest = read_toml_file(path)
    if manifest.at("package") is None:
        raise UsageError(
            f"`{path}` is a workspace without a package of its own, which maturin cannot build",
            hint="name the folder of the member that is the Python package",
        )
    return manifest


def _packages(folder: Path, pyproject: TomlFile | None, manifest: TomlFile) -> tuple[Path, ...]:
    python = _python_folder(folder, pyproject)
    own = python / module_name(pyproject, manifest).split(".", maxsplit=1)[0]
    is_crate = (own / NAME).is_file() and not (own / "__init__.py").is_file()
    further = [python / name for name in (pyproject.texts(*MATURIN, "python-packages") if pyproject else ())]
    return tuple(path for path in dict.fromkeys([*([] if is_crate else [own]), *further]) if path.is_dir())


def _python_folder(folder: Path, pyproject: TomlFile | None) -> Path:
    source = pyproject.at(*MATURIN, "python-source") if pyproject else None
    if isinstance(source, str):
        return folder / source
    name = pyproject.at("project", "name") if pyproject else None
    inside = folder / "src" / str(name).replace("-", "_") / "__init__.py"
    return folder / "src" if name and (folder / "rust" / NAME).is_file() and inside.is_file() else folder


def module_name(pyproject: TomlFile | None, manifest: TomlFile) -> str:
    """Return the name of the extension module, with the package that it is in where it is in one."""
    named = [
        pyproject.at(*MATURIN, "module-name") if pyproject else None,
        manifest.at("lib", "name"),
        pyproject.at("project", "name") if pyproject else None,
        manifest.at("package", "name"),
    ]
    # The name of a Python project may have what a module's cannot.
    return str(next(name for name in named if name)).replace("-", "_")
