"""All that the checks judge by, as plain data: the project, the environment, the machine, what is provisioned."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from xprov.project.command import UNKNOWN
from xprov.project.layout import MATURIN
from xprov.project.platform import applies
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from xprov.environment.model import View
    from xprov.project.command import Command
    from xprov.project.layout import Layout
    from xprov.project.lock import CargoLock
    from xprov.project.package import Graph, Package
    from xprov.project.tomlfile import TomlFile
    from xprov.provision import Provision
    from xprov.recipe import Recipe
    from xprov.target import Target
    from xprov.toolchain import Toolchain


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A project, read once. `top` is the checkout's folder, by which files are named.

    `own` is the package as its Cargo.toml has it, with the lines; `graph` is all that it may take. `target_folder` is
    cargo's. `built` are wheels and sdists below the package's folders, but for those that git ignores; `ignored` are
    folders of which git ignores all that is written there. `variables` are those that the files with commands speak of.
    """

    top: Path
    layout: Layout
    own: Package
    graph: Graph
    lock: CargoLock | None
    configs: tuple[TomlFile, ...]
    commands: tuple[Command, ...]
    target_folder: Path
    built: tuple[Path, ...] = ()
    ignored: frozenset[Path] = frozenset()
    variables: frozenset[str] = frozenset()

    def maturin(self, key: str) -> object:
        """Return what `[tool.maturin]` says at `key`, or None."""
        return self.layout.pyproject.at(*MATURIN, key) if self.layout.pyproject else None

    @property
    def is_built_by_maturin(self) -> bool:
        """Whether maturin builds it, as far as the files say: not another backend, like setuptools-rust."""
        pyproject = self.layout.pyproject
        backend = pyproject.at("build-system", "build-backend") if pyproject else None
        if backend is None or "maturin" in str(backend) or (pyproject and pyproject.at(*MATURIN) is not None):
            return True
        return any(self.own_commands("build", "develop", "publish"))

    def own_commands(self, *verbs: str) -> Iterable[Command]:
        """Return the commands that build this project, those of another package of the checkout left out."""
        return (command for command in self.commands if command.verb in verbs and self._is_of(command))

    def _is_of(self, command: Command) -> bool:
        manifest = command.values("manifest")
        if manifest:
            return UNKNOWN in manifest[-1] or (command.folder / manifest[-1]).resolve() == self.layout.manifest.path
        return UNKNOWN in str(command.folder) or command.folder.resolve() == self.layout.folder


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What there is on this machine: `programs` by name, of those that matter; variables that name what is `missing`.

    `libraries` are those of its own that its C compiler links by name, of those that matter.

    `absent_linkers` are those that cargo's configuration names and that are not there. `toolchain` is the C compiler of
    the target; `links_by_cc` is whether plain `cc`, which Rust takes where no linker is named, links for it too.
    `has_std` is whether Rust's library is there for it, None without rustc.
    """

    programs: Mapping[str, Path] = field(default_factory=dict)
    libraries: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    absent_linkers: frozenset[str] = frozenset()
    toolchain: Toolchain | None = None
    links_by_cc: bool = False
    has_std: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """The facts of one run. `target` is what is built for, `is_cross` whether that is another machine than this.

    `libraries` is the folder with what is set up for the target, or where it would be, `view` the view that build tools
    are pointed at, or would be.
    """

    project: Project
    target: Target
    is_cross: bool
    environ: Mapping[str, str]
    machine: Machine
    provision: Provision | None
    libraries: Path
    view: View
    recipes: tuple[Recipe, ...]

    def target_settings(self, key: str) -> Iterator[object]:
        """Yield what cargo's configuration says at `key` of those tables `[target.X]` that count for the target."""
        for config in self.project.configs:
            for platform in config.table("target"):
                setting = config.at("target", platform, key)
                if setting and applies(platform, self.target):
                    yield setting
