"""What the crates that build scripts use make of the environment: pkg-config, cc, cmake and bindgen, by real cargo.

Their own crates are compiled without `core` (there is no Rust library of the target here), their build scripts as ever.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.integration.cargo_build import BINDGEN, build, fetch, need_libclang, write_crate
from tests.integration.written import add_module, need, write_home

from xprov.environment import Environment
from xprov.target import find_target
from xprov.toolchain import find_toolchain

ARMHF = find_target("armhf")
TRIPLE = ARMHF.rust
TRIPLET = ARMHF.triplet

# Each crate: what its build script depends on, and the script.
CRATES = {
    # One that needs the library, as most do.
    "needs-made": (
        "pkg-config = '0.3'",
        """fn main() {
            let found = pkg_config::Config::new().env_metadata(true).probe("made").unwrap();
            log(&format!("{:?} {:?}", found.include_paths, found.link_paths));
        }""",
    ),
    # One that takes something else without a word, as libz-sys and bzip2-sys do.
    "falls-back": (
        "pkg-config = '0.3'",
        """fn main() {
            log(if pkg_config::probe_library("later").is_ok() { "system" } else { "bundled" });
        }""",
    ),
    # One that compiles C, and links a program to see whether a library is there, as libz-sys does.
    "compiles-c": (
        "cc = '1'",
        """fn main() {
            println!("cargo:rerun-if-changed=build.rs");
            std::fs::write("made.c", "#include <made.h>\\n#include <stdio.h>\\nint f(void) { return MADE; }").unwrap();
            cc::Build::new().file("made.c").compile("f");
            std::fs::write("smoke.c", "int made(void); int main(void) { return made(); }").unwrap();
            let mut smoke = cc::Build::new().get_compiler().to_command();
            smoke.args(["-o", "smoke", "smoke.c", "-lmade"]);
            log(&format!("links: {}", smoke.current_dir(std::env::current_dir().unwrap()).status().unwrap().success()));
        }""",
    ),
    # One that is built for this machine: nothing of the target may reach it.
    "for-the-host": (
        "cc = '1'\npkg-config = '0.3'",
        """fn main() {
            let flags = cc::Build::new().get_compiler().args().to_vec();
            log(&format!("{:?} {}", flags, pkg_config::probe_library("made").is_ok()));
        }""",
    ),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace with the crates above; skip where cargo cannot have theirs."""
    need("cargo", f"{TRIPLET}-gcc")
    project = tmp_path_factory.mktemp("project")
    members = []
    for name, (dependencies, script) in CRATES.items():
        write_crate(project / name, dependencies, script)
        if name != "for-the-host":
            members.append(name)
    with (project / "needs-made/Cargo.toml").open("a") as manifest:
        manifest.write("for-the-host = { path = '../for-the-host' }\n")
    (project / "for-the-host/src/lib.rs").write_text("")
    (project / "Cargo.toml").write_text(
        f"[workspace]\nresolver = '2'\nmembers = {members}\ndefault-members = {members}\n"
    )
    fetch(project)
    return project


def provisioned(home: Path, generation: str) -> Path:
    """Write a home whose view has the library `made`; return its `env`."""
    environment = Environment(
        target=ARMHF, generation=generation, toolchain=find_toolchain(ARMHF, {"PATH": os.environ["PATH"]})
    )
    write_home(home, environment)
    folder = home / "armhf"
    add_module(folder, "made", triplet=TRIPLET)
    include, lib = folder / "libs/usr/include", folder / "libs/usr/lib" / TRIPLET
    (include / "made.h").write_text("#define MADE 1\n")
    (home / "made.c").write_text("int made(void) { return 1; }\n")
    words = [f"{TRIPLET}-gcc", "-shared", "-fPIC", "made.c", "-o", str(lib / "libmade.so")]
    subprocess.run(words, cwd=home, check=True)
    return home / "env"


@pytest.mark.parametrize("folder", ["home", "a home"])
def test_build_scripts_find_the_targets_and_those_for_the_host_do_not(
    project: Path, tmp_path: Path, folder: str
) -> None:
    env = provisioned(tmp_path / folder, "0" * 12)
    usr = f"{tmp_path / folder}/armhf/libs/usr"

    ran = build(project, env, {"CARGO_TARGET_DIR": str(tmp_path / "target")}, triple=TRIPLE)

    assert f'needs-made: ["{usr}/include/made"] ["{usr}/lib/{TRIPLET}"]' in ran
    assert "compiles-c: links: true" in ran
    host = next(line for line in ran if line.startswith("for-the-host"))
    assert host.endswith(" false")
    assert str(tmp_path) not in host


def test_only_a_new_generation_runs_the_scripts_that_ask_pkg_config_again(project: Path, tmp_path: Path) -> None:
    env = provisioned(tmp_path, "0" * 12)
    first = build(project, env, triple=TRIPLE)

    same = build(project, provisioned(tmp_path, "0" * 12), triple=TRIPLE)
    add_module(tmp_path / "armhf", "later", triplet=TRIPLET)
    unchanged = build(project, env, triple=TRIPLE)
    after = build(project, provisioned(tmp_path, "1" * 12), triple=TRIPLE)
    settled = build(project, env, triple=TRIPLE)

    assert "falls-back: bundled" in first
    assert (same, unchanged, settled) == ([], [], [])
    assert "falls-back: system" in after
    assert {line.partition(":")[0] for line in after} == {"falls-back", "needs-made"}


