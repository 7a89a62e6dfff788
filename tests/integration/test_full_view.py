"""The full view: a compiler that has no libc builds programs with it that run, and no other libc is mixed in."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.integration.bare_gcc import bare_gcc
from tests.integration.cargo_build import BINDGEN, build, fetch, need_libclang, write_crate
from tests.integration.images import cache_folder
from tests.integration.unpacked import Unpacked, unpack
from tests.integration.written import need, write_home

from xprov.check import Compiler, Expectation, Linked, check_libraries, pkg_config_program
from xprov.check.shadow import refuse_shadow, shadowing
from xprov.environment import Environment, View, choose_view, resolve
from xprov.environment.settings import bindgen_arguments, compiler_arguments
from xprov.errors import XprovError
from xprov.target import Target, find_target
from xprov.toolchain import Toolchain, clang_triple, find_toolchain
from xprov.view import Shape, build_view, packages_for, prepare_view

pytestmark = [pytest.mark.archive, pytest.mark.qemu]

# bullseye is from before the merge; since trixie linux-libc-dev is one package for all architectures.
LIBSTDCXX = {"bullseye": "10.2.1-6", "bookworm": "12.2.0-14", "trixie": "14.2.0-19"}
CASES = [(suite, name) for suite in LIBSTDCXX for name in ("armhf", "arm64")]

C = """\
#include <alsa/asoundlib.h>
#include <bsd/string.h>
#include <linux/version.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
static void *half(void *number) { *(double *) number /= 2; return 0; }
int main(int argc, char **argv) {
    double number = pow(argc, 2) * atof("4");
    char text[8];
    pthread_t thread;
    pthread_create(&thread, 0, half, &number);
    pthread_join(thread, 0);
    printf("%s|%s|%g|%zu|%d", snd_asoundlib_version(), zlibVersion(), number, strlcpy(text, "copied", sizeof text),
           LINUX_VERSION_CODE > 0);
    return 0;
}
"""
C_LIBRARIES = ["-lasound", "-lbsd", "-lz", "-lm", "-lpthread"]

# Headers of C++ that look for libc's of the same name behind themselves.
CPP = """\
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <alsa/asoundlib.h>
int main() {
    try {
        throw std::runtime_error(std::string("thrown ") + snd_asoundlib_version());
    } catch (const std::exception &error) {
        std::cout << error.what() << " " << std::abs(-2.5) << std::endl;
    }
    return 0;
}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """A target's folder with both views, and the toolchain without a libc that builds with it."""

    suite: str
    target: Target
    folder: Path
    environment: Environment

    @property
    def sysroot(self) -> Path:
        return self.folder / "sysroot"

    def variables(self, *, plain: bool = False) -> dict[str, str]:
        found = resolve(self.environment, self.folder, {}, plain=plain).variables
        return {name: value for name, value in found.items() if value is not None}

    def run(self, program: Path) -> str:
        return _run(f"qemu-{self.target.qemu}-static", "-L", self.sysroot, program).stdout


