"""The output of a build is explained by the table of failures."""

import pytest

from xprov.catalog import load_catalog
from xprov.project.explanation import explain
from xprov.project.failures import failures
from xprov.project.finding import Severity

RECIPES = load_catalog([]).recipes()

# What programs write: seen from maturin 1.16, cargo 1.95, binutils 2.40, lld 14, pkgconf 1.8 and 3.0, or read in the
# sources of maturin, cc 1.11, pkg-config-rs 0.3, pyo3-build-config 0.26, bindgen and openssl-sys.
LOGS = {
    "pyo3-feature-off": (
        "ModuleNotFoundError: No module named 'cffi'",
        "  Caused by: unknown binding type",
        "Please install cffi yourself.",
    ),
    "output-in-package": ("  Caused by: Large file option has not been set",),
    "library-missing": (
        "The system library `alsa` required by crate `alsa-sys` was not found.",
        "Package alsa was not found in the pkg-config search path.",
        "Package 'alsa', required by 'virtual:world', not found",
        "Package 'alsa' not found",
        "arm-linux-gnueabihf/bin/ld: cannot find -lasound: No such file or directory",
        "ld.lld: error: unable to find library -lasound",
    ),
    "library-of-another-machine": (
        "ld: skipping incompatible /usr/lib/x86_64-linux-gnu/libasound.so when searching for -lasound",
        "/usr/lib/libz.so: file not recognized: file format not recognized",
        "ld.lld: error: /usr/lib/x86_64-linux-gnu/libasound.so is incompatible with armelf_linux_eabi",
    ),
    "pkg-config-cross": ("pkg-config has not been configured to support cross-compilation.",),
    "module-altered": ("Cannot repair wheel, because required library libasound-34f2ce7a.so.2 could not be located.",),
    "library-not-located": ("Cannot repair wheel, because required library libasound.so.2 could not be located.",),
    "glibc-does-not-fit": (
        "Your library is not manylinux_2_31 compliant because of the presence of too-recent versioned symbols: []",
        "External libraries [libsystemd.so.0 (GLIBC_2.32)] require newer symbol versions than manylinux_2_31",
        "undefined reference to `fstat64@GLIBC_2.33'",
    ),
    "linker-missing": (
        "/usr/bin/ld: target/debug/deps/demo.67jqq.rcgu.o: error adding symbols: file in wrong format",
        "error: linker `arm-linux-gnueabihf-gcc` not found",
        'error occurred in cc-rs: failed to find tool "arm-linux-gnueabihf-gcc": No such file or directory',
    ),
    "rust-std-missing": (
        "error[E0463]: can't find crate for `core`",
        "  = note: the `armv7-unknown-linux-gnueabihf` target may not be installed",
    ),
    "interpreter-unknown": ("Couldn't find any python interpreters. Please specify at least one with -i",),
    "libpython-linked": ("Your library links libpython (libpython3.11.so.1.0), which libraries must not do.",),
    "libclang-missing": ("thread 'main' panicked: Unable to find libclang: \"couldn't find any valid shared\"",),
    "header-missing": (
        "wrapper.h:1:10: fatal error: 'alsa/asoundlib.h' file not found",
        "alsa/asoundlib.h:1:10: fatal error: bits/libc-header-start.h: No such file or directory",
    ),
    "env-rustc-wrapper": (
        "error: could not execute process `sccache /home/me/.rustup/bin/rustc -vV` (never executed)",
    ),
    "env-openssl-dir": ("OpenSSL include directory does not exist: /usr/arm/include",),
    "crate-needs": (
        "Cross compilation from x86_64 to armv7 not supported! Use the `force-cross` feature",
        "  Unable to infer HDF5 library runtime version (can't find the binary).",
        '  no MIT or Heimdal gssapi library found. Set LIBGSSAPI_IMPL ("mit" or "heimdal") to pick an implementation',
        "  configure: error: Oops, mp_limb_t is 64 bits, but the assembler code",
    ),
}


@pytest.mark.parametrize(("id_", "line"), [(id_, line) for id_, lines in LOGS.items() for line in lines])
def test_a_failure_is_known_by_its_line_wherever_it_stands(id_: str, line: str) -> None:
    log = ["   Compiling demo v0.1.0", f"\x1b[31m  {line}\x1b[0m", "warning: build failed, waiting for other jobs"]

    found = explain(log, RECIPES)

    assert [(explanation.failure.id, explanation.line) for explanation in found] == [(id_, 2)]
    assert "\x1b" not in found[0].text


def test_a_log_without_a_failure_says_nothing() -> None:
    log = ["🔗 Found pyo3 bindings", "   Compiling pyo3 v0.26.0", "📦 Built wheel for CPython 3.11 to dist/x.whl"]

    assert explain(log, RECIPES) == ()


def test_a_sign_that_is_right_for_others_is_a_note() -> None:
    (explanation,) = explain(["🔗 Found cffi bindings"], RECIPES)

    assert (explanation.failure.id, explanation.severity) == ("pyo3-feature-off", Severity.NOTE)


@pytest.mark.parametrize(
    "line",
    [
        "The system library `alsa` required by crate `alsa-sys` was not found.",
        "/usr/bin/ld: cannot find -lasound: No such file or directory",
    ],
)
def test_the_fix_names_the_library_and_the_target_of_the_log(line: str) -> None:
    log = ["Running `maturin build --target armv7-unknown-linux-gnueabihf`", "HOST=x86_64-unknown-linux-gnu", line]

    (explanation,) = explain(log, RECIPES)

    assert explanation.fix == "make it available: `xprov setup armhf alsa`"


def test_what_a_sign_said_first_is_told_by_what_broke() -> None:
    (explanation,) = explain(["🔗 Found cffi bindings", "Please install cffi yourself."], RECIPES)

    assert (explanation.severity, explanation.line) == (Severity.BREAKS, 2)


def test_of_a_long_line_the_part_that_tells_is_shown() -> None:
    (explanation,) = explain([f"= note: {'x' * 5000} ld: cannot find -lasound {'y' * 5000}"], RECIPES)

    assert "cannot find -lasound" in explanation.text
    assert len(explanation.text) < 400


def test_a_line_of_megabytes_is_read_in_passing() -> None:
    # Where a pattern begins anywhere in a word, this takes minutes.
    assert explain(["x" * 3_000_000, "/x" * 1_000_000, "x_" * 1_000_000], RECIPES) == ()


def test_what_is_said_twice_is_explained_once() -> None:
    assert len(explain(["ld: cannot find -lasound", "ld: cannot find -lasound", "ld: cannot find -lz"], RECIPES)) == 2


def test_the_patterns_of_the_table_are_tested_each() -> None:
    every = {id_: failure.log for id_, failure in failures().items() if failure.log}
    lines = {id_: LOGS.get(id_, ()) for id_ in every}

    assert [id_ for id_, patterns in every.items() if not patterns or not lines[id_]] == []
