"""Every fact of every recipe, held against Debian's archive: the suites that xprov supports, two architectures."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.recipes.archive import Apt

from xprov.catalog import load_catalog
from xprov.elf import dynamic_symbols, fits, read_elf
from xprov.recipe import Recipe
from xprov.target import Target, find_target

pytestmark = pytest.mark.archive

PLACES = list(itertools.product(["bullseye", "bookworm", "trixie"], ["armhf", "arm64"]))
RECIPES = load_catalog([]).recipes()


class Unpacked:
    """What the packages of all recipes hold in one suite, for one target: the libraries' own, not what they need."""

    def __init__(self, root: Path, target: Target) -> None:
        self.target = target
        self._root = root
        self.files = {f"/{path.relative_to(root)}" for path in root.rglob("*") if not path.is_dir()}

    def library(self, link: str) -> Path | None:
        """Return the file that `-l<link>` links, or None."""
        names = [f"{folder}/{self.target.triplet}/lib{link}.so" for folder in ("/usr/lib", "/lib")]
        return next((self._resolved(self._root / name[1:]) for name in names if name in self.files), None)

    def _resolved(self, path: Path) -> Path:
        """Return the file behind links; an absolute one is one inside of the root."""
        while path.is_symlink():
            target = path.readlink()
            path = self._root / target.relative_to("/") if target.is_absolute() else path.parent / target
        return path


@pytest.fixture(scope="module", params=PLACES, ids=":".join)
def unpacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    """Return the unpacked packages of every recipe, together, for one suite and architecture."""
    suite, architecture = request.param
    folder = tmp_path_factory.mktemp(f"{suite}-{architecture}")
    apt = Apt(folder=folder / "apt", suite=suite, architecture=architecture)
    apt.update()
    wanted = [package for recipe in RECIPES for package in recipe.packages_for("debian", suite)]
    sources = apt.sources(apt.closure(*wanted))
    own = {sources[package] for package in wanted}
    apt.unpack(tuple(package for package, source in sources.items() if source in own), folder / "root")
    return Unpacked(folder / "root", find_target(architecture))


def test_every_module_has_its_file(unpacked: Unpacked) -> None:
    folders = (f"/usr/lib/{unpacked.target.triplet}/pkgconfig", "/usr/lib/pkgconfig", "/usr/share/pkgconfig")

    missing = [
        f"{recipe.library}: {module}"
        for recipe in RECIPES
        for module in recipe.modules
        if not any(f"{folder}/{module}.pc" in unpacked.files for folder in folders)
    ]

    assert missing == []


def test_every_header_is_there(unpacked: Unpacked) -> None:
    headers = "\n".join(file for file in unpacked.files if "/include/" in file)

    missing = [
        f"{recipe.library}: {recipe.check.header}"
        for recipe in RECIPES
        if not re.search(rf"/{re.escape(recipe.check.header)}$", headers, flags=re.MULTILINE)
    ]

    assert missing == []


def test_every_name_links_a_library_of_the_target(unpacked: Unpacked) -> None:
    wrong = [
        f"{recipe.library}: -l{link}"
        for recipe in RECIPES
        for link in recipe.check.link
        if (file := unpacked.library(link)) is None or not fits(read_elf(file), unpacked.target.elf)
    ]

    assert wrong == []


def test_every_symbol_is_exported(unpacked: Unpacked) -> None:
    missing = [
        f"{recipe.library}: {recipe.check.symbol}"
        for recipe in RECIPES
        if recipe.check.symbol not in set(_exported(recipe, unpacked))
    ]

    assert missing == []


def _exported(recipe: Recipe, unpacked: Unpacked) -> Iterator[str]:
    for link in recipe.check.link:
        if file := unpacked.library(link):
            yield from dynamic_symbols(file).defined
