"""What an environment is made of."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from xprov.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from xprov.target import Target
    from xprov.toolchain import Toolchain


class View(str, Enum):
    """The shapes of a view, by the folder each has below the target's."""

    LIBS = "libs"
    FULL = "sysroot"


class Action(str, Enum):
    """What is done with a variable."""

    SET = "set"
    """Give it the value; another one that is there is replaced, and said."""
    DEFAULT = "set-if-unset"
    """Give it the value where neither it nor one of `inherits` is set."""
    APPEND = "append"
    """Add the value once; where the variable is unset, to the first of `inherits` that is set, else to nothing."""
    DROP_UNLESS = "drop-unless"
    """Unset it, and say so, when the folder that it names does not hold `needs`."""
    WRAP = "wrap"
    """Keep what it names in the variable `keep`, then give it the value: a program that runs what was kept."""
    CLAIM = "claim"
    """Name the folder where maturin looks for what it bundles, if this is the target that is being built for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One variable and what is done with it.

    `value` is a template: `{root}` stands for the target's folder, `{quoted}` for the same as one word of a shell,
    for variables that hold several words. `when_quoted` settings apply only where those two differ. `keep` is for WRAP
    the variable that remembers, for CLAIM a folder that the value includes, so that it replaces it without a word.
    """

    variable: str
    action: Action
    value: str = ""
    inherits: tuple[str, ...] = ()
    needs: str = ""
    keep: str = ""
    reason: str = ""
    when_quoted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """What build tools are told about one target.

    `generation` changes when the packages do, and only then. `recipe_settings` are templates of the recipes: in
    `variable` `{TRIPLE}` and `{triple}` stand for a Rust triple, in upper case and as it is, underscored; in `value`
    `{view}` stands for the view. `image_sysroot` is what TARGET_SYSROOT named when the target was set up. `native` says
    that the target is this machine, whose tools find what its package manager installed by themselves. `zig` says that
    zig compiles and links: naming it another compiler or linker would turn it off. `full_beside` says that the full
    view is there too where `view` is the one without libc.
    """

    target: Target
    generation: str
    native: bool = False
    toolchain: Toolchain | None = None
    view: View = View.LIBS
    recipe_settings: tuple[Setting, ...] = ()
    image_sysroot: Path | None = None
    zig: bool = False
    full_beside: bool = False

    @property
    def compiler(self) -> Toolchain | None:
        """The toolchain that compiles and links, as far as tools are to be told of it."""
        return None if self.zig else self.toolchain

    @property
    def pkg_config(self) -> str:
        """The wrapper program, relative to the target's folder."""
        return f"bin/{self.target.triplet}-pkg-config"

    @property
    def include_folders(self) -> tuple[str, ...]:
        """The view's folders of headers, relative to the target's folder, in the order they are searched."""
        include = f"{self.view.value}/usr/include"
        return (f"{include}/{self.target.triplet}", include)

    @property
    def library_folders(self) -> tuple[str, ...]:
        """The view's folders of libraries, relative to the target's folder, in the order they are searched."""
        lib = f"{self.view.value}/usr/lib"
        return (f"{lib}/{self.target.triplet}", lib)
