"""Crates of a test's own, built by real cargo for a target: what their build scripts find, they log.

They are compiled without `core` (there is no Rust library of the target here), their build scripts as ever.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.integration.test_environment_sourcing import source

BINDGEN = "bindgen = { version = '0.72', default-features = false, features = ['runtime'] }"
"""What a crate depends on whose build script runs bindgen."""

_LOG = """
use std::io::Write;
fn log(line: &str) {
    let path = std::env::var_os("BUILD_LOG").unwrap();
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    // In one piece: scripts run side by side, and all of them write here.
    let text = format!("{}: {line}\n", std::env::var("CARGO_PKG_NAME").unwrap());
    file.write_all(text.as_bytes()).unwrap();
}
"""
_NO_CORE = "#![feature(no_core)]\n#![no_core]\n"


def write_crate(folder: Path, dependencies: str, script: str) -> None:
    """Write a crate that has nothing but a build script; in that, `log` writes a line that `build` returns."""
    (folder / "src").mkdir(parents=True)
    (folder / "Cargo.toml").write_text(
        f"[package]\nname = '{folder.name}'\nversion = '0.0.0'\nedition = '2021'\n\n"
        f"[build-dependencies]\n{dependencies}\n"
    )
    (folder / "src/lib.rs").write_text(_NO_CORE)
    (folder / "build.rs").write_text(_LOG + script)


def fetch(project: Path) -> None:
    """Fetch what `project` depends on; skip where cargo cannot."""
    fetched = subprocess.run(["cargo", "fetch"], cwd=project, capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        pytest.skip(f"cargo cannot fetch: {fetched.stderr.strip().splitlines()[-1]}")


def need_libclang() -> None:
    """Skip where there is no libclang, which bindgen loads."""
    if not list(Path("/usr/lib").glob("llvm-*/lib/libclang*.so*")):
        pytest.skip("libclang is not installed")


def build(
    project: Path, env: Path, own: Mapping[str, str] | None = None, package: str | None = None, *, triple: str
) -> list[str]:
    """Build for the target in a shell that sourced `env`; return what the build scripts that ran have logged."""
    log = project / "log"
    log.unlink(missing_ok=True)
    kept = {name: os.environ[name] for name in ("HOME", "CARGO_HOME", "RUSTUP_HOME") if name in os.environ}
    environ, _ = source(("bash",), env, environ=dict(own or {}))
    words = ["cargo", "build", "--offline", "--target", triple, *(["-p", package] if package else [])]
    done = subprocess.run(
        words,
        cwd=project,
        env={"PATH": os.environ["PATH"], **kept, **environ, "BUILD_LOG": str(log), "RUSTC_BOOTSTRAP": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return sorted(log.read_text().splitlines()) if log.exists() else []
