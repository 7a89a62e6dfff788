"""The packages that the resolver chooses are those that apt would install on an empty machine."""

import hashlib
import itertools
import subprocess
from pathlib import Path

import pytest
from tests.mirror import find_mirror
from tests.recipes.archive import CACHED, Apt

from xprov.archive.index import Archive, Index, build_index
from xprov.archive.resolver import resolve
from xprov.catalog import load_catalog

RECIPES = load_catalog([]).recipes()
PLACES = list(itertools.product(["bookworm", "trixie"], ["armhf", "arm64"]))

# Where the resolver differs from apt: the suite, the architecture, the library, and why.
DIFFERENCES: dict[tuple[str, str, str], str] = {}


@pytest.mark.archive
@pytest.mark.parametrize(("suite", "architecture"), PLACES)
def test_every_recipe_gets_the_packages_that_apt_chooses(suite: str, architecture: str, tmp_path: Path) -> None:
    apt = Apt(folder=tmp_path / "apt", suite=suite, architecture=architecture)
    apt.update(find_mirror().archive)
    lists = {recipe.library: recipe.packages_for("debian", suite) for recipe in RECIPES}
    lists["all of them"] = tuple(package for packages in lists.values() for package in packages)

    expected = {library: _chosen_by_apt(apt, packages) for library, packages in lists.items()}
    with _index(tmp_path) as index:
        archive = Archive([("", index)])
        chosen = {library: _chosen(archive, packages) for library, packages in lists.items()}
    different = {
        library: sorted(chosen[library] ^ packages)
        for library, packages in expected.items()
        if chosen[library] != packages and (suite, architecture, library) not in DIFFERENCES
    }

    assert different == {}
    assert all(expected.values())


def _index(folder: Path) -> Index:
    (file,) = folder.glob("apt/lists/*_Packages*")
    # apt keeps it compressed in whatever way the machine is configured for.
    content = subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", file], check=True, capture_output=True).stdout
    packed = folder / "Packages"
    packed.write_bytes(content)
    return build_index(folder / "indices", hashlib.sha256(content).hexdigest(), packed)


def _chosen(archive: Archive, packages: tuple[str, ...]) -> set[str]:
    return {candidate.name for candidate in resolve(packages, archive.look_up)}


def _chosen_by_apt(apt: Apt, packages: tuple[str, ...]) -> set[str]:
    """Return what apt would fetch: the same as it would install, in half the time of `--simulate`."""
    done = subprocess.run(
        ["apt-get", *CACHED, "install", "--print-uris", "-y", "-qq", *packages],
        env={"APT_CONFIG": str(apt.folder / "apt.conf"), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        check=True,
        capture_output=True,
        text=True,
    )
    # A line: the address in quotes, the file's name, its size, its hash.
    return {line.split()[1].split("_", 1)[0] for line in done.stdout.splitlines()}