def _run(
    *words: str | Path, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], **(environ or {})}
    done = subprocess.run(
        [str(word) for word in words], check=False, capture_output=True, text=True, env=variables, cwd=cwd
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done


def packages(suite: str, target: Target) -> Unpacked:
    needed = packages_for(Shape.SYSROOT, LIBSTDCXX[suite])
    return unpack(suite, target, ("libasound2-dev", "zlib1g-dev", "libbsd-dev", *needed))


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Home:
    suite, name = request.param
    target = find_target(name)
    base = tmp_path_factory.mktemp(f"{suite}-{name}")
    toolchain = find_toolchain(target, {"PATH": str(bare_gcc(target, base / "gcc"))})
    assert toolchain is not None
    environment = Environment(
        target=target, generation="0" * 12, toolchain=toolchain, view=choose_view(toolchain), full_beside=True
    )
    folder = base / "a home" / target.name
    trees = packages(suite, target).all_trees
    for shape in Shape:
        build_view(prepare_view(trees, target, shape), folder / shape.value)
    write_home(folder.parent, environment)
    return Home(suite=suite, target=target, folder=folder, environment=environment)


def toolchain_of(home: Home) -> Toolchain:
    assert home.environment.toolchain is not None
    return home.environment.toolchain


def is_newer_than_suite(home: Home) -> bool:
    """Return whether the compiler, and with it the libstdc++ that g++ takes from its own folder, is a later one."""
    major = _run(toolchain_of(home).cc, "-dumpversion").stdout.partition(".")[0]
    return int(major) > int(LIBSTDCXX[home.suite].partition(".")[0])


def expect(home: Home, program: Path) -> None:
    alsa, zlib, number, copied, kernel = home.run(program).split("|")
    assert alsa.startswith("1.2")
    assert zlib.startswith("1.")
    assert (number, copied, kernel) == ("2", "6", "1")


def test_a_gcc_without_libc_is_found_and_needs_the_full_view(home: Home) -> None:
    toolchain = toolchain_of(home)

    assert (toolchain.glibc, toolchain.libc_includes) == (None, ())
    assert toolchain.multiarch == home.target.triplet
    assert home.environment.view is View.FULL


def test_every_link_ends_in_the_view_and_the_root_is_merged(home: Home) -> None:
    links = [path for path in home.sysroot.rglob("*") if path.is_symlink()]

    assert [link for link in links if not link.exists() or link.readlink().is_absolute()] == []
    assert (home.sysroot / "lib").readlink() == Path("usr/lib")
    assert (home.sysroot / home.target.loader.lstrip("/")).is_file()
    assert (home.sysroot / "usr/include" / home.target.triplet / "asm/unistd.h").is_file()


def test_c_is_compiled_and_linked_by_gcc_with_a_bare_l_and_runs(home: Home, tmp_path: Path) -> None:
    (tmp_path / "program.c").write_text(C)
    (tmp_path / "a home").symlink_to(home.folder.parent)

    _run(
        "sh", "-ec", f'eval "$CC $CPPFLAGS -Wall -Werror program.c -o program $LDFLAGS {" ".join(C_LIBRARIES)}"',
        environ=home.variables(plain=True), cwd=tmp_path,
    )  # fmt: skip

    expect(home, tmp_path / "program")


def test_the_linker_of_rust_links_with_the_full_view(home: Home, tmp_path: Path) -> None:
    (tmp_path / "program.c").write_text(C)
    toolchain = toolchain_of(home)
    wrapper = home.folder / f"bin/xprov-linker-{home.target.rust}"
    _run(toolchain.cc, f"--sysroot={home.sysroot}", "-c", "program.c", cwd=tmp_path)

    done = _run(wrapper, "program.o", "-o", "program", "-Wl,--trace", *C_LIBRARIES, cwd=tmp_path)

    expect(home, tmp_path / "program")
    libc = [line for line in done.stdout.splitlines() if line.endswith(("crt1.o", "libc.so.6", "libasound.so"))]
    assert len(libc) >= 3
    assert all(Path(line).resolve().is_relative_to(home.sysroot.resolve()) for line in libc)


def test_cxx_is_compiled_and_linked_by_gxx_and_runs(home: Home, tmp_path: Path) -> None:
    toolchain = toolchain_of(home)
    if toolchain.cxx is None:
        pytest.skip(f"no g++ for {home.target.name} is installed")
    if is_newer_than_suite(home):
        pytest.skip("g++'s own libstdc++ needs a newer glibc than the suite has: C++ takes an older g++, or clang")
    (tmp_path / "program.cc").write_text(CPP)

    _run(toolchain.cxx, f"--sysroot={home.sysroot}", "program.cc", "-o", "program", "-lasound", cwd=tmp_path)

    assert home.run(tmp_path / "program").startswith("thrown 1.2")


def test_clang_and_lld_need_nothing_but_the_view(home: Home, tmp_path: Path) -> None:
    need("clang", "ld.lld")
    (tmp_path / "program.c").write_text(C)
    (tmp_path / "program.cc").write_text(CPP)
    words = [f"--target={home.target.rust}", f"--sysroot={home.sysroot}", "-fuse-ld=lld", "-Wall", "-Werror"]

    _run("clang", *words, "program.c", "-o", "c-program", *C_LIBRARIES, cwd=tmp_path)
    _run("clang++", *words, "program.cc", "-o", "cc-program", "-lasound", cwd=tmp_path)

    expect(home, tmp_path / "c-program")
    assert home.run(tmp_path / "cc-program").startswith("thrown 1.2")


# GCC's folder is called otherwise than the others for i386; ppc64el's loader is in lib64.
@pytest.mark.parametrize("name", ["i386", "ppc64el"])
def test_clang_builds_for_targets_that_have_no_gcc_here(name: str, tmp_path: Path) -> None:
    need("clang", "ld.lld")
    target = find_target(name)
    sysroot = tmp_path / "sysroot"
    build_view(prepare_view(packages("bookworm", target).all_trees, target, Shape.SYSROOT), sysroot)
    (tmp_path / "program.cc").write_text(CPP)
    words = [f"--target={clang_triple(target)}", f"--sysroot={sysroot}", "-fuse-ld=lld"]

    _run("clang++", *words, "program.cc", "-o", "program", "-lasound", cwd=tmp_path)

    done = _run(f"qemu-{target.qemu}-static", "-L", sysroot, tmp_path / "program")
    assert done.stdout.startswith("thrown 1.2")


@pytest.mark.parametrize("home", [("bullseye", "armhf"), ("trixie", "arm64")], ids="-".join, indirect=True)
def test_a_clang_that_is_named_as_the_targets_compiler_is_its_toolchain(home: Home, tmp_path: Path) -> None:
    need("clang", "clang++", "ld.lld", "cmake")
    variable = f"CC_{home.target.rust.replace('-', '_')}"
    toolchain = find_toolchain(home.target, {"PATH": os.environ["PATH"], variable: "clang"})
    assert toolchain is not None
    assert (toolchain.found_by, toolchain.machine) == (variable, home.target.rust)
    # Debian's cross libc, where it is installed, is one that clang finds too, but not once it has a sysroot.
    assert shadowing(toolchain, home.sysroot) == ()
    environment = replace(home.environment, toolchain=toolchain)
    (tmp_path / "a home" / home.target.name).mkdir(parents=True)
    (tmp_path / "a home" / home.target.name / "sysroot").symlink_to(home.sysroot)
    write_home(tmp_path / "a home", environment)
    folder = tmp_path / "a home" / home.target.name
    (tmp_path / "program.c").write_text(C)
    (tmp_path / "program.cc").write_text(CPP)
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(made CXX)\n"
        "add_executable(program program.cc)\ntarget_link_libraries(program asound)\n"
    )
    variables = {
        name: value
        for name, value in resolve(environment, folder, {}, plain=True).variables.items()
        if value is not None
    }

    _run("sh", "-ec", 'eval "$CC $CPPFLAGS -Wall -Werror -c program.c"', environ=variables, cwd=tmp_path)
    _run(folder / f"bin/xprov-linker-{home.target.rust}", "program.o", "-o", "program", *C_LIBRARIES, cwd=tmp_path)
    script = 'cmake -S . -B build "-DCMAKE_TOOLCHAIN_FILE=$0" && cmake --build build'
    _run("sh", "-ec", script, folder / "toolchain.cmake", cwd=tmp_path)

    expect(home, tmp_path / "program")
    assert home.run(tmp_path / "build/program").startswith("thrown 1.2")


