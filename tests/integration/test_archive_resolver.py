"""The packages that the resolver chooses are those that apt would install on an empty machine."""

import gzip
import hashlib
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest
from tests.mirror import find_mirror
from tests.recipes.archive import CACHED, CONFIGURATION

from xprov.archive.index import Archive, build_index
from xprov.archive.resolver import resolve
from xprov.archive.suites import find_suite
from xprov.catalog import load_catalog

pytestmark = pytest.mark.archive

RECIPES = load_catalog([]).recipes()

# Closures of another size, with virtual packages, alternatives and conflicts in them. They are of no recipe: what is
# hard is to be met before somebody needs it.
LARGE = (
    *("default-libmysqlclient-dev", "libcurl4-openssl-dev", "libgstreamer-plugins-base1.0-dev", "libgtk-3-dev"),
    *("libhdf5-dev", "libhdf5-openmpi-dev", "libopenblas-dev", "libopencv-dev", "qtbase5-dev"),
)

# Where the resolver differs from apt: the suite, the architecture, the library, and why.
DIFFERENCES: dict[tuple[str, str, str], str] = {}

NAME = re.compile(rb"Package: (\S+)")
NEEDS = re.compile(rb"^(?:Pre-)?Depends: (.*)", re.MULTILINE)
PROVIDES = re.compile(rb"^Provides: (.*)", re.MULTILINE)
IN_LIST = re.compile(rb"(?:^|[,|]) *([a-z0-9][a-z0-9+.-]+)")


def _places() -> list[tuple[str, str]]:
    found = {name: find_suite("debian", name) for name in ("bookworm", "trixie")}
    return [(name, architecture) for name, suite in found.items() if suite for architecture in suite.architectures]


def _of_recipes(suite: str) -> dict[str, tuple[str, ...]]:
    """Return the packages of each recipe, and of all of them."""
    lists = {recipe.library: recipe.packages_for("debian", suite) for recipe in RECIPES}
    return lists | {"all of them": tuple(package for packages in lists.values() for package in packages)}


@pytest.mark.parametrize(("suite", "architecture"), _places())
def test_every_recipe_gets_the_packages_that_apt_chooses(suite: str, architecture: str, tmp_path: Path) -> None:
    lists, content = _of_recipes(suite), _packages(suite, architecture, tmp_path)
    apt = _apt(tmp_path, architecture, _reachable(content, lists["all of them"]))

    expected = {library: _chosen_by_apt(apt, packages) for library, packages in lists.items()}
    chosen = _chosen(lists, content, tmp_path)
    different = {
        library: sorted(chosen[library] ^ packages)
        for library, packages in expected.items()
        if chosen[library] != packages and (suite, architecture, library) not in DIFFERENCES
    }

    assert different == {}
    assert all(expected.values())


@pytest.mark.parametrize(("suite", "architecture"), [("bookworm", "amd64"), ("trixie", "riscv64")])
def test_large_closures_are_those_of_apt(suite: str, architecture: str, tmp_path: Path) -> None:
    content = _packages(suite, architecture, tmp_path)
    apt = _apt(tmp_path, architecture, _reachable(content, LARGE))

    expected = {package: _chosen_by_apt(apt, [package]) for package in LARGE}

    assert _chosen({package: [package] for package in LARGE}, content, tmp_path) == expected


def test_apt_comes_to_the_same_when_it_knows_the_whole_index(tmp_path: Path) -> None:
    content = _packages("bookworm", "arm64", tmp_path)
    wanted = [*_of_recipes("bookworm")["all of them"], "libgtk-3-dev", "libhdf5-openmpi-dev"]

    part = _chosen_by_apt(_apt(tmp_path / "part", "arm64", _reachable(content, wanted)), wanted)
    whole = _chosen_by_apt(_apt(tmp_path / "whole", "arm64", content), wanted)

    assert part == whole


def _packages(suite: str, architecture: str, folder: Path) -> bytes:
    """Return the index as the mirror has it now. That it is the right one is of no matter: both read the same."""
    packed = folder / "Packages.gz"
    address = f"{find_mirror().archive}/dists/{suite}/main/binary-{architecture}/Packages.gz"
    subprocess.run(["/usr/lib/apt/apt-helper", "download-file", address, packed], check=True, capture_output=True)
    return gzip.decompress(packed.read_bytes())


def _reachable(content: bytes, names: Iterable[str]) -> bytes:
    """Return the stanzas of an index that can play a part when `names` are installed.

    Every alternative, every provider, whatever the version: all that apt can come to when nothing is installed. It
    needs half a second for each question about the whole index, and a twentieth about these.
    """
    answering = defaultdict[bytes, list[bytes]](list)
    for stanza in content.split(b"\n\n"):
        for name in (*NAME.findall(stanza[:200]), *_listed(PROVIDES, stanza)):
            answering[name].append(stanza)
    waiting = [name.encode() for name in names]
    seen, reached = set(waiting), dict[bytes, None]()
    while waiting:
        for stanza in answering[waiting.pop()]:
            reached[stanza] = None
            needed = [name for name in _listed(NEEDS, stanza) if name not in seen]
            seen.update(needed)
            waiting += needed
    return b"\n\n".join(stanza.strip() for stanza in reached) + b"\n"


def _listed(field: re.Pattern[bytes], stanza: bytes) -> list[bytes]:
    return [name for value in field.findall(stanza) for name in IN_LIST.findall(value)]


def _chosen(lists: Mapping[str, Sequence[str]], content: bytes, folder: Path) -> dict[str, set[str]]:
    packed = folder / "Packages"
    packed.write_bytes(content)
    with build_index(folder / "indices", hashlib.sha256(content).hexdigest(), packed) as index:
        archive = Archive([("", index)])
        return {
            library: {candidate.name for candidate in resolve(packages, archive.look_up)}
            for library, packages in lists.items()
        }


def _apt(folder: Path, architecture: str, content: bytes) -> Path:
    """Return the configuration of an apt with nothing installed, whose archive has the packages of `content`."""
    place = folder / "apt"
    for name in ("lists/partial", "cache/archives/partial", "none", "archive"):
        (place / name).mkdir(parents=True)
    (place / "status").touch()
    (place / "archive/Packages").write_bytes(content)
    (place / "sources.list").write_text(f"deb [trusted=yes] copy:{place}/archive ./\n")
    (place / "apt.conf").write_text(CONFIGURATION.format(folder=place, architecture=architecture))
    _run(place / "apt.conf", "update", "-qq")
    return place / "apt.conf"


def _chosen_by_apt(configuration: Path, packages: Iterable[str]) -> set[str]:
    """Return what apt would fetch: the same as it would install, in half the time of `--simulate`."""
    written = _run(configuration, "install", "--print-uris", "-y", "-qq", *packages)
    # A line: the address in quotes, the file's name, its size, its hash.
    return {line.split()[1].split("_", 1)[0] for line in written.splitlines()}


def _run(configuration: Path, *words: str) -> str:
    done = subprocess.run(
        ["apt-get", *CACHED, *words],
        env={"APT_CONFIG": str(configuration), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"apt-get {' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
