"""The catalog: every recipe, looked up by library, by pkg-config module or by crate."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from xprov.errors import UsageError
from xprov.recipe import Recipe, read_recipe


class Catalog:
    """The recipes of some folders. A recipe is read when it is first asked for.

    `replaced` names the libraries whose recipe another of the same name stood in for, and the file that did.
    """

    def __init__(self, files: Mapping[str, Path], replaced: Sequence[tuple[str, Path]] = ()) -> None:
        self._files = files
        self._read: dict[str, Recipe] = {}
        self.replaced = tuple(replaced)

    @property
    def libraries(self) -> tuple[str, ...]:
        """The names of all libraries, in the order of the alphabet. No recipe is read for it."""
        return tuple(sorted(self._files))

    def recipe(self, library: str) -> Recipe:
        """Return the recipe of `library`.

        Raises `UsageError` when there is none, with the library that serves the module, crate or package of that
        name, or the nearest, and when its recipe is not right.
        """
        if library not in self._files:
            raise self._unknown(library)
        if library not in self._read:
            self._read[library] = read_recipe(self._files[library])
        return self._read[library]

    def recipes(self) -> tuple[Recipe, ...]:
        """Return all recipes, in the order of the alphabet.

        Raises `UsageError` when one is not right, or when two claim the same module or crate.
        """
        recipes = tuple(self.recipe(library) for library in self.libraries)
        _index("module", ((module, recipe) for recipe in recipes for module in recipe.modules))
        _index("crate", ((crate.name, recipe) for recipe in recipes for crate in recipe.crates))
        return recipes

    def by_module(self, module: str) -> Recipe | None:
        """Return the recipe that has the pkg-config module, or None."""
        return next((recipe for recipe in self.recipes() if module in recipe.modules), None)

    def by_crate(self, name: str) -> Recipe | None:
        """Return the recipe that serves the crate, or None."""
        return next((recipe for recipe in self.recipes() if name in _crates(recipe)), None)

    def _unknown(self, word: str) -> UsageError:
        names, wanted = dict(self._names()), word.lower()
        library, what = names.get(wanted, ("", ""))
        near = [library] if library else [names[name][0] for name in difflib.get_close_matches(wanted, names, n=3)]
        if near:
            known = f"`{wanted}` is {what} of `{library}`: " if what else ""
            hint = f"{known}did you mean {' or '.join(f'`{name}`' for name in dict.fromkeys(near))}?"
        else:
            hint = f"xprov knows {', '.join(self.libraries)}; `xprov list` says more, `--recipes` adds your own"
        return UsageError(f"there is no recipe for a library `{word}`", hint=hint)

    def _names(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield each word that somebody may know a library by, with the library and what the word is.

        Of a word that is several things, the last counts: what a user most likely meant comes last.
        """
        recipes = self.recipes()
        for recipe in recipes:
            for package in recipe.packages.everywhere():
                yield package.removesuffix("-dev"), (recipe.library, "a package")
                yield package, (recipe.library, "a package")
            for link in recipe.check.link:
                yield link, (recipe.library, "the linker's name")
                yield f"lib{link}", (recipe.library, "the linker's name")
        for recipe in recipes:
            for name in _crates(recipe):
                yield name, (recipe.library, "a crate")
            for module in recipe.modules:
                yield module.lower(), (recipe.library, "a pkg-config module")
        for recipe in recipes:
            yield recipe.library, (recipe.library, "")


def load_catalog(folders: Sequence[Path]) -> Catalog:
    """Return xprov's own recipes and those of `folders`, a later one in place of an earlier one of the same name.

    Recipes that a user wrote are all read, so that what is wrong in them is said at once; xprov's own are tested and
    read when they are needed. Raises `UsageError` when a folder has no recipe, or one is not right.
    """
    files = _recipes_in(built_in_folder())
    replaced: list[tuple[str, Path]] = []
    for folder in folders:
        found = _recipes_in(folder)
        replaced += [(library, file) for library, file in found.items() if library in files]
        files |= found
    catalog = Catalog(files, replaced)
    if folders:
        catalog.recipes()
    return catalog


def built_in_folder() -> Path:
    """Return where xprov's own recipes are: beside the modules in an installed wheel, else on top of the checkout."""
    installed = Path(__file__).parent / "recipes"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "recipes"


def _recipes_in(folder: Path) -> dict[str, Path]:
    files = {file.stem: file for file in sorted(folder.glob("*.toml"))}
    if not files:
        problem = "holds no recipe" if folder.is_dir() else "is not a folder"
        raise UsageError(f"`{folder}` {problem}", hint="a recipe is a file `LIBRARY.toml`; `xprov show alsa` shows one")
    return files


def _crates(recipe: Recipe) -> tuple[str, ...]:
    return tuple(crate.name for crate in recipe.crates)


def _index(kind: str, claims: Iterable[tuple[str, Recipe]]) -> None:
    """Raise `UsageError` when two recipes claim one name."""
    owners: dict[str, Recipe] = {}
    for name, recipe in claims:
        owner = owners.setdefault(name, recipe)
        if owner is not recipe:
            raise UsageError(
                f"`{recipe.file}`: the {kind} `{name}` is claimed by `{owner.file}` too",
                hint=f"a {kind} belongs to one recipe; to replace xprov's own, name the file `{owner.file.name}`",
            )
