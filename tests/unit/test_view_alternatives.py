"""Links that update-alternatives would make are in a view of packages that were only unpacked."""

from collections import Counter
from pathlib import Path

import pytest

from xprov.target import find_target
from xprov.view import PackageTree, build_view, folder_tree, prepare_view
from xprov.view.alternatives import alternatives
from xprov.view.layout import is_kept

TARGET = find_target("arm64")
LIB, INCLUDE = f"usr/lib/{TARGET.triplet}", f"usr/include/{TARGET.triplet}"


def tree(root: Path, package: str, *paths: str) -> PackageTree:
    """Unpack a package of text files: what is in them does not matter here."""
    for path in paths:
        file = root / package / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{path} of {package}")
    return folder_tree(package, root / package)


def links(*trees: PackageTree) -> dict[str, str]:
    """Return the links below usr, less those that every view has."""
    found = {link.path: link.target for link in prepare_view(trees, TARGET).links}
    return {path: end for path, end in found.items() if path.startswith(("usr/lib/", "usr/include/"))}


def test_a_library_is_reached_by_the_link_that_its_script_would_make(tmp_path: Path) -> None:
    made = tree(tmp_path, "libblas-dev", f"{LIB}/blas/libblas.so", f"{INCLUDE}/cblas-netlib.h")

    assert links(made) == {f"{LIB}/libblas.so": "blas/libblas.so", f"{INCLUDE}/cblas.h": "cblas-netlib.h"}
    build_view(prepare_view([made], TARGET), tmp_path / "view")
    assert (tmp_path / "view" / LIB / "libblas.so").read_text() == f"{LIB}/blas/libblas.so of libblas-dev"


@pytest.mark.parametrize("reverse", [False, True])
def test_the_highest_priority_has_the_link_and_what_follows_it(tmp_path: Path, reverse: bool) -> None:  # noqa: FBT001
    trees = [
        tree(tmp_path, "libblas-dev", f"{LIB}/blas/libblas.so", f"{LIB}/blas/libblas.a"),
        tree(tmp_path, "libopenblas-serial-dev", f"{LIB}/openblas-serial/libblas.so"),
        tree(tmp_path, "libopenblas-pthread-dev", f"{LIB}/openblas-pthread/libblas.so"),
    ]

    # No libblas.a of the winner, and none of another's either: the two would not fit.
    assert links(*(reversed(trees) if reverse else trees)) == {f"{LIB}/libblas.so": "openblas-pthread/libblas.so"}


def test_what_stands_there_already_stays(tmp_path: Path) -> None:
    installed = tree(tmp_path, "libblas-dev", f"{LIB}/blas/libblas.so", f"{LIB}/libblas.so", f"{LIB}/blas/libblas.a")

    assert links(installed) == {f"{LIB}/libblas.a": "blas/libblas.a"}


def test_a_link_may_lead_to_a_folder(tmp_path: Path) -> None:
    made = tree(tmp_path, "libopenmpi-dev", f"{LIB}/openmpi/include/mpi.h")

    assert links(made) == {f"{INCLUDE}/mpi": f"../../lib/{TARGET.triplet}/openmpi/include"}
    build_view(prepare_view([made], TARGET), tmp_path / "view")
    assert (tmp_path / "view" / INCLUDE / "mpi/mpi.h").is_file()


def test_a_link_may_lead_to_another(tmp_path: Path) -> None:
    module = f"{LIB}/pkgconfig"
    serial = tree(tmp_path, "libhdf5-dev", f"{module}/hdf5-serial.pc")
    parallel = tree(tmp_path, "libhdf5-mpich-dev", f"{module}/hdf5-mpich.pc")

    assert links(serial) == {f"{module}/hdf5.pc": "hdf5-serial.pc"}
    assert links(serial, parallel) == {f"{module}/hdf5.pc": "hdf5-mpi.pc", f"{module}/hdf5-mpi.pc": "hdf5-mpich.pc"}


def test_packages_without_alternatives_get_none(tmp_path: Path) -> None:
    assert links(tree(tmp_path, "zlib1g-dev", f"{LIB}/libz.so", "usr/include/zlib.h")) == {}


def test_the_table_names_only_what_a_view_keeps_and_no_two_winners() -> None:
    places = {"lib": LIB, "include": INCLUDE}
    for alternative in alternatives():
        for path in (path.format_map(places) for pair in alternative.links for path in pair):
            assert is_kept(path, TARGET), f"{path} of {alternative.package}"
    rivals = Counter((alternative.links[0][0], alternative.priority) for alternative in alternatives())
    assert [rival for rival, number in rivals.items() if number > 1] == []
