"""What rpm or apk has installed, as an arrival."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from xprov.capabilities import Installed
from xprov.errors import UnsatisfiableError
from xprov.methods import Arrival
from xprov.package_manager import Family, spell
from xprov.plan import Plan
from xprov.provision import ProvisionedPackage
from xprov.view import PackageTree


def arrived(packages: Iterable[Installed], paths: Mapping[str, tuple[str, ...]], root: Path = Path("/")) -> Arrival:
    """Return `packages` with the files that each owns. Neither database keeps the hash of what was fetched."""
    found = tuple(packages)
    return Arrival(
        packages=tuple(
            ProvisionedPackage(
                name=package.name,
                architecture=package.architecture,
                version=package.version,
                sha256=None,
                origin=None,
            )
            for package in found
        ),
        trees=tuple(
            PackageTree(package=package.name, root=root, paths=paths.get(package.name, ()), sifted=True)
            for package in found
        ),
    )


def nothing_has(plan: Plan, family: Family, wanted: Iterable[str], hint: str) -> UnsatisfiableError:
    """Return the error that tells which libraries of `plan` cannot be had, since no package provides `wanted`."""
    lacking = set(wanted)
    told = [
        f"{recipe.library} (no package provides {', '.join(names)})"
        for recipe in plan.recipes
        if (names := [name for module in recipe.modules if (name := spell(family, module)) in lacking])
    ]
    return UnsatisfiableError(f"{plan.suite} lacks {', '.join(told) or ', '.join(sorted(lacking))}", hint=hint)
