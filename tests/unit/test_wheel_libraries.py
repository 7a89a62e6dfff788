"""Whether the libraries that a wheel needs are there, found, and allowed."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.elf_builder import Shared
from tests.unit.test_wheel_binaries import ARMV7, FOO, LIBS, found, look
from tests.unit.wheel_builder import module, native

from xprov.wheel.finding import Severity

NEEDS = ("libc.so.6", FOO)


def library(name: str = FOO, **changes: object) -> bytes:
    return Shared(soname=name, **changes).content()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ({"runpath": "$ORIGIN/../pkg.libs"}, []),
        ({"rpath": "$ORIGIN/../pkg.libs"}, []),
        ({"runpath": "${ORIGIN}/../pkg.libs/"}, []),
        ({"runpath": "$ORIGIN/lib:$ORIGIN/../pkg.libs"}, []),
        ({}, ["unreachable-library"]),
        ({"runpath": "$ORIGIN"}, ["unreachable-library"]),
        (
            {"rpath": "$ORIGIN/../pkg.libs", "runpath": "$ORIGIN"},
            ["unreachable-library"],
        ),  # ld.so: then rpath is not read
        ({"runpath": "/builds/lib:$ORIGIN/../pkg.libs"}, ["absolute-rpath"]),
        ({"runpath": "$ORIGIN/../pkg.libs:"}, ["absolute-rpath"]),
        ({"runpath": "$ORIGIN/../pkg.libs:$ORIGIN/../../lib"}, ["escaping-rpath"]),
    ],
)
def test_a_bundled_library_is_found_by_the_rpath(changes: dict[str, Any], ids: list[str], tmp_path: Path) -> None:
    wheel = native(ARMV7, module(needed=NEEDS, **changes), {LIBS: library()})

    assert found(wheel, tmp_path) == ids


def test_a_library_that_nobody_has_is_missing(tmp_path: Path) -> None:
    (finding,) = look(native(ARMV7, module(needed=("libc.so.6", "libssl.so.1.1"))), tmp_path).errors

    assert finding.id == "missing-library"
    assert finding.what == "it needs libssl.so.1.1, which is not in the wheel and not promised by manylinux_2_17"


def test_what_bundled_libraries_need_counts_too(tmp_path: Path) -> None:
    main = module(needed=NEEDS, runpath="$ORIGIN/../pkg.libs")
    wheel = native(ARMV7, main, {LIBS: library(needed=("libbar.so.2",))})

    assert [finding.member for finding in look(wheel, tmp_path).errors] == [LIBS]


def test_libraries_inherit_rpath_and_not_runpath(tmp_path: Path) -> None:
    others = {LIBS: library(needed=("libbar.so.2",)), "pkg.libs/libbar.so.2": library("libbar.so.2")}
    inherited = native(ARMV7, module(needed=NEEDS, rpath="$ORIGIN/../pkg.libs"), others)
    own = native(ARMV7, module(needed=NEEDS, runpath="$ORIGIN/../pkg.libs"), others)

    assert found(inherited, tmp_path) == []
    assert found(own, tmp_path) == ["unreachable-library"]


def test_what_is_loaded_before_is_found(tmp_path: Path) -> None:
    # The module needs both and knows where they are: the second finds the first there.
    main = module(needed=(*NEEDS, "libbar.so.2"), runpath="$ORIGIN/../pkg.libs")
    others = {LIBS: library(needed=("libbar.so.2",)), "pkg.libs/libbar.so.2": library("libbar.so.2")}

    assert found(native(ARMV7, main, others), tmp_path) == []


def test_a_circle_of_libraries_ends(tmp_path: Path) -> None:
    main = module(needed=NEEDS, runpath="$ORIGIN/../pkg.libs")
    others = {
        LIBS: library(needed=("libbar.so.2",), runpath="$ORIGIN"),
        "pkg.libs/libbar.so.2": library("libbar.so.2", needed=NEEDS, runpath="$ORIGIN"),
    }

    assert found(native(ARMV7, main, others), tmp_path) == []


@pytest.mark.parametrize(
    ("needed", "kind"),
    [
        ("libpython3.11.so.1.0", "libpython"),
        ("/home/me/target/release/libfoo.so", "absolute-needed"),
        ("target/debug/deps/libfoo.so", "absolute-needed"),
    ],
)
def test_what_no_machine_has_by_that_name_is_an_error(needed: str, kind: str, tmp_path: Path) -> None:
    assert found(native(ARMV7, module(needed=("libc.so.6", needed))), tmp_path) == [kind]


@pytest.mark.parametrize("name", ["libX11.so.6", "libGL.so.1", "libz.so.1", "libgcc_s.so.1", "ld-linux-armhf.so.3"])
def test_what_every_machine_has_is_not_missed(name: str, tmp_path: Path) -> None:
    assert found(native(ARMV7, module(needed=("libc.so.6", name))), tmp_path) == []


@pytest.mark.parametrize("name", ["libasound-d5359bb9.so.2.0.0", "libasound.so.2"])
def test_a_library_that_should_not_be_bundled_is_told_with_the_reason_of_its_recipe(name: str, tmp_path: Path) -> None:
    main = module(needed=("libc.so.6", name), runpath="$ORIGIN/../pkg.libs")
    (finding,) = look(native(ARMV7, main, {f"pkg.libs/{name}": library(name)}), tmp_path).findings

    assert (finding.id, finding.severity) == ("unwanted-library", Severity.WARNING)
    assert "plugins" in finding.why
    assert '`auditwheel = "skip"`' in finding.fix


def test_leaving_such_a_library_to_the_machine_is_no_error(tmp_path: Path) -> None:
    (finding,) = look(native(ARMV7, module(needed=("libc.so.6", "libasound.so.2"))), tmp_path).findings

    assert (finding.id, finding.severity) == ("missing-library", Severity.WARNING)


def test_a_name_that_libraries_have_in_wheels_alone_is_on_no_machine(tmp_path: Path) -> None:
    needed = ("libc.so.6", "libasound-3ca98827.so.2")
    (finding,) = look(native(ARMV7, module(needed=needed)), tmp_path).findings

    assert (finding.id, finding.severity) == ("missing-library", Severity.ERROR)
    assert "cargo clean" in finding.fix


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (b"\0/root/.cargo/registry/src/index.crates.io-1/pyo3-0.26.0/src/err.rs\0", "/root/.cargo/registry/"),
        (b"\0/home/runner/work/pkg/src/lib.rs\0", "/home/runner/work/pkg/src/lib.rs"),
        (b"x" * (1 << 20) + b"/__w/pkg/pkg/src/lib.rs\0", None),  # goes on from another path
        (b"\0" * ((1 << 20) - 700) + b"/__w/pkg/src/lib.rs\0", "/__w/pkg/src/lib.rs"),  # on the border of two chunks
        (b"\0library/std/src/io/mod.rs\0/usr/lib/libc.so\0", None),
    ],
)
def test_paths_of_the_build_machine_are_a_note(text: bytes, seen: str | None, tmp_path: Path) -> None:
    findings = look(native(ARMV7, module() + text), tmp_path).findings

    assert [(finding.id, finding.severity) for finding in findings] == (
        [("build-paths", Severity.NOTE)] if seen else []
    )
    assert all(seen and seen in finding.what for finding in findings)