# libbsd.so is a linker script in both, and names a format that zig does not know on armhf.
@pytest.mark.parametrize("home", [("bookworm", "armhf"), ("trixie", "arm64")], ids="-".join, indirect=True)
def test_zig_brings_libc_and_takes_the_libraries_from_the_other_view(home: Home, tmp_path: Path) -> None:
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("`ziglang` of PyPI is not installed")
    zig = replace(home.environment, view=View.LIBS, zig=True)
    write_home(tmp_path / "a home", zig, program=False)
    shutil.rmtree(tmp_path / "a home" / home.target.name / "libs")
    (tmp_path / "a home" / home.target.name / "libs").symlink_to(home.folder / "libs")
    folder = tmp_path / "a home" / home.target.name
    flags = resolve(zig, folder, {}, plain=True).variables[f"CFLAGS_{home.target.rust.replace('-', '_')}"]
    (tmp_path / "program.c").write_text(C.replace("#include <linux/version.h>", "#define LINUX_VERSION_CODE 1"))
    machine = home.target.rust.replace("armv7-unknown", "arm").replace("-unknown", "")
    glibc = {"bullseye": "2.31", "bookworm": "2.36", "trixie": "2.41"}[home.suite]
    libraries = f'"-L{folder}/libs/usr/lib/{home.target.triplet}" {" ".join(C_LIBRARIES)}'

    _run(
        "sh", "-ec",
        f"eval '{sys.executable} -m ziglang cc -target {machine}.{glibc} '$0' program.c -o program {libraries}'",
        str(flags), environ={"ZIG_GLOBAL_CACHE_DIR": str(cache_folder() / "zig")}, cwd=tmp_path,
    )  # fmt: skip

    expect(home, tmp_path / "program")


