"""What dpkg has installed, as an arrival: the closure of the packages asked for, and the files they own."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from xprov.apt.dpkg import InstalledPackage, alternative_links, closure, owned_paths, read_installed
from xprov.apt.install import available
from xprov.methods import Arrival
from xprov.provision import ProvisionedPackage
from xprov.target import Target
from xprov.view import PackageTree, is_toolchain_package

_ALTERNATIVES = "update-alternatives"


def are_installed(packages: Sequence[str], target: Target, root: Path = Path("/")) -> bool:
    """Return whether all `packages` (apt's spelling) are there for `target`."""
    names = {package.partition(":")[0] for package in packages}
    return names <= {package.name for package in read_installed(root, target.debian)}


def read_arrival(packages: Sequence[str], target: Target, root: Path = Path("/")) -> Arrival:
    """Return the installed `packages` (apt's spelling) and all that they need of `target`, libc and compiler aside.

    Raises `UnsatisfiableError` when one of them is not installed.
    """
    names = [package.partition(":")[0] for package in packages]
    installed = closure(read_installed(root, target.debian), names, stop=is_toolchain_package)
    trees = [PackageTree(package=package.name, root=root, paths=owned_paths(root, package)) for package in installed]
    # Links that no package owns, and by which alone some libraries (BLAS, MPI) are reached.
    owned = {path for tree in trees for path in tree.paths}
    trees.append(PackageTree(package=_ALTERNATIVES, root=root, paths=alternative_links(root, owned)))
    return Arrival(packages=_described(installed), trees=tuple(trees))


def _described(installed: Iterable[InstalledPackage]) -> tuple[ProvisionedPackage, ...]:
    packages = tuple(installed)
    known = {
        (package.name, package.architecture, package.version): package
        for package in available([f"{package.described}={package.version}" for package in packages])
    }
    described = []
    for package in packages:
        found = known.get((package.name, package.architecture, package.version))
        described.append(
            ProvisionedPackage(
                name=package.name,
                architecture=package.architecture,
                version=package.version,
                sha256=(found.sha256 or None) if found else None,
                origin=(found.filename or None) if found else None,
            )
        )
    return tuple(described)
