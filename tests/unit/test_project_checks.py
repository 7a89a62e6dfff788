"""What doctor finds in an environment, in Cargo.lock, in where wheels are written and in what a target needs."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.projects import (
    facts_of,
    findings_of,
    lock_of,
    with_machine,
    with_target_folder,
    write_project,
)

from xprov.environment import View
from xprov.project.facts import Facts, Machine
from xprov.project.finding import Severity
from xprov.project.packing import matches, pinned_old
from xprov.provision import Provision, ProvisionedLibrary
from xprov.recipe import Crate, Finds
from xprov.request import Method
from xprov.target import find_target
from xprov.toolchain import Toolchain

PYO3 = "[dependencies]\npyo3 = '0.26'\n"
ARM = "armv7_unknown_linux_gnueabihf"
LINKER = f"CARGO_TARGET_{ARM.upper()}_LINKER"
GCC = Toolchain(
    cc=Path("/usr/bin/arm-linux-gnueabihf-gcc"),
    cxx=None,
    ar=None,
    machine="arm-linux-gnueabihf",
    prefix="arm-linux-gnueabihf",
    sysroot=None,
    glibc=(2, 36),
    multiarch=None,
    libc_includes=(),
    found_by="PATH",
)


def _environment(folder: Path, environ: dict[str, str], *, target: str = "armhf") -> list[str]:
    write_project(folder, {"Cargo.toml": PYO3})
    facts = facts_of(folder, target=target, environ=environ)
    return [finding.id for finding in findings_of(facts) if finding.id.startswith("env-")]


def _with_alsa(facts: Facts, floor: tuple[int, int] = (2, 34)) -> Facts:
    return _with_library(facts, "alsa", floor)


def _with_library(facts: Facts, name: str, floor: tuple[int, int] = (2, 34)) -> Facts:
    library = ProvisionedLibrary(
        name=name, modules={name: "1.2.8"}, floor=floor, floor_file=None, wheel_floor=floor, linked=True
    )
    provision = Provision(
        target=find_target("armhf"),
        method=Method.SYSROOT,
        suite="debian:bookworm",
        libraries=(library,),
        packages=(),
        toolchain_glibc=None,
    )
    return replace(facts, provision=provision)


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, []),
        ({"RUSTFLAGS": ""}, []),
        ({"PKG_CONFIG_PATH": "/usr/lib/pkgconfig"}, ["env-pkg-config-path"]),
        ({"PKG_CONFIG_PATH": ""}, []),
        ({"PKG_CONFIG_PATH": "/usr/lib/pkgconfig", f"PKG_CONFIG_PATH_{ARM}": ""}, []),
        ({"CPATH": "/usr/include", "LIBRARY_PATH": "/usr/lib"}, ["env-compiler-paths", "env-linker-path"]),
        ({"CROSS_COMPILE": "aarch64-linux-gnu-"}, ["env-cross-compile"]),
        ({"CROSS_COMPILE": "aarch64-linux-gnu-", f"CC_{ARM}": "arm-gcc"}, []),
        ({"LD_LIBRARY_PATH": "/opt/lib"}, ["env-library-path"]),
        ({"PKG_CONFIG_ALLOW_CROSS": "1"}, ["env-allow-cross-alone"]),
        ({"PKG_CONFIG_ALLOW_CROSS": "1", f"PKG_CONFIG_{ARM}": "/x/pkg-config"}, []),
        ({"PKG_CONFIG_ALLOW_CROSS": "0", f"PKG_CONFIG_{ARM}": "/x/pkg-config"}, ["env-allow-cross-off"]),
        ({f"CC_{ARM}": "arm-gcc"}, []),
    ],
)
def test_variables_that_break_cross_builds_are_found(tmp_path: Path, environ: dict[str, str], found: list[str]) -> None:
    assert _environment(tmp_path, environ) == found


def test_variables_of_cross_builds_do_not_matter_for_this_machine(tmp_path: Path) -> None:
    environ = {"CPATH": "/usr/include", "PKG_CONFIG_PATH": "/x", "LD_LIBRARY_PATH": "/x"}

    assert _environment(tmp_path, environ, target="amd64") == []


@pytest.mark.parametrize(
    ("config", "environ", "target", "found"),
    [
        ("[build]\nrustflags = ['-g']\n", {"RUSTFLAGS": ""}, "armhf", ["env-rustflags"]),
        ("[build]\nrustflags = ['-g']\n", {"RUSTFLAGS": "-O"}, "amd64", ["env-rustflags"]),
        ("[build]\nrustflags = ['-g']\n", {}, "amd64", []),
        ("[target.'cfg(target_arch = \"arm\")']\nrustflags = '-g'\n", {"RUSTFLAGS": ""}, "armhf", ["env-rustflags"]),
        # What many have for macOS.
        ("[target.aarch64-apple-darwin]\nrustflags = ['-g']\n", {"RUSTFLAGS": ""}, "armhf", []),
        ("", {"RUSTFLAGS": "", f"CARGO_TARGET_{ARM.upper()}_RUSTFLAGS": "-g"}, "armhf", ["env-rustflags"]),
    ],
)
def test_rustflags_matter_where_there_are_others_that_they_take_the_place_of(
    tmp_path: Path, config: str, environ: dict[str, str], target: str, found: list[str]
) -> None:
    write_project(tmp_path, {".cargo/config.toml": config})

    assert _environment(tmp_path, environ, target=target) == found


WORKFLOW = """\
env:
  CPATH: /usr/include
  PKG_CONFIG_PATH: /usr/lib/pkgconfig
