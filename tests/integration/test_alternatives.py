"""The links of alternatives are those that the packages' own scripts make, and libraries are reached by them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integration.written import need
from tests.recipes.archive import Apt

from xprov.target import find_target
from xprov.view import folder_tree, scan
from xprov.view.alternatives import alternative_entries

pytestmark = pytest.mark.archive

# Packages that stand beside each other, and compete. On architectures where OpenBLAS is built for few processors: its
# files are small.
NETLIB = ("libblas-dev", "liblapack-dev")
WIDE = ("libblas64-dev", "liblapack64-dev", "libopenblas64-pthread-dev")
OPENBLAS = ("libopenblas-serial-dev", "libopenblas-pthread-dev")
ATLAS = ("libblas-dev", "liblapack-dev", "libatlas-base-dev")
BLIS = ("libblas-dev", "libblis-pthread-dev", "libblis-openmp-dev")
MPI = ("libmpich-dev", "libopenmpi-dev")
HDF5 = ("libhdf5-dev", "libhdf5-mpich-dev", "libhdf5-openmpi-dev")
SETS = (NETLIB, (*NETLIB, *OPENBLAS), BLIS, MPI[:1], MPI, HDF5[:1], HDF5[:2], HDF5)
CASES = {
    "bullseye": ("armhf", (*SETS, ATLAS)),
    "bookworm": ("s390x", (*SETS, ATLAS, WIDE)),
    "trixie": ("s390x", (*SETS, WIDE)),
}

# Links that the scripts of one suite make and those of another do not, though what they lead to is there: no harm.
MPICH = {"mpi-c.pc": "mpich.pc", "mpi-fort.pc": "mpich.pc"}
CMAKE = {name: name for name in ("OpenBLASConfig.cmake", "OpenBLASConfigVersion.cmake")}
MORE = {"bullseye": {**MPICH, **CMAKE}, "bookworm": MPICH, "trixie": {"mpi-cxx.pc": "ompi-cxx.pc"}}

# Runs a script with all that it does kept below $1. What a link to another alternative leads to is looked for among
# this machine's own files, so that a file stands in for such a link as long as it is asked about.
RUN = """\
update-alternatives() {
  if [ "$1" = --install ] && [ -h "$root$4" ] && [ ! -e "$root$4" ]; then
    mv "$root$4" "$root$4.link" && touch "$root$4"
  fi
  command update-alternatives --root "$root" --log /dev/null --quiet "$@" && status=0 || status=$?
  if [ -h "$root$4.link" ]; then mv "$root$4.link" "$root$4"; fi
  return "$status"
}
ln() { [ -h "$root$3" ] || command ln "$1" "$2" "$root$3"; }
dpkg-maintscript-helper() { :; }
root=$1 script=$2
set -- configure
eval "$script"
"""


@pytest.mark.parametrize("suite", CASES)
def test_the_links_are_those_that_the_packages_scripts_make(suite: str, tmp_path: Path) -> None:
    architecture, sets = CASES[suite]
    target = find_target(architecture)
    apt = Apt(folder=tmp_path / "apt", suite=suite, architecture=architecture)
    apt.update()
    unpacked = _unpack(apt, {package for packages in sets for package in packages}, tmp_path / "debs")

    for number, packages in enumerate(sets):
        root = tmp_path / str(number)
        chosen = _with_needed(packages, unpacked)
        _join([package.files for package in chosen], root)
        entries = scan([folder_tree("all", root)], target)
        for package in chosen:
            subprocess.run(["bash", "-ec", RUN, "run", root, package.script], check=True, stdin=subprocess.DEVNULL)

        made, expected = {entry.path: entry.target for entry in alternative_entries(entries, target)}, _links(root)
        assert {path: made.get(path) for path in expected} == expected, packages
        more = {Path(path).name: Path(made[path]).name for path in made.keys() - expected.keys()}
        assert more.items() <= MORE[suite].items(), packages


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """An unpacked package, the names that it depends on, and its script if that has to do with alternatives."""

    files: Path
    needs: tuple[str, ...]
    script: str


def _unpack(apt: Apt, packages: set[str], folder: Path) -> dict[str, Package]:
    """Fetch and unpack `packages` and what is built from the same sources, the programs of Open MPI among them."""
    folder.mkdir()
    sources = apt.sources(apt.closure(*packages))
    own = {sources[package] for package in packages}
    apt.download(tuple(package for package, source in sources.items() if source in own), folder)
    return {deb.name.split("_", 1)[0]: _unpack_one(deb) for deb in sorted(folder.glob("*.deb"))}


def _unpack_one(deb: Path) -> Package:
    files = deb.with_suffix("")
    subprocess.run(["dpkg-deb", "--extract", deb, files], check=True)
    shown = subprocess.run(["dpkg-deb", "--info", deb, "postinst"], check=False, capture_output=True, text=True)
    needs = subprocess.run(["dpkg-deb", "--field", deb, "Depends"], check=True, capture_output=True, text=True)
    # Debconf would ask questions and start the script anew.
    script = shown.stdout.replace(". /usr/share/debconf/confmodule", "")
    return Package(
        files=files,
        needs=tuple(re.findall(r"(?:^|[,|] *)([a-z0-9.+-]+)", needs.stdout)),
        script=script if "update-alternatives" in script else "",
    )


def _with_needed(names: tuple[str, ...], packages: Mapping[str, Package]) -> list[Package]:
    """Return the packages `names` and what they need of `packages`, each after what it needs."""
    found: dict[str, Package] = {}

    def add(name: str, above: tuple[str, ...]) -> None:
        if name in packages and name not in found and name not in above:
            for needed in packages[name].needs:
                add(needed, (*above, name))
            found[name] = packages[name]

    for name in names:
        add(name, ())
    return list(found.values())


def _join(folders: list[Path], root: Path) -> None:
    for name in ("etc/alternatives", "var/lib/dpkg/alternatives"):
        (root / name).mkdir(parents=True)
    for folder in folders:
        subprocess.run(["cp", "--archive", "--link", f"{folder}/.", root], check=True)


def _links(root: Path) -> dict[str, str]:
    """Return the links that update-alternatives has made among libraries and headers, and where they lead."""
    found = {}
    for folder in ("usr/lib", "usr/include"):
        for path in (root / folder).rglob("*"):
            if path.is_symlink() and str(path.readlink()).startswith("/etc/alternatives/"):
                end = (root / str(path.readlink())[1:]).readlink()
                found[str(path.relative_to(root))] = str(end)[1:]
    return found


# By library: packages, modules, header, symbol, what is linked by name.
RECIPES = {
    "netlib": (["libblas-dev", "liblapack-dev"], ["blas", "lapack"], "cblas.h", "cblas_ddot", ["lapack", "blas"]),
    "openblas": (["libopenblas-dev"], ["openblas"], "cblas.h", "cblas_ddot", ["openblas", "lapack", "blas"]),
    "hdf5": (["libhdf5-dev"], ["hdf5"], "hdf5.h", "H5open", ["hdf5"]),
    "mpi": (["libopenmpi-dev"], ["mpi-c"], "mpi.h", "MPI_Init", ["mpi"]),
}
RECIPE = """\
library = "{library}"
summary = "A library that is reached by alternatives"
modules = {modules}

