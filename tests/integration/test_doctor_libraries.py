"""A crate whose library is not there: doctor has the line that sets it up, and then cargo builds it for the target."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.integration.cargo_build import build, fetch, write_crate
from tests.integration.maturin import Done, ids, xprov
from tests.integration.test_environment_sourcing import source
from tests.integration.written import need

pytestmark = pytest.mark.archive

TRIPLE = "armv7-unknown-linux-gnueabihf"
SHELL = TRIPLE.replace("-", "_")

# What the build script of alsa-sys does; the crate itself would need Rust's library for the target.
PROBE = 'fn main() { log(&format!("{:?}", pkg_config::probe_library("alsa").unwrap().libs)); }'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that depends on a crate called alsa-sys, with its lock."""
    need("cargo", "arm-linux-gnueabihf-gcc")
    top = tmp_path_factory.mktemp("project")
    write_crate(top / "alsa-sys", "pkg-config = '0.3'", PROBE)
    write_crate(top / "demo", "", "fn main() {}")
    with (top / "demo/Cargo.toml").open("a") as manifest:
        manifest.write(
            "\n[dependencies]\nalsa-sys = { path = '../alsa-sys' }\n[lib]\ncrate-type = ['cdylib', 'rlib']\n"
        )
    fetch(top / "demo")
    return top / "demo"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def _doctor(project: Path, home: Path, environ: Mapping[str, str] | None = None) -> Done:
    cache = {name: os.environ[name] for name in ("XPROV_CACHE_DIR", "XDG_CACHE_HOME") if name in os.environ}
    return xprov(project, "doctor", "--target", "armhf", environ={"XPROV_HOME": str(home), **cache, **(environ or {})})


def _fails(project: Path, environ: Mapping[str, str]) -> str:
    """Build where it has to fail, and return what cargo wrote."""
    done = subprocess.run(
        ["cargo", "build", "--offline", "--target", TRIPLE],
        cwd=project,
        env={**os.environ, "RUSTC_BOOTSTRAP": "1", "BUILD_LOG": str(project / "log"), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    return done.stderr


def _explained(project: Path, log: str) -> list[str]:
    return ids(xprov(project, "explain", environ={}, log=log))


def test_without_its_library_the_crate_is_refused_and_both_say_so(project: Path, home: Path) -> None:
    log = _fails(project, {})

    found = _doctor(project, home)

    assert _explained(project, log) == ["breaks: pkg-config-cross"]
    assert "breaks: library-missing" in ids(found)
    assert "`xprov setup armhf alsa`" in found.log


def test_what_the_lock_asks_for_is_set_up_and_the_crate_builds(project: Path, home: Path) -> None:
    words = ("setup", "armhf", "--from", "Cargo.lock", "--method", "sysroot", "--suite", "debian:bookworm")
    cache = {name: os.environ[name] for name in ("XPROV_CACHE_DIR", "XDG_CACHE_HOME") if name in os.environ}

    done = xprov(project, *words, environ={"XPROV_HOME": str(home), **cache})

    assert done.code == 0, done.log
    assert "`Cargo.lock` asks for alsa" in done.log
    assert build(project, home / "env", triple=TRIPLE) == ['alsa-sys: ["asound"]']
    assert "breaks: library-missing" not in ids(_doctor(project, home))


def test_in_a_shell_that_sourced_what_was_set_up_no_variable_is_wrong(project: Path, home: Path) -> None:
    environ, _ = source(("bash",), home / "env", environ={})

    bare, sourced = ids(_doctor(project, home)), ids(_doctor(project, home, environ))

    assert "risk: environment-not-sourced" in bare
    assert [id_ for id_ in sourced if "env" in id_ or "library-missing" in id_] == []
    # Whatever is sourced: no wheel should carry alsa's library.
    assert {"risk: unwanted-library"} <= {*bare} & {*sourced}


@pytest.mark.parametrize(
    ("environ", "id_"),
    [
        ({"PKG_CONFIG_ALLOW_CROSS": "0"}, "env-allow-cross-off"),
        # A library of this machine's own may be found: then the build goes on, which is worse.
        ({"PKG_CONFIG_ALLOW_CROSS": "1", "PKG_CONFIG_LIBDIR": "/nonexistent"}, "env-allow-cross-alone"),
    ],
)
def test_a_variable_that_breaks_the_build_is_named_and_without_it_all_is_well(
    project: Path, home: Path, environ: dict[str, str], id_: str
) -> None:
    env = home / "env"
    sourced = {f"PKG_CONFIG_{SHELL}": str(home / f"armhf/bin/{TRIPLE}-pkg-config")} if id_.endswith("off") else {}

    log = _fails(project, {**sourced, **environ})
    found = _doctor(project, home, {**sourced, **environ})

    assert _explained(project, log)
    assert f"breaks: {id_}" in ids(found)
    assert build(project, env, triple=TRIPLE) in ([], ['alsa-sys: ["asound"]'])