jobs:
  linux:
    strategy:
      matrix:
        target: [armv7, aarch64]
    env:
      PKG_CONFIG_ALLOW_CROSS: ${{ inputs.cross }}
    steps:
      - run: cargo test
        env: { LIBRARY_PATH: /usr/lib }
      - STEP
"""


@pytest.mark.parametrize(
    ("step", "target", "found"),
    [
        (
            "run: maturin build --target ${{ matrix.target }} -i python3.11",
            "armhf",
            [("env-pkg-config-path", 3), ("env-compiler-paths", 2)],
        ),
        ("run: maturin build --target ${{ matrix.target }} -i python3.11", "ppc64el", []),
        ("run: maturin build -i python3.11", "armhf", []),
        # Of these none reaches the container.
        ("{uses: PyO3/maturin-action@v1, with: {target: armv7, args: -i python3.11}}", "armhf", []),
        (
            "{uses: PyO3/maturin-action@v1, with: {target: armv7, args: -i python3.11, container: off}}",
            "armhf",
            [("env-pkg-config-path", 3), ("env-compiler-paths", 2)],
        ),
    ],
)
def test_variables_that_a_job_sets_for_a_build_are_a_risk_with_file_and_line(
    tmp_path: Path, step: str, target: str, found: list[tuple[str, int]]
) -> None:
    workflow = {".github/workflows/ci.yml": WORKFLOW.replace("STEP", step)}
    write_project(tmp_path, {"Cargo.toml": PYO3, **workflow})

    seen = [finding for finding in findings_of(facts_of(tmp_path, target=target)) if finding.id.startswith("env-")]

    assert [(finding.id, finding.place.line if finding.place else None) for finding in seen] == found
    assert {finding.severity for finding in seen} <= {Severity.RISK}


def test_a_variable_that_names_what_is_not_there_is_told_with_its_value(tmp_path: Path) -> None:
    cargo = "[dependencies]\npyo3 = '1'\nopenssl-sys = '1'\n"
    write_project(tmp_path, {"Cargo.toml": cargo, "Cargo.lock": lock_of("openssl-sys")})
    environ = {"RUSTC_WRAPPER": "sccache", "OPENSSL_DIR": "/usr/arm"}
    facts = facts_of(tmp_path, environ=environ)

    broken = with_machine(facts, Machine(missing=frozenset(environ)))

    assert [finding.seen for finding in findings_of(broken)] == ["RUSTC_WRAPPER=sccache", "OPENSSL_DIR=/usr/arm"]
    assert findings_of(facts) == []


def test_the_folder_of_openssl_matters_where_a_crate_looks_there(tmp_path: Path) -> None:
    write_project(tmp_path, {"Cargo.toml": PYO3, "Cargo.lock": lock_of("libc")})
    facts = facts_of(tmp_path, environ={"OPENSSL_DIR": "/usr/arm"})

    assert findings_of(with_machine(facts, Machine(missing=frozenset({"OPENSSL_DIR"})))) == []


@pytest.mark.parametrize(
    ("crates", "environ"),
    [
        # It compiles its own.
        ({"openssl-sys": ["openssl-src"]}, {}),
        # The target's own variable is asked first, and names a folder with all that is needed.
        ({}, {f"{ARM.upper()}_OPENSSL_DIR": "/usr/right"}),
    ],
)
def test_the_folder_of_openssl_is_not_asked_in_vain(
    tmp_path: Path, crates: dict[str, list[str]], environ: dict[str, str]
) -> None:
    cargo = "[dependencies]\npyo3 = '1'\nopenssl-sys = '1'\n"
    write_project(tmp_path, {"Cargo.toml": cargo, "Cargo.lock": lock_of("openssl-sys", "openssl-src", below=crates)})
    facts = facts_of(tmp_path, target="armhf", environ={"OPENSSL_DIR": "/usr/arm", **environ})

    broken = with_machine(facts, Machine(missing=frozenset({"OPENSSL_DIR"})))

    assert findings_of(broken, "env-openssl-dir") == []


def test_an_exported_compiler_turns_zig_off(tmp_path: Path) -> None:
    write_project(tmp_path, {"Cargo.toml": PYO3, "Makefile": "w:\n\tmaturin build --zig --target armhf\n"})
    environ = {f"CC_{ARM}": "arm-linux-gnueabihf-gcc"}

    (finding,) = findings_of(facts_of(tmp_path, target="armhf", environ=environ), "env-zig-off")

    assert finding.fix.startswith(f"`unset CC_{ARM}`; `xprov setup armhf")


def test_libraries_that_are_missing_are_one_line_to_type(tmp_path: Path) -> None:
    cargo = "[dependencies]\npyo3 = '0.26'\nalsa-sys = '1'\nlibdbus-sys = '1'\n"
    write_project(tmp_path, {"Cargo.toml": cargo, "Cargo.lock": lock_of("pyo3", "alsa-sys", "libdbus-sys")})
    facts = facts_of(tmp_path, target="armhf")

    (nothing,) = findings_of(facts, "library-missing")
    (one,) = findings_of(_with_alsa(facts), "library-missing")

    assert nothing.fix.startswith("`xprov setup armhf alsa dbus`")
    assert one.fix.startswith("`xprov setup armhf dbus`")
    assert one.place is not None
    assert one.place.line == 14


def test_a_library_of_a_crate_that_only_the_lock_tells_of_may_be_behind_a_feature_that_is_off(tmp_path: Path) -> None:
    lock = lock_of("reqwest", "openssl-sys", below={"reqwest": ["openssl-sys"]})
    write_project(tmp_path, {"Cargo.toml": "[dependencies]\nreqwest = '1'\n", "Cargo.lock": lock})
    facts = facts_of(tmp_path, target="armhf")
    told = replace(facts, project=replace(facts.project, graph=replace(facts.project.graph, exact=True)))

    assert [finding.severity for finding in findings_of(facts, "library-missing")] == [Severity.RISK]
    assert [finding.severity for finding in findings_of(told, "library-missing")] == [Severity.BREAKS]


def test_libraries_that_no_variable_of_this_shell_names_are_a_risk(tmp_path: Path) -> None:
    cargo = "[dependencies]\npyo3 = '0.26'\nalsa-sys = '1'\n"
    write_project(tmp_path, {"Cargo.toml": cargo, "Cargo.lock": lock_of("pyo3", "alsa-sys")})
    facts = _with_alsa(facts_of(tmp_path, target="armhf"))
    sourced = replace(facts, environ={f"PKG_CONFIG_{ARM}": "/home/me/.xprov/armhf/bin/pkg-config"})

    assert [finding.severity for finding in findings_of(facts, "environment-not-sourced")] == [Severity.RISK]
    assert findings_of(sourced, "environment-not-sourced") == []


def test_nothing_is_missing_on_this_machine_or_where_crates_compile_their_own(tmp_path: Path) -> None:
    lock = lock_of("openssl-sys", "openssl-src", below={"openssl-sys": ["openssl-src"]})
    write_project(tmp_path, {"Cargo.toml": "[dependencies]\npyo3 = '1'\nopenssl-sys = '1'\n", "Cargo.lock": lock})

    assert findings_of(facts_of(tmp_path), "library-missing") == []
    assert findings_of(facts_of(tmp_path, target="armhf"), "library-missing") == []


def test_a_crate_that_the_build_does_not_take_needs_nothing(tmp_path: Path) -> None:
    cargo = "[dependencies]\npyo3 = '1'\nalsa-sys = { version = '1', optional = true }\n"
    write_project(tmp_path, {"Cargo.toml": cargo, "Cargo.lock": lock_of("pyo3", "alsa-sys")})

    assert findings_of(facts_of(tmp_path, target="armhf"), "library-missing") == []


def test_what_a_build_script_links_is_this_machine_s(tmp_path: Path) -> None:
    cargo = "[dependencies]\npyo3 = '1'\n[build-dependencies]\nopenssl-sys = '1'\n"
    write_project(tmp_path, {"Cargo.toml": cargo, "Cargo.lock": lock_of("pyo3", "openssl-sys")})

    assert findings_of(facts_of(tmp_path, target="armhf"), "library-missing") == []


def _needs(folder: Path, dependencies: str, **environ: str) -> dict[str, str]:
    """Return the fix of each crate that needs something, of a project without a lock."""
    write_project(folder, {"Cargo.toml": f"[dependencies]\npyo3 = '1'\n{dependencies}\n"})
    found = findings_of(facts_of(folder, target="armhf", environ=environ), "crate-needs")
    return {finding.seen.partition(":")[0]: finding.fix for finding in found}


def test_a_crate_that_cannot_be_cross_built_says_what_to_type(tmp_path: Path) -> None:
    assert _needs(tmp_path, "libgssapi-sys = '1'") == {"libgssapi-sys": "`export LIBGSSAPI_IMPL=mit`"}
    assert _needs(tmp_path, "libgssapi-sys = '1'", LIBGSSAPI_IMPL="mit") == {}


def test_a_crate_that_needs_two_things_wants_both(tmp_path: Path) -> None:
    forced = "gmp-mpfr-sys = { version = '1', features = ['force-cross'] }"

    assert list(_needs(tmp_path, "gmp-mpfr-sys = '1'", CC="gcc")) == ["gmp-mpfr-sys"]
    assert list(_needs(tmp_path, forced)) == ["gmp-mpfr-sys"]
    assert _needs(tmp_path, forced, CC="arm-gcc") == {}


def test_a_crate_that_compiles_its_own_needs_what_that_needs_alone(tmp_path: Path) -> None:
    static = "hdf5-{}sys = {{ version = '0', features = ['static'] }}"

    assert _needs(tmp_path, static.format("metno-")) == {}
    assert list(_needs(tmp_path, static.format(""))) == ["hdf5-sys"]
    assert _needs(tmp_path, static.format(""), CMAKE_CROSSCOMPILING_EMULATOR="qemu-arm") == {}


def test_a_folder_that_the_linker_knows_need_not_be_named(tmp_path: Path) -> None:
    linker = {f"CARGO_TARGET_{ARM.upper()}_LINKER": f"/home/me/.xprov/armhf/bin/xprov-linker-{ARM}"}
    named = f"export LIBBPF_SYS_LIBRARY_PATH_{ARM}=/home/me/.xprov/armhf/libs/usr/lib/arm-linux-gnueabihf"

    assert _needs(tmp_path, "libbpf-sys = '1'")["libbpf-sys"].endswith(f"for zig `{named}`")
    assert _needs(tmp_path, "libbpf-sys = '1'", **linker) == {}


def test_a_program_for_this_machine_is_compiled_where_the_view_has_no_libc(tmp_path: Path) -> None:
    write_project(tmp_path, {"Cargo.toml": "[dependencies]\npyo3 = '1'\nffmpeg-sys-next = '8'\n"})
    facts = facts_of(tmp_path, target="armhf")

    assert findings_of(facts, "crate-needs") == []
    assert [finding.id for finding in findings_of(replace(facts, view=View.FULL), "crate-needs")] == ["crate-needs"]


def test_the_kernels_headers_are_no_library_that_is_missing(tmp_path: Path) -> None:
    write_project(tmp_path, {"Cargo.toml": "[dependencies]\npyo3 = '1'\nv4l2-sys-mit = '0.3'\n"})
    facts = facts_of(tmp_path, target="armhf")

    assert findings_of(facts, "library-missing") == []
    assert [finding.severity for finding in findings_of(facts, "crate-needs")] == [Severity.NOTE]


def test_a_build_script_that_cargo_does_not_run_needs_nothing(tmp_path: Path) -> None:
    asked = _needs(tmp_path, "evdev-sys = '0.2'")
    config = tmp_path / ".cargo/config.toml"
    config.parent.mkdir()
    config.write_text("[target.armv7-unknown-linux-gnueabihf.evdev]\nrustc-link-lib = ['evdev']\n")

    assert list(asked) == ["evdev-sys"]
    assert _needs(tmp_path, "evdev-sys = '0.2'") == {}


def test_a_library_of_this_machine_that_a_build_script_links_is_looked_for(tmp_path: Path) -> None:
    cargo = "[dependencies]\npyo3 = '1'\nudev = { version = '0.9', features = ['hwdb'] }\n"
    write_project(tmp_path, {"Cargo.toml": cargo})
    facts = facts_of(tmp_path, target="armhf")

    assert [finding.severity for finding in findings_of(facts, "crate-needs")] == [Severity.BREAKS]
    assert findings_of(with_machine(facts, Machine(libraries=frozenset({"udev"}))), "crate-needs") == []
    assert _needs(tmp_path, "udev = '0.9'") == {}


def _with_pg_config(facts: Facts, *, libpq: bool = False) -> Facts:
    recipe = replace(
        facts.recipes[0], library="libpq", crates=(Crate(name="pq-sys", links="pq", finds=Finds.PKG_CONFIG),)
    )
    there = with_machine(facts, Machine(programs={"pg_config": Path("/usr/bin/pg_config")}))
    return _with_library(replace(there, recipes=(recipe,)), "libpq") if libpq else there


def test_a_program_of_this_machine_that_a_crate_would_believe_is_named_with_what_to_type(tmp_path: Path) -> None:
    cargo = "[dependencies]\npyo3 = '1'\nother = '1'\n"
    write_project(tmp_path, {"Cargo.toml": cargo, "Cargo.lock": lock_of("pyo3", "pq-sys", below={"pyo3": ["pq-sys"]})})
    facts = facts_of(tmp_path, target="armhf")
    folder = f"PQ_LIB_DIR_{ARM.upper()}"

    (finding,) = findings_of(_with_pg_config(facts), "host-program")
    named = replace(facts, environ={folder: "/lib"})

    assert finding.seen.startswith("pq-sys: `/usr/bin/pg_config` is in reach")
    assert "`cargo add pq-sys@1.0.0 --features pkg-config`" in finding.fix
    assert f"`export {folder}=/home/me/.xprov/armhf/libs/usr/lib/arm-linux-gnueabihf`" in finding.fix
    assert findings_of(facts, "host-program") == []
    assert findings_of(_with_pg_config(named), "host-program") == []


def test_a_program_is_not_asked_where_pkg_config_is_and_answers(tmp_path: Path) -> None:
    write_project(tmp_path, {"Cargo.toml": "[dependencies]\npyo3 = '1'\npq-sys = '0.6'\n"})
    sourced = {f"PKG_CONFIG_{ARM}": "/home/me/.xprov/armhf/bin/pkg-config"}

    (finding,) = findings_of(
        _with_pg_config(facts_of(tmp_path, target="armhf", environ=sourced), libpq=True), "host-program"
    )
    asking = "[dependencies]\npyo3 = '1'\npq-sys = { version = '0.6', features = ['pkg-config'] }\n"
    write_project(tmp_path, {"Cargo.toml": asking})
    facts = facts_of(tmp_path, target="armhf", environ=sourced)

    assert "`cargo add pq-sys --features pkg-config`" in finding.fix
    assert findings_of(_with_pg_config(facts, libpq=True), "host-program") == []
    assert len(findings_of(_with_pg_config(facts), "host-program")) == 1
    unsourced = _with_pg_config(facts_of(tmp_path, target="armhf"), libpq=True)
    assert len(findings_of(unsourced, "host-program")) == 1


MIXED = {
    "Cargo.toml": PYO3,
    "pyproject.toml": "[tool.maturin]\npython-source = 'python'\n",
    "python/demo/__init__.py": "",
}


def test_a_command_that_writes_into_the_package_is_found_with_what_leaves_it_out(tmp_path: Path) -> None:
    write_project(tmp_path, {**MIXED, "noxfile.py": "s.run('maturin', 'build', '-o', 'python/demo/dist')\n"})

    (finding,) = findings_of(facts_of(tmp_path), "output-in-package")

    assert finding.severity is Severity.BREAKS
    assert finding.edit is not None
    assert finding.edit.values == ("python/demo/dist/**",)


@pytest.mark.parametrize("out", ["dist", "python/dist", "../dist", "/var/dist", "python/demonstration"])
def test_a_command_that_writes_elsewhere_is_left_alone(tmp_path: Path, out: str) -> None:
    write_project(tmp_path, {**MIXED, "noxfile.py": f"s.run('maturin', 'build', '-o', '{out}')\n"})

    assert findings_of(facts_of(tmp_path), "output-in-package") == []


def test_wheels_that_lie_in_the_package_are_found_before_the_next_build(tmp_path: Path) -> None:
    write_project(tmp_path, {**MIXED, "python/demo/dist/demo-1-py3-none-any.whl": ""})

    (finding,) = findings_of(facts_of(tmp_path), "wheel-in-package")

    assert finding.edit is not None
    assert finding.edit.values == ("python/demo/dist/*.whl",)


def test_what_is_excluded_is_not_packed(tmp_path: Path) -> None:
    maturin = "[tool.maturin]\npython-source = 'python'\nexclude = [{ path = '*.whl', format = ['sdist', 'wheel'] }]\n"
    write_project(
        tmp_path,
        {
            **MIXED,
            "pyproject.toml": maturin,
            "python/demo/dist/demo.whl": "",
            "noxfile.py": "s.run('maturin', 'build', '-o', 'python/demo/dist')\n",
        },
    )

    assert findings_of(facts_of(tmp_path)) == []


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("python/demo/dist/**", True),
        ("python/demo/dist/*.whl", True),
        ("*.whl", True),
        ("**/dist/*", True),
        ("/python/**/*.whl", True),
        # The folder alone: maturin asks of each file, and does not ask of the folders above it.
        ("python/demo/dist", False),
        ("python/demo/dist/", False),
        ("dist", False),
        ("demo/dist/**", False),
        ("*.gz", False),
    ],
)
def test_a_pattern_of_exclude_is_read_as_maturin_reads_it(pattern: str, *, matched: bool) -> None:
    assert matches(pattern, "python/demo/dist/demo.whl") is matched


@pytest.mark.parametrize(
    ("requires", "old"),
    [
        ("maturin", False),
        ("maturin>=1.9,<2", False),
        ("maturin==1.13.1", True),
        ("maturin[zig]>=1.5,<1.16", True),
        ("maturin~=1.15.0", True),
        ("maturin==1.16.2", False),
        ("maturin == 1.*; python_version > '3'", False),
    ],
)
def test_a_pin_says_whether_maturin_packs_the_target_folder(tmp_path: Path, requires: str, *, old: bool) -> None:
    write_project(tmp_path, MIXED)
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("maturin>=1.9,<2", requires))

    facts = with_target_folder(facts_of(tmp_path), tmp_path / "python/demo/target")
    (finding,) = findings_of(facts, "target-folder-in-package")

    assert pinned_old(facts.project) is old
    assert finding.severity is (Severity.BREAKS if old else Severity.RISK)


def test_a_cross_build_needs_a_linker_and_rust_s_own_library(tmp_path: Path) -> None:
    write_project(tmp_path, {"Cargo.toml": PYO3})
    facts = with_machine(facts_of(tmp_path, target="armhf"), Machine(has_std=False))

    assert "gcc-arm-linux-gnueabihf" in findings_of(facts, "linker-missing")[0].fix
    assert "rustup target add armv7-unknown-linux-gnueabihf" in findings_of(facts, "rust-std-missing")[0].fix


@pytest.mark.parametrize(
    "files",
    [
        {".cargo/config.toml": "[target.armv7-unknown-linux-gnueabihf]\nlinker = 'arm-gcc'\n"},
        {"Makefile": "w:\n\tmaturin build --zig\n"},
    ],
)
def test_a_linker_that_is_named_or_zig_is_enough(tmp_path: Path, files: dict[str, str]) -> None:
    write_project(tmp_path, {"Cargo.toml": PYO3, **files})

    assert findings_of(facts_of(tmp_path, target="armhf"), "linker-missing") == []


def test_a_linker_that_cargo_s_configuration_names_and_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    config = "[target.armv7-unknown-linux-gnueabihf]\nlinker = 'arm-gcc'\n"
    write_project(tmp_path, {"Cargo.toml": PYO3, ".cargo/config.toml": config})
    facts = with_machine(facts_of(tmp_path, target="armhf"), Machine(absent_linkers=frozenset({"arm-gcc"})))

    (finding,) = findings_of(facts, "linker-missing")

    assert finding.place is not None
    assert (finding.place.file.name, finding.place.line) == ("config.toml", 2)


def test_a_compiler_that_nothing_names_as_the_linker_is_told_with_the_line_to_type(tmp_path: Path) -> None:
    write_project(tmp_path, {"Cargo.toml": PYO3})
    facts = with_machine(facts_of(tmp_path, target="armhf"), Machine(toolchain=GCC))

    (finding,) = findings_of(facts, "linker-missing")

    assert finding.severity is Severity.BREAKS
    assert finding.fix.startswith(f"`export {LINKER}=arm-linux-gnueabihf-gcc`")


@pytest.mark.parametrize(
    ("files", "environ"),
    [
        ({}, {LINKER: "arm-linux-gnueabihf-gcc"}),
        ({}, {f"CARGO_TARGET_{ARM.upper()}_RUSTFLAGS": "-C linker=arm-gcc"}),
        ({".cargo/config.toml": "[target.'cfg(target_arch = \"arm\")']\nlinker = 'arm-gcc'\n"}, {}),
        ({".cargo/config.toml": "[build]\nrustflags = ['-Clinker=arm-gcc']\n"}, {}),
        ({"Makefile": "w:\n\tmaturin build --zig\n"}, {}),
        ({"Makefile": f"w:\n\t{LINKER}=arm-gcc maturin build\n"}, {}),
        # What sets the library up sets the linker too.
        ({"Cargo.toml": "[dependencies]\nalsa-sys = '1'\n", "Cargo.lock": lock_of("alsa-sys")}, {}),
    ],
)
def test_a_linker_that_anything_names_is_enough(tmp_path: Path, files: dict[str, str], environ: dict[str, str]) -> None:
    write_project(tmp_path, {"Cargo.toml": PYO3, **files})
    facts = with_machine(facts_of(tmp_path, target="armhf", environ=environ), Machine(toolchain=GCC))

    assert findings_of(facts, "linker-missing") == []
    assert findings_of(_with_alsa(facts), "linker-missing") == []


def test_a_linker_of_another_target_or_a_cc_that_links_for_the_target_is_told_apart(tmp_path: Path) -> None:
    config = "[target.'cfg(target_arch = \"aarch64\")']\nlinker = 'aarch64-gcc'\n"
    write_project(tmp_path, {"Cargo.toml": PYO3, ".cargo/config.toml": config})
    facts = facts_of(tmp_path, target="armhf")

    assert len(findings_of(with_machine(facts, Machine(toolchain=GCC)), "linker-missing")) == 1
    assert findings_of(with_machine(facts, Machine(toolchain=GCC, links_by_cc=True)), "linker-missing") == []


def test_a_command_of_another_package_of_the_checkout_is_left_alone(tmp_path: Path) -> None:
    command = "w:\n\tcd other && maturin build -o ../python/demo/dist\n"
    of_this = "w:\n\tmaturin build -m Cargo.toml -o python/demo/dist\n"
    write_project(tmp_path, {**MIXED, "Makefile": command})
    other = findings_of(facts_of(tmp_path), "output-in-package")
    (tmp_path / "Makefile").write_text(of_this)

    assert other == []
    assert len(findings_of(facts_of(tmp_path), "output-in-package")) == 1


@pytest.mark.parametrize(
    ("pyo3", "options", "severities"),
    [
        ("'0.26'", "", [Severity.BREAKS]),
        ("'0.26'", "-i python3.11", []),
        ("'0.26'", "--find-interpreter", []),
        ("'0.26'", "--features pyo3/abi3-py39", []),
        ("{ version = '0.26', features = ['abi3-py39'] }", "", []),
        # For the Python at hand, which a cross build has not.
        ("{ version = '0.26', features = ['abi3'] }", "", [Severity.BREAKS]),
    ],
)
def test_a_cross_build_says_for_which_python_or_has_abi3(
    tmp_path: Path, pyo3: str, options: str, severities: list[Severity]
) -> None:
    command = f"w:\n\tmaturin build --target armv7-unknown-linux-gnueabihf {options}\n"
    write_project(tmp_path, {"Cargo.toml": f"[dependencies]\npyo3 = {pyo3}\n", "Makefile": command})

    found = findings_of(facts_of(tmp_path, target="armhf"), "interpreter-unknown")

    assert [finding.severity for finding in found] == severities


@pytest.mark.parametrize(
    ("matrix", "target", "severities"),
    [
        ("[x86_64, armv7]", "armhf", [Severity.BREAKS]),
        ("[x86_64, aarch64]", "armhf", [Severity.NOTE]),
        # A runner may be of that machine itself.
        ("[x86_64, aarch64]", "arm64", [Severity.RISK]),
        ("${{ fromJson(inputs.targets) }}", "armhf", [Severity.RISK]),
    ],
)
def test_a_target_is_one_of_those_that_the_matrix_tells(
    tmp_path: Path, matrix: str, target: str, severities: list[Severity]
) -> None:
    job = f"jobs:\n  a:\n    strategy:\n      matrix:\n        os: [a, b]\n        target: {matrix}\n"
    step = "    steps:\n    - run: maturin build --target ${{ matrix.target }}\n"
    write_project(tmp_path, {"Cargo.toml": PYO3, ".github/workflows/ci.yml": job + step})

    found = findings_of(facts_of(tmp_path, target=target), "interpreter-unknown")

    assert [finding.severity for finding in found] == severities


def test_a_target_that_only_the_job_knows_may_be_this_one(tmp_path: Path) -> None:
    step = "- uses: PyO3/maturin-action@v1\n  with:\n    target: ${{ matrix.target }}\n    args: --out dist\n"
    write_project(tmp_path, {"Cargo.toml": PYO3, ".github/workflows/ci.yml": step})

    (finding,) = findings_of(facts_of(tmp_path, target="armhf"), "interpreter-unknown")

    assert finding.severity is Severity.RISK


@pytest.mark.parametrize(
    ("words", "severities"),
    [
        ("--target armv7-unknown-linux-gnueabihf", [Severity.BREAKS]),
        ("--target $TARGET", [Severity.RISK]),
        ("", [Severity.RISK]),
        ("--target x86_64-unknown-linux-gnu", []),
        # A short name of maturin-action's, for musl.
        ("--target armv7 --manylinux musllinux_1_2", []),
    ],
)
def test_a_tag_is_judged_by_the_target_that_it_is_for(tmp_path: Path, words: str, severities: list[Severity]) -> None:
    command = f"maturin build --manylinux 2_31 -i python3.11 {words}\n"
    write_project(tmp_path, {"Cargo.toml": PYO3, "build.sh": command})

    found = findings_of(_with_alsa(facts_of(tmp_path, target="armhf"), (2, 34)), "glibc-does-not-fit")

    assert [finding.severity for finding in found] == severities


def test_the_compiler_of_this_machine_is_not_that_of_a_job(tmp_path: Path) -> None:
    command = "maturin build --manylinux 2_31 -i python3.11 --target armv7-unknown-linux-gnueabihf\n"
    write_project(
        tmp_path, {"Cargo.toml": PYO3, ".github/workflows/ci.yml": f"jobs: {{a: {{steps: [run: {command}]}}}}"}
    )
    in_job = with_machine(facts_of(tmp_path, target="armhf"), Machine(toolchain=GCC))
    found_in_job = findings_of(in_job, "glibc-does-not-fit")
    write_project(tmp_path, {"Cargo.toml": PYO3, "build.sh": command})
    here = with_machine(facts_of(tmp_path, target="armhf"), Machine(toolchain=GCC))

    assert found_in_job == []
    assert [finding.severity for finding in findings_of(here, "glibc-does-not-fit")] == [Severity.RISK]


def test_features_or_options_that_only_the_job_knows_may_name_the_python(tmp_path: Path) -> None:
    command = "maturin build --target armv7-unknown-linux-gnueabihf"
    lines = f"{command} --features $FEATURES\n{command} $ARGS\n{command}\n"
    write_project(tmp_path, {"Cargo.toml": PYO3, "build.sh": lines})

    found = findings_of(facts_of(tmp_path, target="armhf"), "interpreter-unknown")

    assert [finding.severity for finding in found] == [Severity.RISK, Severity.RISK, Severity.BREAKS]


def test_a_tag_that_is_older_than_the_libraries_is_a_lie(tmp_path: Path) -> None:
    write_project(
        tmp_path, {"Cargo.toml": PYO3, "pyproject.toml": "[tool.maturin]\ncompatibility = 'manylinux_2_31'\n"}
    )
    facts = facts_of(tmp_path, target="armhf")

    (finding,) = findings_of(_with_alsa(facts, (2, 34)), "glibc-does-not-fit")

    assert finding.place is not None
    assert finding.place.line == 10
    assert "manylinux_2_31 is asked for, and for armhf the libraries set up for it need glibc 2.34" in finding.seen
    assert finding.fix == "`xprov setup armhf LIBRARY --manylinux 2_31`"
    assert findings_of(_with_alsa(facts, (2, 31)), "glibc-does-not-fit") == []


def test_libraries_that_are_newer_than_the_compiler_s_glibc_raise_the_tag(tmp_path: Path) -> None:
    write_project(tmp_path, {"Cargo.toml": PYO3})
    old = replace(GCC, glibc=(2, 31))
    facts = with_machine(facts_of(tmp_path, target="armhf"), Machine(toolchain=old))

    (finding,) = findings_of(_with_alsa(facts, (2, 34)), "glibc-does-not-fit")

    assert "the wheel is manylinux_2_34" in finding.seen
    assert findings_of(_with_alsa(facts, (2, 29)), "glibc-does-not-fit") == []


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, ["alsa-sys (alsa)"]),
        ({"pyproject.toml": '[tool.maturin]\nauditwheel = "skip"\n'}, []),
        ({"build.sh": "maturin build --auditwheel skip --compatibility 2_31\n"}, []),
        ({"build.sh": "maturin build --auditwheel repair\n"}, ["alsa-sys (alsa)"]),
    ],
)
def test_a_library_that_no_wheel_should_carry_is_named_unless_nothing_is_bundled(
    tmp_path: Path, files: dict[str, str], found: list[str]
) -> None:
    crates = {"Cargo.toml": "[dependencies]\nalsa-sys = '0.3'\n", "Cargo.lock": lock_of("alsa-sys", "libdbus-sys")}
    write_project(tmp_path, {**crates, **files})

    unwanted = findings_of(facts_of(tmp_path), "unwanted-library")

    assert [finding.seen.split(". ")[0] for finding in unwanted] == found
    assert all("auditwheel" in finding.fix for finding in unwanted)


@pytest.mark.parametrize(
    ("command", "target", "environ", "count"),
    [
        ("python -m build --wheel", "amd64", {}, 1),
        ("uv build", "amd64", {}, 1),
        ("pip wheel .", "amd64", {}, 0),
        ("maturin build", "amd64", {}, 0),
        ("uv build", "armhf", {}, 0),
        ("uv build", "amd64", {"PYO3_CONFIG_FILE": "/pinned.txt"}, 0),
    ],
)
def test_a_build_that_compiles_pyo3_each_time_is_noted(
    tmp_path: Path, command: str, target: str, environ: dict[str, str], count: int
) -> None:
    write_project(tmp_path, {"Cargo.toml": PYO3, "build.sh": f"{command}\n"})

    noted = findings_of(facts_of(tmp_path, target=target, environ=environ), "pyo3-recompiled")

    assert [finding.severity for finding in noted] == [Severity.NOTE] * count
