"""Which Python proves a wheel, with what beside it, and what is made of what that Python wrote."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.wheel_builder import Wheel

from xprov.archive.suites import find_suite, suites
from xprov.catalog import load_catalog
from xprov.errors import XprovError
from xprov.target import find_target
from xprov.view import PackageTree
from xprov.wheel.layout import required_there
from xprov.wheel.names import parse_wheel_name
from xprov.wheel.proof.install import install
from xprov.wheel.proof.pythons import SuitePython, suite_pythons, why_none
from xprov.wheel.proof.results import Run, findings_of, imported, loaded, read_results
from xprov.wheel.proof.root import build_root, root_packages
from xprov.wheel.proof.runs import suite_command

FINE = Run(status=0, output="", seconds=1.0)


@pytest.mark.parametrize(
    ("tag", "first"),
    [
        ("cp311-cp311-manylinux_2_17_armv7l", "debian:bookworm"),
        ("cp39-cp39-manylinux_2_17_aarch64", "debian:bullseye"),
        ("cp39-cp39-manylinux_2_33_aarch64", "ubuntu:hirsute"),
        ("cp38-cp38-manylinux_2_28_x86_64", "ubuntu:focal"),
        ("cp312-cp312-manylinux_2_28_s390x", "ubuntu:noble"),
        ("cp313-cp313-manylinux_2_28_riscv64", "debian:trixie"),
        ("cp37-abi3-manylinux_2_17_aarch64", "debian:buster"),
        ("cp39-abi3-manylinux_2_34_aarch64", "ubuntu:impish"),
        ("cp37-cp37m-manylinux_2_17_x86_64", "debian:buster"),
        ("py3-none-manylinux_2_28_x86_64", "debian:buster"),
        ("cp39-abi3-manylinux_2_17_armv7l.manylinux_2_34_armv7l", "debian:bullseye"),
        ("cp315-cp315-manylinux_2_28_x86_64", None),
        ("cp311-cp311-manylinux_2_99_x86_64", None),
        ("cp313-cp313t-manylinux_2_28_x86_64", None),
        ("pp311-pypy311_pp73-manylinux_2_28_x86_64", None),
        ("cp311-cp311-musllinux_1_2_x86_64", None),
        ("cp311-cp311-win_amd64", None),
    ],
)
def test_the_oldest_suite_that_satisfies_the_tag_comes_first(tag: str, first: str | None) -> None:
    name = parse_wheel_name(f"pkg-1.0-{tag}.whl")
    found = suite_pythons(name, name.promises[0], "", suites())

    assert next((python.suite.name for python in found), None) == first


def test_suites_whose_keys_have_expired_come_last() -> None:
    name = parse_wheel_name("pkg-1.0-cp38-abi3-manylinux2014_x86_64.whl")
    old = [replace(suite, keys_expired=suite.codename == "bullseye") for suite in suites()]
    found = [python.suite.name for python in suite_pythons(name, name.promises[0], "", old)]

    assert (found[0], found[-1]) == ("ubuntu:focal", "debian:bullseye")


@pytest.mark.parametrize(
    ("required", "first"),
    [
        ("", "ubuntu:bionic"),  # 3.6 is what the program that runs there is written for
        (">=3.9", "debian:bullseye"),
        (">=3.9.2", "debian:bullseye"),
        (">=3.10, <3.12", "ubuntu:jammy"),
        ("not a specifier", "ubuntu:bionic"),
        (">=4", None),
    ],
)
def test_the_metadata_says_which_pythons_a_wheel_is_for(required: str, first: str | None) -> None:
    name = parse_wheel_name("pkg-1.0-py3-none-manylinux_2_27_x86_64.whl")
    found = suite_pythons(name, name.promises[0], required, suites())

    assert next((python.suite.name for python in found), None) == first


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("cp311-cp311-musllinux_1_2_x86_64", "Debian and Ubuntu have no Python for musl"),
        ("cp311-cp311-win_amd64", "no suite is for win_amd64"),
        ("cp311-cp311-linux_armv6l", "no suite is for armv6l"),
        (
            "cp315-cp315-manylinux_2_28_x86_64",
            "no suite for x86_64 with glibc 2.28 or newer has a Python for cp315-cp315",
        ),
    ],
)
def test_why_there_is_none_is_told(tag: str, why: str) -> None:
    name = parse_wheel_name(f"pkg-1.0-{tag}.whl")

    assert why_none(name, name.promises[0], "", ()) == why


def test_the_root_has_what_the_policies_and_recipes_leave_to_the_machine() -> None:
    suite = find_suite("debian", "bookworm")
    assert suite is not None
    system = ("libc.so.6", "libstdc++.so.6", "libGL.so.1", "libasound.so.2", "libssl.so.3")

    packages = root_packages(SuitePython(suite=suite, release=(3, 11)), system, load_catalog([]).recipes())

    assert packages == ("python3", "libstdc++6", "libgl1", "python3-distutils", "libasound2-dev")


def test_links_of_the_root_lead_to_what_is_in_it(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "usr/lib/x").mkdir(parents=True)
    (tree / "usr/bin").mkdir()
    (tree / "usr/bin/python3.11").write_text("python")
    (tree / "usr/lib/x/relative").symlink_to("../../bin/python3.11")
    (tree / "usr/lib/x/absolute").symlink_to("/usr/bin/python3.11")
    paths = tuple(sorted(str(path.relative_to(tree)) for path in tree.rglob("*")))
    root = tmp_path / "root"
    build_root([PackageTree(package="python3", root=tree, paths=paths)], root)

    assert (root / "lib/x/relative").read_text() == "python"
    assert (root / "lib/x/absolute").resolve() == root / "usr/bin/python3.11"
    assert (root / "usr/bin/python3.11").stat().st_ino == (tree / "usr/bin/python3.11").stat().st_ino


def test_a_python_is_started_by_qemu_or_by_its_own_loader() -> None:
    root, target = Path("/r"), find_target("amd64")

    assert suite_command(root, find_target("armhf"), (3, 9), Path("/q/qemu-arm-static"))[:4] == [
        *("/q/qemu-arm-static", "-L", "/r"),
        "/r/usr/bin/python3.9",
    ]
    assert suite_command(root, target, (3, 9), None)[:4] == [
        *("/r/lib64/ld-linux-x86-64.so.2", "--library-path"),
        "/r/usr/lib/x86_64-linux-gnu:/r/usr/lib:/r/usr/lib64",
        "/r/usr/bin/python3.9",
    ]


def test_modules_are_unpacked_where_they_are_imported_from(tmp_path: Path) -> None:
    files = {
        "pkg/__init__.py": b"1",
        "pkg-1.0.data/platlib/native.py": b"2",
        "pkg-1.0.data/purelib/pure.py": b"3",
        "pkg-1.0.data/scripts/pkg": b"4",
    }
    install(Wheel(tag="py3-none-any", files=files).write(tmp_path), tmp_path / "site")

    found = {path.name for path in (tmp_path / "site").rglob("*") if path.is_file()} - {"METADATA", "WHEEL", "RECORD"}
    assert found == {"__init__.py", "native.py", "pure.py"}


def test_nothing_is_unpacked_outside_of_the_folder(tmp_path: Path) -> None:
    path = Wheel(tag="py3-none-any", added=[("pkg-1.0.data/purelib/../../../evil.py", b"")]).write(tmp_path)

    with pytest.raises(XprovError, match="leads out of the folder"):
        install(path, tmp_path / "site")
    assert not list(tmp_path.rglob("evil.py"))


@pytest.mark.parametrize(
    ("release", "names"), [((3, 9), ("cffi", "typing-extensions")), ((3, 11), ("cffi",)), ((3, 8), ("cffi", "old"))]
)
def test_what_is_required_depends_on_the_python(release: tuple[int, int], names: tuple[str, ...]) -> None:
    requires = (
        "cffi>=1.14 ; platform_python_implementation != 'PyPy'",
        "typing-extensions ; python_full_version < '3.11' and python_version >= '3.9'",
        "old; python_version < '3.9'",
        "colorama; sys_platform == 'win32'",
    )

    assert required_there(requires, release) == names


def step(kind: str, name: str, error: str | None = None, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    return [{"begin": name, "kind": kind}, {"end": name, "kind": kind, "error": error, **more}]


def judged(steps: list[dict[str, Any]], run: Run = FINE, *, counted: bool = False) -> list[str]:
    """Return what is found of a wheel with the module `pkg` that requires cffi."""
    return [finding.id for finding in findings_of(steps, run, ["pkg"], ["cffi"], counted=counted)]


LOST = "ModuleNotFoundError: No module named '_cffi_backend'"


@pytest.mark.parametrize(
    ("steps", "ids"),
    [
        (step("top", "pkg"), []),
        (step("top", "pkg", "ValueError: odd"), ["import-fails"]),
        (step("extension", "pkg._a", "ValueError: odd"), ["import-odd"]),
        (step("extension", "pkg._a", "ImportError: /x.so: undefined symbol: f"), ["import-fails"]),
        (step("extension", "pkg._a", "ImportError: version `GLIBC_2.38' not found"), ["import-fails"]),
        (step("top", "pkg", LOST, missing="_cffi_backend"), ["needs-other"]),
        (step("top", "pkg", "ModuleNotFoundError: No module named 'tkinter'", missing="tkinter"), ["needs-other"]),
        (step("top", "pkg", "ModuleNotFoundError: No module named 'pkg._b'", missing="pkg._b"), ["import-fails"]),
        (step("extension", "pkg._a", LOST, missing="_cffi_backend", loaded=True), ["needs-other"]),
        (
            step("extension", "pkg._a", LOST, missing="_cffi_backend", loaded="undefined symbol: f"),
            ["import-fails", "needs-other"],
        ),
        (step("run", "--run", "AssertionError"), ["run-fails"]),
    ],
)
def test_what_failed_is_told_apart(steps: list[dict[str, Any]], ids: list[str]) -> None:
    assert judged(steps) == ids


def test_what_the_user_named_counts_whatever_it_says() -> None:
    assert judged(step("top", "pkg._a", "ValueError: odd"), counted=True) == ["import-fails"]


def test_a_panic_of_pyo3_is_known_by_what_python_printed() -> None:
    steps = step("extension", "pkg._a", "PanicException: Python API call failed", type="PanicException")

    assert judged(steps, Run(status=0, output=LOST, seconds=1.0)) == ["needs-other"]
    assert judged(steps) == ["import-odd"]


def test_what_a_module_of_c_makes_of_a_missing_one_is_known_by_what_python_printed() -> None:
    said = "ImportError: numpy._core.multiarray failed to import"
    printed = Run(status=0, output="ModuleNotFoundError: No module named 'numpy'", seconds=1.0)
    own = Run(status=0, output="ModuleNotFoundError: No module named 'pkg._b'", seconds=1.0)

    assert judged(step("top", "pkg", said, type="ImportError"), printed) == ["needs-other"]
    assert judged(step("top", "pkg", said, type="ImportError"), own) == ["import-fails"]
    assert judged(step("top", "pkg", "ImportError: undefined symbol: f", type="ImportError"), printed) == [
        "import-fails"
    ]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (-11, "Python ended with signal 11 in `import pkg._a`"),
        (139, "Python ended with signal 11 in `import pkg._a`"),
        (3, "Python ended with status 3 in `import pkg._a`"),
        (None, "`import pkg._a` did not end in time"),
    ],
)
def test_a_crash_is_known_by_the_step_that_did_not_end(status: int | None, said: str) -> None:
    steps = [*step("top", "pkg"), {"begin": "pkg._a", "kind": "extension"}]
    (finding,) = findings_of(steps, Run(status=status, output="", seconds=1.0), ["pkg"], [], counted=False)

    assert (finding.id, finding.what) == ("import-fails", said)


def test_a_python_that_does_not_even_start_is_told() -> None:
    (finding,) = findings_of([], Run(status=127, output="", seconds=0.1), ["pkg"], [], counted=False)

    assert finding.what == "Python did not start: it ended with status 127"


def test_a_python_that_crashes_at_its_end_is_told() -> None:
    run = Run(status=-11, output="", seconds=0.1)
    (finding,) = findings_of(step("top", "pkg"), run, ["pkg"], [], counted=False)

    assert finding.what == "Python ended with signal 11 after all of that"


def test_a_torn_line_is_not_read() -> None:
    text = "\n".join([json.dumps(said) for said in step("top", "pkg")] + ['{"begin": "pk'])

    assert imported(read_results(text)) == ("pkg",)
    assert loaded(read_results(text)) == ()
