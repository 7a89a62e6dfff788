"""A system in which apt has installed foreign packages: what dpkg says of it makes a view."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mirror import find_mirror

from xprov.apt.dpkg import alternative_links, closure, owned_paths, read_installed
from xprov.target import find_target
from xprov.view import PackageTree, build_view, is_toolchain_package, prepare_view

pytestmark = [pytest.mark.archive, pytest.mark.root]

ARMHF = find_target("armhf")
LIB = "usr/lib/arm-linux-gnueabihf"
# A library with data for all architectures, and one that is reached by alternatives alone.
ROOTS = ("libasound2-dev", "libblas-dev")


def _run(*words: str | Path) -> str:
    done = subprocess.run(words, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{words[0]} ended with status {done.returncode}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make a bookworm of this machine's architecture with armhf packages beside its own, and give its root folder."""
    root = tmp_path_factory.mktemp("system") / "root"
    own = _run("dpkg", "--print-architecture").strip()
    wanted = ",".join(f"{name}:armhf" for name in ROOTS)
    lines = find_mirror().lines("bookworm", updates=False)
    options = ("--quiet", "--variant=apt", f"--architectures={own},armhf", f"--include={wanted},libblas-dev")
    _run("mmdebstrap", *options, "bookworm", root, *lines)
    yield root
    _run("rm", "-rf", "--one-file-system", str(root))


def test_dpkg_itself_says_the_same(system: Path) -> None:
    query = ("dpkg-query", f"--root={system}")
    form = "${binary:Package} ${Architecture} ${Version} ${source:Package}\n"
    listed = [line.split() for line in _run(*query, "--show", f"--showformat={form}").splitlines()]
    expected = {(name.split(":")[0], arch, *rest) for name, arch, *rest in listed if arch in ("armhf", "all")}
    found = read_installed(system, "armhf")
    assert {(package.name, package.architecture, package.version, package.source) for package in found} == expected
    for package in found:
        paths = _run(*query, "--listfiles", package.described).splitlines()
        assert list(owned_paths(system, package)) == [path for path in paths if path.startswith("/") and path != "/."]


def test_the_view_holds_the_packages_and_their_alternatives(system: Path, tmp_path: Path) -> None:
    packages = closure(read_installed(system, "armhf"), ROOTS, stop=is_toolchain_package)
    assert {package.name for package in packages} >= {"libasound2", "libasound2-data", "libasound2-dev", "libblas3"}
    trees = [PackageTree(package=package.name, root=system, paths=owned_paths(system, package)) for package in packages]
    owned = {path for tree in trees for path in tree.paths}
    trees.append(PackageTree(package="alternatives", root=system, paths=alternative_links(system, owned)))
    view = tmp_path / "libs"
    build_view(prepare_view(trees, ARMHF), view)
    assert (view / "usr/include/alsa/asoundlib.h").is_file()
    assert (view / LIB / "libasound.so").readlink() == Path("libasound.so.2.0.0")
    assert (view / LIB / "libblas.so").resolve(strict=True).parent == (view / LIB / "blas").resolve()
    assert not list((view / "usr/lib").glob("x86_64*"))
    originals = {(path.stat().st_dev, path.stat().st_ino) for path in (system / LIB).rglob("*") if path.is_file()}
    copies = {(path.stat().st_dev, path.stat().st_ino) for path in (view / LIB).rglob("*") if path.is_file()}
    assert len(copies) >= 5
    assert not originals & copies
