"""The root of a suite in a folder: Python, what it needs, and what a wheel expects of every machine."""

from __future__ import annotations

import os
import posixpath
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.archive.locations import parts_of
from xprov.errors import UnsatisfiableError
from xprov.measure import fetch_trees
from xprov.toml import parse_toml
from xprov.view import link_file
from xprov.view.layout import MERGED, is_program_package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from xprov.archive.suites import Suite
    from xprov.recipe import Recipe
    from xprov.suite_archives import Archives
    from xprov.target import Target
    from xprov.view import PackageTree
    from xprov.wheel.proof.pythons import SuitePython

# The Pythons of which Debian and Ubuntu keep distutils, which old wheels import, in a package of its own.
_DISTUTILS = ((3, 6), (3, 12))

_PYTHON = ("python3", "libpython3")


def root_packages(python: SuitePython, system: Iterable[str], recipes: Sequence[Recipe]) -> tuple[str, ...]:
    """Return the packages of a suite that a wheel is run with which expects the libraries `system` of the machine.

    Those that should not be bundled are among them: their recipes name the packages.
    """
    suite, known = python.suite, _system_packages()
    found = ["python3", *(known[name] for name in system if name in known)]
    if _DISTUTILS[0] <= python.release < _DISTUTILS[1]:
        found.append("python3-distutils")
    for recipe in recipes:
        if recipe.bundle is None or recipe.bundle.allowed:
            continue
        if any(name.startswith(f"lib{link}.so") for link in recipe.check.link for name in system):
            found += _packages(recipe, suite)
    return tuple(dict.fromkeys(found))


def fetch_root(suite: Suite, target: Target, packages: tuple[str, ...], archives: Archives) -> tuple[PackageTree, ...]:
    """Return `packages` of `suite` and all that they need, whole, fetched and unpacked unless the cache has them.

    They are those that the suite was released with: the oldest machine that a tag promises has no updates, and hosts
    lose the packages of updates first. Raises `NetworkError`, `UnsatisfiableError` and `VerificationError` as archives
    do.
    """
    resolution = archives.resolution(suite, target, packages, stop=_is_left_out, without=side_parts(suite))
    return fetch_trees(resolution, target, archives.cache, keep_all=True)


def side_parts(suite: Suite) -> tuple[str, ...]:
    """Return the parts of `suite` that are its updates."""
    return tuple(part.name for part in parts_of(suite) if not part.required)


def build_root(trees: Sequence[PackageTree], root: Path) -> None:
    """Make the folder `root` of `trees`: files as hard links, links so that they lead to what is in it."""
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for tree in trees:
        for path in tree.paths:
            _place(tree.root / path, root / path, path)


def _place(source: Path, place: Path, path: str) -> None:
    if source.is_symlink():
        place.parent.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(place):
            place.symlink_to(_inside(os.readlink(source), path))  # noqa: PTH115 - the text as it stands there
    elif source.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        # Two packages may hold the same documentation; dpkg would refuse it, and here it is no matter.
        if not os.path.lexists(place):
            link_file(source, place)


def _inside(target: str, path: str) -> str:
    """Return the text of a link at `path` that leads to the same place of the root, wherever that is."""
    return posixpath.relpath(target, f"/{posixpath.dirname(path)}") if target.startswith("/") else target


def _is_left_out(package: str) -> bool:
    return is_program_package(package) and not package.startswith(_PYTHON)


def _packages(recipe: Recipe, suite: Suite) -> Iterator[str]:
    try:
        yield from recipe.packages_for(suite.distribution, suite.codename)
    except UnsatisfiableError:
        return


@cache
def _system_packages() -> dict[str, str]:
    return parse_toml(Path(__file__).with_name("packages.toml").read_text(encoding="utf-8"))