def test_a_users_plain_variables_do_not_reach_the_target(project: Path, tmp_path: Path) -> None:
    env = provisioned(tmp_path / "home", "0" * 12)
    hosts = tmp_path / "hosts"
    hosts.mkdir()
    (hosts / "made.pc").write_text("Name: made\nDescription: x\nVersion: 9\nLibs: -L/hosts -lmade\n")

    ran = build(
        project, env, {"PKG_CONFIG_PATH": str(hosts), "PKG_CONFIG_ALLOW_CROSS": "1"}, "needs-made", triple=TRIPLE
    )

    target = next(line for line in ran if line.startswith("needs-made"))
    assert "/hosts" not in target
    assert next(line for line in ran if line.startswith("for-the-host")).endswith(" true")


BINDS = """fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let header = "#include <stdio.h>\\n#include <made.h>\\n#include <arch.h>\\nstatic const int wide = sizeof(long);";
    let bindings = bindgen::builder().header_contents("all.h", header).allowlist_var("wide|MADE|ARCH").generate();
    log(&bindings.unwrap().to_string().replace("\\n", " "));
}"""


def test_bindgen_sees_the_view_the_targets_libc_and_its_sizes(tmp_path: Path) -> None:
    need("cargo", f"{TRIPLET}-gcc")
    need_libclang()
    env = provisioned(tmp_path / "a home", "0" * 12)
    architecture = tmp_path / "a home/armhf/libs/usr/include" / TRIPLET
    architecture.mkdir()
    (architecture / "arch.h").write_text("#define ARCH 32\n")
    project = tmp_path / "binds"
    write_crate(project, BINDGEN, BINDS)
    fetch(project)

    (bindings,) = build(project, env, triple=TRIPLE)

    assert "pub const MADE: u32 = 1" in bindings
    assert "pub const ARCH: u32 = 32" in bindings
    assert "wide: ::std::os::raw::c_int = 4" in bindings


@pytest.mark.parametrize(("home", "quote"), [("home", ""), ("a home", '"')])
def test_cmake_finds_what_the_view_has_and_nothing_of_this_machine(tmp_path: Path, home: str, quote: str) -> None:
    need("cmake", f"{TRIPLET}-gcc")
    provisioned(tmp_path / home, "0" * 12)
    (tmp_path / "CMakeLists.txt").write_text(
        """cmake_minimum_required(VERSION 3.13)
        project(uses LANGUAGES C)
        find_library(MADE made REQUIRED)
        find_path(MADE_H made.h REQUIRED)
        find_path(PYTHON_H Python.h PATH_SUFFIXES python3.11 python3.13)
        find_package(PkgConfig REQUIRED)
        pkg_check_modules(PC REQUIRED IMPORTED_TARGET made)
        file(WRITE main.c "#include <made.h>\\nint made(void); int main(void) { return made() - MADE; }")
        add_executable(main main.c)
        target_link_libraries(main ${MADE})
        message(STATUS "answers ${MADE} ${MADE_H} ${PYTHON_H} ${CMAKE_SYSTEM_PROCESSOR} ${PC_LIBRARY_DIRS}")
        message(STATUS "linked by ${CMAKE_EXE_LINKER_FLAGS}")
        """
    )
    toolchain = tmp_path / home / "armhf/toolchain.cmake"

    done = subprocess.run(
        ["sh", "-ec", 'cmake -S . -B build "-DCMAKE_TOOLCHAIN_FILE=$0" && cmake --build build', toolchain],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    usr = f"{tmp_path}/{home}/armhf/libs/usr"
    assert (
        f"answers {usr}/lib/{TRIPLET}/libmade.so {usr}/include PYTHON_H-NOTFOUND armv7l {usr}/lib/{TRIPLET}"
        in done.stdout
    )
    # HDF5 makes a string of C of these flags, as they are.
    assert f"linked by -L{quote}{usr}/lib/{TRIPLET}{quote} " in done.stdout


def test_meson_finds_what_the_view_has(tmp_path: Path) -> None:
    if shutil.which("meson") is None:
        pytest.skip("`meson` is not installed")
    need("ninja", f"{TRIPLET}-gcc")
    provisioned(tmp_path / "a home", "0" * 12)
    (tmp_path / "main.c").write_text("#include <made.h>\nint made(void); int main(void) { return made() - MADE; }\n")
    (tmp_path / "meson.build").write_text(
        "project('uses', 'c')\nexecutable('main', 'main.c', dependencies: [dependency('made')])\n"
    )

    done = subprocess.run(
        ["sh", "-ec", 'meson setup --cross-file "$0" build && ninja -C build', tmp_path / "a home/armhf/meson.ini"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Host machine cpu family: arm" in done.stdout
