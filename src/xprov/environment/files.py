"""The files of an environment: pure functions, the store writes what they return."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xprov.environment import shell
from xprov.environment.buildsystems import render_cmake, render_meson
from xprov.environment.settings import PREFIX, linker_wrapper
from xprov.environment.shell import render_home_env
from xprov.records import dataclass
from xprov.sites import HERE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xprov.environment.model import Environment
    from xprov.sites import Site
    from xprov.target import Target

__all__ = ["File", "Link", "Text", "image_sysroot", "render_home_env", "render_target_files"]

_IMAGE = "bundle/image"


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A file with its content, in UTF-8."""

    text: str
    executable: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A symbolic link."""

    to: str


File = Text | Link


def render_target_files(environment: Environment, root: Path) -> dict[str, File]:
    """Return the files of a target's folder by their path in it. `root` is where that folder will be.

    All but `env` and `meson.ini` depend on nothing outside; `env` names `root` for shells that cannot tell where it
    lies, `meson.ini` for Meson before 1.3, which cannot either.
    """
    target = environment.target
    env = Text(text=shell.render_env(environment, root))
    if environment.native:
        return {"env": env}
    wrapper = Text(text=shell.render_pkg_config(environment), executable=True)
    files: dict[str, File] = {
        "env": env,
        "toolchain.cmake": Text(text=render_cmake(environment)),
        "meson.ini": Text(text=render_meson(environment, root)),
        environment.pkg_config: wrapper,
        f"{PREFIX}/include": Link(to=f"../{environment.include_folders[1]}"),
        f"{PREFIX}/lib": Link(to=f"../{environment.library_folders[0]}"),
    }
    for triple in target.rust_triples:
        files[f"bin/{triple}-pkg-config"] = wrapper
        if environment.compiler:
            text = shell.render_linker(environment, triple, environment.compiler.cc)
            files[linker_wrapper(triple)] = Text(text=text, executable=True)
    return files | _bundle(environment)


def image_sysroot(target: Target, root: Path, environ: Mapping[str, str], site: Site = HERE) -> Path | None:
    """Return the folder that the image's own TARGET_SYSROOT names, also where `env` has replaced it since.

    None when it names no folder, one of xprov's own, or one that is meant for another target.
    """
    building, value = environ.get("CARGO_BUILD_TARGET"), environ.get("TARGET_SYSROOT")
    if not value or (building and building not in target.rust_triples):
        return None
    path = Path(value)
    if path == root / "bundle":
        remembered = root / _IMAGE
        return remembered.readlink() if remembered.is_symlink() else None
    return path if site.is_folder(path) and path != Path("/") and not path.is_relative_to(root.parent) else None


def _bundle(environment: Environment) -> dict[str, File]:
    """Return a folder in which maturin finds the view's libraries and those of the image's own TARGET_SYSROOT.

    maturin (lddtree) looks into lib, lib64, usr/lib and usr/lib64 of it, in this order, and nowhere else: what
    /etc/ld.so.conf lists is searched below the root twice over.
    """
    if environment.image_sysroot is None:
        return {}
    return {
        _IMAGE: Link(to=str(environment.image_sysroot)),
        "bundle/lib": Link(to=f"../{environment.library_folders[0]}"),
        "bundle/lib64": Link(to="image/lib"),
        "bundle/usr/lib": Link(to="../image/lib64"),
        "bundle/usr/lib64": Link(to="../image/usr/lib"),
    }
