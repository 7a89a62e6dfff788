"""Whether the libraries that a wheel needs are in it, are found, and may be there. Pure."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from xprov.wheel.bundle import Found, entries, is_relative, origin_folders
from xprov.wheel.finding import Severity, make_finding
from xprov.wheel.names import Family

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from xprov.recipe import Recipe
    from xprov.wheel.bundle import Bundle
    from xprov.wheel.contents import ElfMember
    from xprov.wheel.finding import Finding
    from xprov.wheel.names import Platform
    from xprov.wheel.policies import Policy

_LIBPYTHON = re.compile(r"libpython\d[\d.]*[a-z]*\.so(?:\..*)?|libpypy\d.*\.so")
# `libasound-8a1b2c3d.so.2`: auditwheel and maturin put a hash of the content there.
_HASHED = re.compile(r"lib(?P<name>.+?)(?P<hash>-[0-9a-f]{6,})?\.so(?:\.[\d.]+)?")


def check_needed(bundle: Bundle, platform: Platform, policy: Policy, recipes: Iterable[Recipe]) -> Iterator[Finding]:
    """Yield a finding for each library that a file needs and that neither the wheel has nor every machine.

    It is no error where `recipes` say that it should not be in a wheel.
    """
    refused = _refused(recipes)
    for member in bundle.elves:
        for name in member.elf.needed:
            if policy.has(name) or (bundle.is_bundled(name) and "/" not in name):
                continue
            if "/" in name:
                yield make_finding("absolute-needed", f"it needs `{name}` by its path", member=member.name)
            elif _LIBPYTHON.fullmatch(name):
                yield make_finding("libpython", f"it needs {name}", member=member.name)
            else:
                yield _missing(member, name, platform, policy, _recipe_of(name, refused))


def check_reached(bundle: Bundle, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each library that the wheel has and the loader is not told where."""
    for member in bundle.elves:
        for name in member.elf.needed:
            if policy.has(name) or bundle.find(member, name) is not Found.UNREACHED:
                continue
            library = bundle.library(name)
            where = library.name if library else name
            yield make_finding(
                "unreachable-library",
                f"it needs {name}, which is {where}, and its rpath ({_rpath(member) or 'none'}) does not lead there",
                member=member.name,
                # Programs and libraries that Python code loads by hand have other ways to find theirs.
                severity=None if member.modules else Severity.WARNING,
            )


def check_inside(bundle: Bundle, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each symbol that is inside of a library of the system."""
    for member in bundle.elves:
        for library in member.elf.needed:
            inside = sorted(policy.inside.get(library, frozenset()) & member.wanted)
            if inside and not bundle.is_bundled(library):
                yield make_finding("private-symbol", f"it uses {', '.join(inside)} of {library}", member=member.name)


def check_rpaths(bundle: Bundle) -> Iterator[Finding]:
    """Yield a finding for each entry of an rpath that leads to a place that is not the wheel's."""
    for member in bundle.elves:
        path = _rpath(member)
        if path is None:
            continue
        for entry in entries(path):
            if not is_relative(entry):
                shown = f"`{entry}`" if entry else "the folder that the process is in (an empty entry)"
                yield make_finding("absolute-rpath", f"its rpath names {shown}", member=member.name)
        if any(folder.startswith("..") for folder in origin_folders(member, path)):
            yield make_finding("escaping-rpath", f"its rpath is `{path}`", member=member.name)


def check_unwanted(bundle: Bundle, recipes: Iterable[Recipe]) -> Iterator[Finding]:
    """Yield a finding for each library that its recipe would not have in a wheel."""
    refused = _refused(recipes)
    for member in bundle.elves:
        recipe = _recipe_of(posixpath.basename(member.name), refused)
        if recipe is not None and recipe.bundle is not None:
            what = f"it is {recipe.library}, which should not be bundled"
            facts = recipe.bundle
            yield make_finding("unwanted-library", what, member=member.name, why=facts.reason, fix=facts.instead)


def check_build_paths(bundle: Bundle) -> Iterator[Finding]:
    """Yield one finding when files name folders of the machine that built them."""
    naming = [member for member in bundle.elves if member.build_path]
    if naming:
        others = f", and {len(naming) - 1} more files name such" if len(naming) > 1 else ""
        what = f"it names `{naming[0].build_path}`{others}"
        yield make_finding("build-paths", what, member=naming[0].name)


def system_libraries(bundle: Bundle) -> tuple[str, ...]:
    """Return the libraries that the wheel needs of the machine it is installed on."""
    needed = {name for member in bundle.elves for name in member.elf.needed if not bundle.is_bundled(name)}
    return tuple(sorted(needed))


def _missing(member: ElfMember, name: str, platform: Platform, policy: Policy, recipe: Recipe | None) -> Finding:
    if _is_of_a_wheel(name):
        return make_finding(
            "missing-library",
            f"it needs {name}, which no machine has: so a library is called that another build put into its wheel",
            member=member.name,
            fix="`cargo clean`, and build again: maturin 1.16 alters the module in Cargo's folder when it bundles",
        )
    if recipe is not None and recipe.bundle is not None:
        return make_finding(
            "missing-library",
            f"it needs {name} of the machine that it is installed on, as the recipe of {recipe.library} has it",
            member=member.name,
            severity=Severity.WARNING,
            why=f"the import fails where it is not installed, and it should not be bundled: {recipe.bundle.reason}",
            fix=f"say in the project's README that {name} must be there",
        )
    if platform.family is Family.LINUX:
        what = f"it needs {name}, which a machine may lack"
        return make_finding("missing-library", what, member=member.name, severity=Severity.WARNING)
    what = f"it needs {name}, which is not in the wheel and not promised by {policy.name}"
    return make_finding("missing-library", what, member=member.name)


def _is_of_a_wheel(name: str) -> bool:
    match = _HASHED.fullmatch(name)
    return match is not None and match["hash"] is not None


def _rpath(member: ElfMember) -> str | None:
    return member.elf.runpath if member.elf.runpath is not None else member.elf.rpath


def _refused(recipes: Iterable[Recipe]) -> dict[str, Recipe]:
    """Return the recipes whose libraries should not be in a wheel, by what a linker calls them."""
    refusing = [recipe for recipe in recipes if recipe.bundle is not None and not recipe.bundle.allowed]
    return {name: recipe for recipe in refusing for name in recipe.check.link}


def _recipe_of(file: str, recipes: dict[str, Recipe]) -> Recipe | None:
    match = _HASHED.fullmatch(file)
    return recipes.get(match["name"]) if match else None