def test_a_cmake_project_is_built_in_the_sysroot_and_runs(home: Home, tmp_path: Path) -> None:
    need("cmake")
    cxx = toolchain_of(home).cxx is not None and not is_newer_than_suite(home)
    (tmp_path / "program.c").write_text(C)
    (tmp_path / "cxx.cc").write_text(CPP)
    (tmp_path / "CMakeLists.txt").write_text(
        f"""cmake_minimum_required(VERSION 3.13)
project(made C {"CXX" if cxx else ""})
find_package(ALSA REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(BSD REQUIRED IMPORTED_TARGET libbsd)
pkg_check_modules(SOUND REQUIRED IMPORTED_TARGET alsa)
add_executable(program program.c)
target_link_libraries(program ALSA::ALSA ZLIB::ZLIB PkgConfig::BSD Threads::Threads m)
{"add_executable(cxx cxx.cc)" if cxx else ""}
{"target_link_libraries(cxx PkgConfig::SOUND)" if cxx else ""}
"""
    )

    script = 'cmake -S . -B build "-DCMAKE_TOOLCHAIN_FILE=$0" && cmake --build build --verbose'
    _run("sh", "-ec", script, home.folder / "toolchain.cmake", cwd=tmp_path)

    expect(home, tmp_path / "build/program")
    if cxx:
        assert home.run(tmp_path / "build/cxx").startswith("thrown 1.2")


def test_a_meson_project_is_built_in_the_sysroot_and_runs(home: Home, tmp_path: Path) -> None:
    need("meson", "ninja")
    cxx = toolchain_of(home).cxx is not None and not is_newer_than_suite(home)
    (tmp_path / "program.c").write_text(C)
    (tmp_path / "cxx.cc").write_text(CPP)
    languages = "'c', 'cpp'" if cxx else "'c'"
    more = "executable('cxx', 'cxx.cc', dependencies: dependency('alsa', include_type: 'system'))" if cxx else ""
    (tmp_path / "meson.build").write_text(
        f"""project('made', {languages})
compiler = meson.get_compiler('c')
found = [dependency('alsa'), dependency('zlib'), dependency('threads')]
found += [compiler.find_library('bsd'), compiler.find_library('m')]
executable('program', 'program.c', dependencies: found)
{more}
"""
    )

    script = 'meson setup --cross-file "$0" build && ninja -C build'
    _run("sh", "-ec", script, home.folder / "meson.ini", cwd=tmp_path)

    expect(home, tmp_path / "build/program")
    if cxx:
        assert home.run(tmp_path / "build/cxx").startswith("thrown 1.2")


def test_pkg_config_leaves_out_what_the_sysroot_has_and_names_the_rest(home: Home) -> None:
    wrapper = home.folder / home.environment.pkg_config

    flags = _run(wrapper, "--cflags", "alsa").stdout.split()
    folder = _run(wrapper, "--variable=pc_sysrootdir", "alsa").stdout.strip()
    overlay = _run(wrapper, "--cflags", "libbsd-overlay").stdout

    assert flags == []
    assert folder == str(home.sysroot.resolve())
    assert f"{home.sysroot.resolve()}/usr/include/".replace(" ", "\\ ") in overlay
    assert "/bsd " in overlay


