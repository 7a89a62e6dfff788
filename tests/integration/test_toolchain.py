"""Toolchains that are really here, and programs that only look like one."""

import os
import shutil
from pathlib import Path

import pytest
from tests.integration.written import need

from xprov.target import find_target
from xprov.toolchain import Toolchain, find_toolchain

ARMHF, ARM64 = find_target("armhf"), find_target("arm64")
CC = "arm-linux-gnueabihf-gcc"
CC_ARMV7 = "CC_armv7_unknown_linux_gnueabihf"


@pytest.fixture
def path() -> str:
    need(CC)
    return os.environ["PATH"]


def script(program: Path, text: str) -> Path:
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return program


def named(toolchain: Toolchain | None) -> tuple[str, str]:
    assert toolchain is not None
    return str(toolchain.cc), toolchain.found_by


def test_debians_cross_gcc_is_found_and_says_what_it_builds_against(path: str) -> None:
    toolchain = find_toolchain(ARMHF, {"PATH": path})

    assert toolchain is not None
    assert (toolchain.found_by, toolchain.prefix, toolchain.machine) == ("PATH", CC[:-4], CC[:-4])
    assert toolchain.sysroot is None
    assert toolchain.multiarch == "arm-linux-gnueabihf"
    if Path("/usr/arm-linux-gnueabihf/include/features.h").is_file():
        assert toolchain.libc_includes == (Path("/usr/arm-linux-gnueabihf/include"),)
        assert toolchain.glibc is not None
        assert toolchain.glibc >= (2, 31)


def test_another_sysroot_of_the_same_compiler_is_the_one_that_counts(path: str, tmp_path: Path) -> None:
    include = tmp_path / "sysroot/usr/include"
    include.mkdir(parents=True)
    (include / "features.h").write_text("#define __GLIBC__ 2\n#define __GLIBC_MINOR__ 17\n")
    real = shutil.which(CC)
    for kind in ("gcc", "g++", "ar"):
        script(
            tmp_path / f"bin/armv7-unknown-linux-gnueabihf-{kind}",
            f'exec {real} --sysroot={tmp_path}/sysroot -isystem {include} "$@"',
        )

    toolchain = find_toolchain(ARMHF, {"PATH": path, CC_ARMV7: f"{tmp_path}/bin/armv7-unknown-linux-gnueabihf-gcc"})

    assert toolchain is not None
    assert (toolchain.glibc, toolchain.found_by) == ((2, 17), CC_ARMV7)
    assert toolchain.sysroot == tmp_path / "sysroot"
    assert toolchain.libc_includes[0] == include
    assert toolchain.prefix == "armv7-unknown-linux-gnueabihf"
    assert toolchain.cxx == tmp_path / "bin/armv7-unknown-linux-gnueabihf-g++"
    assert toolchain.ar == tmp_path / "bin/armv7-unknown-linux-gnueabihf-ar"


def test_the_order_in_which_variables_are_asked(path: str, tmp_path: Path) -> None:
    programs = {
        name: str(script(tmp_path / name.lower(), f'exec {shutil.which(CC)} "$@"'))
        for name in ("CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER", CC_ARMV7, "TARGET_CC")
    }
    environ = {"PATH": path, **programs}

    found = []
    for name in programs:
        found.append(named(find_toolchain(ARMHF, environ)))
        del environ[name]

    assert found == [(program, name) for name, program in programs.items()]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("/nonexistent/gcc", id="missing"),
        pytest.param("true", id="no-compiler"),
        pytest.param("gcc -m32 --verbose", id="arguments"),
        pytest.param("it's", id="quote"),
        pytest.param("", id="empty"),
    ],
)
def test_a_variable_that_names_no_compiler_for_the_target_is_passed_over(path: str, value: str) -> None:
    environ = {"PATH": path, "TARGET_CC": value, CC_ARMV7: value}

    assert named(find_toolchain(ARMHF, environ))[1] == "PATH"


def test_target_cc_of_another_target_is_not_taken(path: str) -> None:
    environ = {"PATH": path, "TARGET_CC": CC}

    taken = find_toolchain(ARM64, environ)

    assert taken is None or taken.found_by == "PATH"
    assert named(find_toolchain(ARMHF, environ))[1] == "TARGET_CC"


def test_a_launcher_is_looked_behind(path: str) -> None:
    environ = {"PATH": path, CC_ARMV7: f"ccache {CC}"}

    assert named(find_toolchain(ARMHF, environ)) == (shutil.which(CC), CC_ARMV7)


def test_xprovs_own_linker_is_no_toolchain_but_what_it_runs_is(path: str, tmp_path: Path) -> None:
    wrapper = script(tmp_path / "bin/xprov-linker-armv7-unknown-linux-gnueabihf", f'exec {CC} "$@"')
    real = script(tmp_path / "my-gcc", f'exec {CC} "$@"')
    environ = {"PATH": path, "CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER": str(wrapper)}

    alone = find_toolchain(ARMHF, environ)
    kept = find_toolchain(ARMHF, {**environ, "XPROV_LINKER_armv7_unknown_linux_gnueabihf": str(real)})

    assert named(alone)[1] == "PATH"
    assert named(kept) == (str(real), "XPROV_LINKER_armv7_unknown_linux_gnueabihf")


def test_a_machine_without_one_has_none(tmp_path: Path) -> None:
    assert find_toolchain(find_target("s390x"), {"PATH": str(tmp_path)}) is None