[packages]
debian = {packages}

[check]
header = "{header}"
symbol = "{symbol}"
link = {link}
"""


def test_libraries_that_are_reached_by_alternatives_alone_are_set_up(tmp_path: Path) -> None:
    need("aarch64-linux-gnu-gcc")
    (tmp_path / "recipes").mkdir()
    for library, (packages, modules, header, symbol, link) in RECIPES.items():
        text = RECIPE.format(
            library=library, packages=packages, modules=modules, header=header, symbol=symbol, link=link
        )
        (tmp_path / f"recipes/{library}.toml").write_text(text)

    def set_up(library: str) -> list[str]:
        """Add `library`, and return where `-lblas` leads by then and the libraries that can be linked."""
        words = ["--recipes", str(tmp_path / "recipes"), "setup", "arm64", library, "--suite", "bookworm", "--json"]
        places = {"HOME": tmp_path, "XPROV_HOME": tmp_path / "home", "XPROV_CACHE_DIR": tmp_path / "cache"}
        done = subprocess.run(
            [sys.executable, "-m", "xprov", *words],
            env={"PATH": os.environ["PATH"], **{name: str(path) for name, path in places.items()}},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        blas = tmp_path / "home/arm64/libs/usr/lib/aarch64-linux-gnu/libblas.so"
        linked = [found["name"] for found in json.loads(done.stdout)["libraries"] if found["linked"]]
        return [blas.readlink().parent.name, *linked]

    assert set_up("netlib") == ["blas", "netlib"]
    # The one that Debian would choose, for both.
    assert set_up("openblas") == ["openblas-pthread", "netlib", "openblas"]
    assert set_up("hdf5") == ["openblas-pthread", "netlib", "openblas", "hdf5"]
    assert set_up("mpi") == ["openblas-pthread", "netlib", "openblas", "hdf5", "mpi"]