def test_a_library_is_judged_alike_in_both_views(home: Home) -> None:
    expectations = [
        Expectation(library=name, modules=(module,), header=header, symbol=symbol, link=(link,))
        for name, module, header, symbol, link in (
            ("alsa", "alsa", "alsa/asoundlib.h", "snd_pcm_open", "asound"),
            ("zlib", "zlib", "zlib.h", "inflate", "z"),
        )
    ]
    reports = []
    for view in View:
        environment = replace(home.environment, view=view)
        write_home(home.folder.parent / view.value, environment)
        folder = home.folder.parent / view.value / home.target.name
        for shape in Shape:
            shutil.rmtree(folder / shape.value, ignore_errors=True)
            (folder / shape.value).symlink_to(home.folder / shape.value)
        compiler = Compiler(cc=toolchain_of(home).cc, flags=compiler_arguments(environment, str(folder)))
        pkg_config = pkg_config_program(folder / environment.pkg_config)
        reports.append(
            check_libraries(
                expectations, folder / view.value, home.target, pkg_config=pkg_config,
                compiler=compiler if view is View.FULL else None,
            )
        )  # fmt: skip

    libs, full = reports

    assert [check.link.linked for check in full.checks] == [Linked.YES] * 2
    assert [check.problems for check in (*libs.checks, *full.checks)] == [()] * 4
    assert [check.floor.version for check in full.checks if check.floor] == [
        check.floor.version for check in libs.checks if check.floor
    ]
    assert [[path.name for path in check.needs.private] for check in full.checks] == [[], []]
    assert [[path.name for path in check.bundled] for check in full.checks] == [
        [path.name for path in check.bundled] for check in libs.checks
    ]


@pytest.mark.parametrize("zig", [False, True], ids=["full", "zig"])
def test_bindgens_arguments_make_clang_see_libc_and_the_libraries(home: Home, tmp_path: Path, zig: bool) -> None:  # noqa: FBT001
    need("clang")
    environment = replace(home.environment, zig=True, toolchain=None, view=View.LIBS) if zig else home.environment
    (tmp_path / "wrapper.h").write_text("#include <stdio.h>\n#include <bits/wordsize.h>\n#include <zlib.h>\n")
    arguments = shlex.split(" ".join(bindgen_arguments(environment, shlex.quote(str(home.folder)))))

    done = _run("clang", *arguments, "-Werror", "-fsyntax-only", "-H", tmp_path / "wrapper.h")

    named = {Path(line.lstrip(". ")) for line in done.stderr.splitlines() if line.startswith(".")}
    assert {"stdio.h", "wordsize.h", "zlib.h"} <= {path.name for path in named}
    own = [path for path in named if path.is_relative_to(home.folder)]
    assert [path for path in named if path not in own and "/clang/" not in str(path)] == []
    assert (home.folder / ("libs" if zig else "sysroot") / "usr/include/zlib.h") in own


BINDS = """fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let header = "#include <stdio.h>\\n#include <alsa/asoundlib.h>\\nstatic const int wide = sizeof(long);";
    let bindings = bindgen::builder().header_contents("all.h", header)
        .allowlist_var("wide").allowlist_function("snd_pcm_open").generate();
    log(&bindings.unwrap().to_string().replace("\\n", " "));
}"""


@pytest.mark.parametrize(
    ("home", "wide"), [(("bookworm", "armhf"), 4), (("trixie", "arm64"), 8)], indirect=["home"], ids=["armhf", "arm64"]
)
def test_a_crate_binds_to_the_full_view_by_bindgen(
    home: Home, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, wide: int
) -> None:
    need("cargo")
    need_libclang()
    project = tmp_path / "binds"
    write_crate(project, BINDGEN, BINDS)
    fetch(project)

    compiled = {"CARGO_TARGET_DIR": str(tmp_path_factory.getbasetemp() / "bindgen")}

    (bindings,) = build(project, home.folder.parent / "env", compiled, triple=home.target.rust)

    assert "pub fn snd_pcm_open" in bindings
    assert re.search(rf"pub const wide: \S+ = {wide};", bindings)


def test_a_compiler_without_libc_is_not_shadowed(home: Home) -> None:
    assert shadowing(toolchain_of(home), home.sysroot) == ()
    refuse_shadow(toolchain_of(home), home.sysroot, home.target)


def test_debians_own_cross_libc_is_seen_to_shadow_a_sysroot(home: Home) -> None:
    target = home.target
    if not Path("/usr", target.triplet, "include/features.h").is_file():
        pytest.skip(f"libc6-dev-{target.debian}-cross is not installed")
    toolchain = find_toolchain(target, {"PATH": os.environ["PATH"]})
    assert toolchain is not None

    found = shadowing(toolchain, home.sysroot)

    assert {"features.h", "Scrt1.o", "libc.so.6"} <= {path.name for path in found}
    assert all(path.is_relative_to(f"/usr/{target.triplet}") for path in found)
    with pytest.raises(XprovError) as caught:
        refuse_shadow(toolchain, home.sysroot, target)
    assert f"libc6-dev-{target.debian}-cross" in str(caught.value.hint)
