"""Measure the glibc that recipes' libraries ask for, by their ELF files, in the suites whose archives answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.cache import staged
from xprov.check.libraries import read_libraries
from xprov.errors import NetworkError, VerificationError, XprovError
from xprov.glibc import glibc_needs
from xprov.recipe import FloorHint
from xprov.records import dataclass
from xprov.suite_choice import candidates
from xprov.survey import packages_in
from xprov.view import build_view, link_file, prepare_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from xprov.archive.resolution import Resolution
    from xprov.archive.suites import Suite
    from xprov.cache import Cache
    from xprov.glibc import Floor
    from xprov.recipe import Recipe
    from xprov.suite_archives import Archives
    from xprov.target import Target
    from xprov.view import PackageTree

_SUFFIX = ".deb"


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """What was measured, by library, and what could not be (`debian:jessie armhf`), with the reason."""

    hints: Mapping[str, Sequence[FloorHint]]
    failures: Mapping[str, XprovError]


def measure(
    recipes: Sequence[Recipe],
    targets: Sequence[Target],
    archives: Archives,
    progress: Callable[[str], None],
) -> Measurement:
    """Return the floors of `recipes`, by library, in every suite and for each of `targets` whose archive answers.

    Raises the first failure when there is nothing else.
    """
    hints: dict[str, list[FloorHint]] = {recipe.library: [] for recipe in recipes}
    failures: dict[str, XprovError] = {}
    for suite in candidates():
        for target in (target for target in targets if target.debian in suite.architectures):
            progress(f"{suite.name} {target.debian}")
            _measure_suite(recipes, suite, target, archives, hints, failures)
    if failures and not any(hints.values()):
        raise next(iter(failures.values()))
    return Measurement(hints=hints, failures=failures)


def _measure_suite(
    recipes: Sequence[Recipe],
    suite: Suite,
    target: Target,
    archives: Archives,
    hints: Mapping[str, list[FloorHint]],
    failures: dict[str, XprovError],
) -> None:
    place = f"{suite.name} {target.debian}"
    for recipe in recipes:
        if not packages_in([recipe], suite):
            continue
        try:
            hints[recipe.library] += _measured(recipe, suite, target, archives)
        except (NetworkError, VerificationError) as error:
            # It is the archive: the other libraries would wait for the same.
            failures[place] = error
            return
        except XprovError as error:
            failures[f"{place} {recipe.library}"] = error


def _measured(recipe: Recipe, suite: Suite, target: Target, archives: Archives) -> Iterator[FloorHint]:
    """Yield the floor of `recipe`; nothing when it asks nothing of glibc."""
    resolution = archives.resolution(suite, target, packages_in([recipe], suite))
    trees = fetch_trees(resolution, target, archives.cache)
    floor = measure_floor(recipe, trees, target, archives.cache.trees)
    if floor is not None:
        yield FloorHint(suite=suite.name, architecture=target.debian, version=floor.version)


def fetch_trees(
    resolution: Resolution, target: Target, cache: Cache, *, keep_all: bool = False, only: str | None = None
) -> tuple[PackageTree, ...]:
    """Return the packages of `resolution`, fetched and unpacked unless the cache has them; of each what `unpack` keeps.

    Raises `NetworkError` or `VerificationError` when one cannot be had, or is not what the index says.
    """
    from xprov.archive.fetch import Download, fetch  # noqa: PLC0415 - slow to import
    from xprov.archive.reached import archive_client  # noqa: PLC0415
    from xprov.archive.tree import Deb, unpack  # noqa: PLC0415

    downloads = [
        Download(urls=package.urls, sha256=package.sha256, size=package.size, name=package.described)
        for package in resolution.packages
    ]
    fetch(downloads, cache.debs, suffix=_SUFFIX, client=archive_client())
    debs = [
        Deb(package=package.name, sha256=package.sha256, path=cache.debs / f"{package.sha256}{_SUFFIX}")
        for package in resolution.packages
    ]
    return tuple(unpack(deb, cache.trees, target, keep_all=keep_all, only=only) for deb in debs)


def measure_floor(recipe: Recipe, trees: Iterable[PackageTree], target: Target, scratch: Path) -> Floor | None:
    """Return what the libraries of `recipe` and all that they need in `trees` ask of glibc; None where it is nothing.

    A view is built in a folder below `scratch` and removed again. Raises `XprovError` when the trees make no sound
    view, or have none of the libraries that the recipe links.
    """
    with staged(scratch) as folder:
        view = folder / "view"
        build_view(prepare_view(trees, target), view, place=link_file)
        libraries = read_libraries(view, target)
        own = [library for name in recipe.check.link for library in libraries.linked(name)]
        if not own:
            names = ", ".join(f"lib{name}.so" for name in recipe.check.link)
            raise XprovError(f"the packages of `{recipe.library}` have no {names} for {target.name}")
        return glibc_needs(libraries.closure(own)).floor
