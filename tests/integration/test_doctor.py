"""Projects that real maturin really fails on: doctor says why, what it says is done, and then they build."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.integration.maturin import (
    GUARDED,
    MODULE,
    Maturin,
    answer_of,
    fetch,
    ids,
    names_in,
    start_maturin,
    wheel_of,
    write_pyo3_project,
    xprov,
)
from tests.unit.projects import OPTIONAL, write_project

from xprov.host import inspect_host
from xprov.target import find_target
from xprov.toolchain import cargo_variable

PLAIN = '[dependencies]\npyo3 = "0.26"\n'
MIXED = {
    "Cargo.toml": PLAIN,
    "pyproject.toml": "[tool.maturin]\npython-source = 'python'\nmodule-name = 'demo.demo'\n",
    "python/demo/__init__.py": "from .demo import *\n",
}

RENAMED = """\
#[cfg(feature = "python")]
#[snake::pymodule]
#[pyo3(crate = "snake")]
mod demo {
    #[snake::pyfunction]
    #[pyo3(crate = "snake")]
    fn answer() -> u32 { 42 }
}
"""


@pytest.fixture(scope="module")
def maturin(tmp_path_factory: pytest.TempPathFactory) -> Maturin:
    """Return maturin, with one target folder for all: pyo3 is compiled once."""
    return start_maturin(tmp_path_factory.mktemp("maturin"))


def test_pyo3_behind_a_feature_that_is_off_is_turned_on(tmp_path: Path, maturin: Maturin) -> None:
    write_pyo3_project(tmp_path, {"Cargo.toml": OPTIONAL, "src/lib.rs": GUARDED})

    failed = maturin.build(tmp_path)
    mended = xprov(tmp_path, "doctor", "--fix")
    built = maturin.build(tmp_path)

    assert failed.code == 1
    assert ids(xprov(tmp_path, "explain", log=failed.log)) == ["breaks: pyo3-feature-off"]
    assert (mended.code, '+features = ["python"]' in mended.log) == (0, True)
    assert built.code == 0, built.log
    assert answer_of(wheel_of(tmp_path / "dist"), maturin.python, tmp_path / "unpacked") == "42"


def test_doctor_names_the_feature_and_ends_with_1_until_it_is_on(tmp_path: Path) -> None:
    write_pyo3_project(tmp_path, {"Cargo.toml": OPTIONAL, "src/lib.rs": GUARDED})

    before = xprov(tmp_path, "doctor")
    (tmp_path / "pyproject.toml").write_text(
        (tmp_path / "pyproject.toml").read_text() + "[tool.maturin]\nfeatures=['python']\n"
    )
    after = xprov(tmp_path, "doctor")

    assert (before.code, ids(before)) == (1, ["breaks: pyo3-feature-off"])
    assert "(Cargo.toml:10)" in before.log
    assert "cargo's own view" in before.log
    assert (after.code, ids(after)) == (0, [])


def test_a_feature_is_found_where_pyo3_is_renamed_and_inherited_in_a_workspace(
    tmp_path: Path, maturin: Maturin
) -> None:
    (tmp_path / "Cargo.toml").write_text(
        "[workspace]\nresolver = '2'\nmembers = ['crates/demo']\n[profile.dev]\nopt-level = 0\ndebug = false\n"
        "[workspace.dependencies]\nsnake = { package = 'pyo3', version = '0.26' }\n"
    )
    demo = tmp_path / "crates/demo"
    cargo = "[dependencies]\nsnake = { workspace = true, optional = true }\n\n[features]\npython = ['dep:snake']\n"
    write_project(demo, {"Cargo.toml": cargo, "src/lib.rs": RENAMED})
    fetch(tmp_path)

    failed = maturin.build(demo)
    found = xprov(tmp_path, "doctor", "crates/demo")
    mended = xprov(tmp_path, "doctor", "crates/demo", "--fix")
    built = maturin.build(demo)

    assert failed.code == 1
    assert (found.code, ids(found)) == (1, ["breaks: pyo3-feature-off"])
    assert "(crates/demo/Cargo.toml:10)" in found.log
    assert mended.code == 0
    assert built.code == 0, built.log
    assert answer_of(wheel_of(demo / "dist"), maturin.python, tmp_path / "unpacked") == "42"


def test_pyo3_of_another_platform_makes_a_wheel_without_its_module(tmp_path: Path, maturin: Maturin) -> None:
    other = "[target.'cfg(windows)'.dependencies]\npyo3 = '0.26'\n"
    write_pyo3_project(tmp_path, {"Cargo.toml": other, "src/lib.rs": "#[cfg(windows)]\n" + MODULE})

    done = maturin.build(tmp_path)

    assert done.code == 0, done.log
    assert "note: pyo3-feature-off" in ids(xprov(tmp_path, "explain", log=done.log))
    assert ids(xprov(tmp_path, "doctor")) == ["breaks: pyo3-feature-off"]


def test_features_that_a_front_end_hands_on_take_the_place_of_the_project_s(tmp_path: Path, maturin: Maturin) -> None:
    cargo = f"{OPTIONAL}fast = []\n"
    pyproject = "[tool.maturin]\nfeatures = ['python']\n"
    write_pyo3_project(tmp_path, {"Cargo.toml": cargo, "pyproject.toml": pyproject, "src/lib.rs": GUARDED})
    fast, python = (f"--profile dev --offline --features {name}" for name in ("fast", "python"))
    by_variable = {"MATURIN_PEP517_ARGS": fast}

    (tmp_path / "build.sh").write_text(f"python -m build --wheel -C build-args='{fast}'\n")
    failed = maturin.front_end(tmp_path, f"-Cbuild-args={fast}")
    found = ids(xprov(tmp_path, "doctor"))
    (tmp_path / "build.sh").write_text(f"python -m build --wheel -C build-args='{python}'\n")
    failed_too = maturin.front_end(tmp_path, environ=by_variable)
    found_too = ids(xprov(tmp_path, "doctor", environ=by_variable))
    built = maturin.front_end(tmp_path, f"-Cmaturin.build-args={python}", environ=by_variable)

    named = "breaks: pyo3-feature-off"
    assert (failed.code, failed_too.code, built.code) == (1, 1, 0), built.log
    assert (named in found, named in found_too, ids(xprov(tmp_path, "doctor"))) == (
        True,
        True,
        ["note: pyo3-recompiled"],
    )
    assert answer_of(wheel_of(tmp_path / "dist"), Path(sys.executable), tmp_path / "unpacked") == "42"


def test_output_in_the_package_is_found_before_it_grows_and_left_out(tmp_path: Path, maturin: Maturin) -> None:
    out = "python/demo/dist"
    write_pyo3_project(tmp_path, {**MIXED, "noxfile.py": f"session.run('maturin', 'build', '-o', '{out}')\n"})

    found = xprov(tmp_path, "doctor")
    failed = maturin.build(tmp_path, "-o", out)
    size = wheel_of(tmp_path / out).stat().st_size
    wheel_of(tmp_path / out).unlink()
    mended = xprov(tmp_path, "doctor", "--fix")
    built = maturin.build(tmp_path, "-o", out)

    assert ids(found) == ["breaks: output-in-package"]
    assert "noxfile.py:1" in found.log
    # The limit of the test ended what would have gone on to 4 GiB.
    assert (failed.code < 0 or failed.code > 128, size) == (True, 20_000 * 1024)
    assert mended.code == 0, mended.log
    assert built.code == 0, built.log
    assert [name for name in names_in(wheel_of(tmp_path / out)) if name.endswith(".whl")] == []


def test_wheels_in_the_package_are_packed_until_they_are_left_out(tmp_path: Path, maturin: Maturin) -> None:
    write_pyo3_project(tmp_path, MIXED)
    old = tmp_path / "python/demo/old/demo-0.0.1-py3-none-any.whl"
    old.parent.mkdir()
    with zipfile.ZipFile(old, "w") as archive:
        archive.writestr("demo/__init__.py", "")

    packed = maturin.build(tmp_path)
    inside = "demo/old/demo-0.0.1-py3-none-any.whl" in names_in(wheel_of(tmp_path / "dist"))
    found = xprov(tmp_path, "doctor")
    mended = xprov(tmp_path, "doctor", "--fix")
    built = maturin.build(tmp_path)

    assert (packed.code, inside) == (0, True)
    assert (found.code, ids(found)) == (1, ["breaks: wheel-in-package"])
    assert mended.code == 0
    assert built.code == 0, built.log
    assert [name for name in names_in(wheel_of(tmp_path / "dist")) if name.endswith(".whl")] == []


def test_what_git_ignores_is_not_packed_and_not_found(tmp_path: Path, maturin: Maturin) -> None:
    write_pyo3_project(tmp_path, {**MIXED, ".gitignore": "*.whl\n", "python/demo/old.whl": ""})
    subprocess.run(["git", "init", "-q", tmp_path], check=True)

    built = maturin.build(tmp_path)

    assert built.code == 0, built.log
    assert "demo/old.whl" not in names_in(wheel_of(tmp_path / "dist"))
    assert ids(xprov(tmp_path, "doctor")) == []


def test_an_older_maturin_that_is_pinned_packs_the_target_folder(tmp_path: Path, maturin: Maturin) -> None:
    home = tmp_path / "old"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", f"--target={home}", "maturin==1.13.3"]
    fetched = subprocess.run(command, capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        pytest.skip(f"maturin 1.13.3 cannot be had: {fetched.stderr.strip().splitlines()[-1]}")
    old = Maturin(program=home / "bin/maturin", python=maturin.python, target=maturin.target)
    project = tmp_path / "project"
    write_pyo3_project(project, MIXED)
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("maturin>=1.9,<2", "maturin==1.13.3"))
    inside = {"CARGO_TARGET_DIR": str(project / "python/demo/target")}
    (project / "python/demo/target").mkdir()
    (project / "python/demo/target/left-behind").write_text("by an earlier build")

    # Only what is packed matters: the build goes elsewhere, as its folder's content would.
    packed = old.build(project)
    first = names_in(wheel_of(project / "dist"))
    found = xprov(project, "doctor", environ=inside)
    mended = xprov(project, "doctor", "--fix", environ=inside)
    built = old.build(project)

    assert packed.code == 0, packed.log
    assert "demo/target/left-behind" in first
    assert (found.code, ids(found)) == (1, ["breaks: target-folder-in-package"])
    assert mended.code == 0
    assert built.code == 0, built.log
    assert "demo/target/left-behind" not in names_in(wheel_of(project / "dist"))


def test_a_wrapper_of_rustc_that_is_not_there_ends_every_build(tmp_path: Path, maturin: Maturin) -> None:
    write_pyo3_project(tmp_path, {"Cargo.toml": PLAIN})
    environ = {"RUSTC_WRAPPER": "no-such-sccache"}

    failed = maturin.build(tmp_path, environ=environ)
    found = xprov(tmp_path, "doctor", environ=environ)

    assert failed.code == 1
    assert ids(xprov(tmp_path, "explain", log=failed.log)) == ["breaks: env-rustc-wrapper"]
    assert ids(found) == ["breaks: env-rustc-wrapper"]
    assert (maturin.build(tmp_path).code, xprov(tmp_path, "doctor").code) == (0, 0)


def test_a_linker_that_is_not_there_ends_the_build(tmp_path: Path, maturin: Maturin) -> None:
    write_pyo3_project(tmp_path, {"Cargo.toml": PLAIN})
    host = inspect_host(os.environ).architecture
    environ = {cargo_variable(find_target(host).rust, "LINKER"): "no-such-gcc"}

    failed = maturin.build(tmp_path, environ=environ)
    found = xprov(tmp_path, "doctor", environ=environ)

    assert failed.code == 1
    assert ids(xprov(tmp_path, "explain", log=failed.log)) == ["breaks: linker-missing"]
    assert ids(found) == ["breaks: env-linker"]


def test_a_linker_that_cargo_s_configuration_names_and_that_is_not_there_is_found(tmp_path: Path) -> None:
    config = "[target.armv7-unknown-linux-gnueabihf]\nlinker = 'no-such-gcc'\n"
    write_pyo3_project(tmp_path, {"Cargo.toml": PLAIN, ".cargo/config.toml": config})

    found = xprov(tmp_path, "doctor", "--target", "armhf")

    assert "breaks: linker-missing" in ids(found)
    assert "(.cargo/config.toml:2)" in found.log


def test_a_cross_build_without_a_python_fails_and_with_one_goes_on_to_what_is_missing_next(
    tmp_path: Path, maturin: Maturin
) -> None:
    # No machine that runs the tests has Rust's library for this one.
    triple = "armv7-unknown-linux-gnueabihf"
    command = f"wheel:\n\tmaturin build --target {triple} -o dist\n"
    write_pyo3_project(tmp_path, {"Cargo.toml": PLAIN, "Makefile": command})

    failed = maturin.build(tmp_path, "--target", triple)
    stable = maturin.build(tmp_path, "--target", triple, "--features", "pyo3/abi3")
    found = ids(xprov(tmp_path, "doctor", "--target", "armhf"))
    further = maturin.build(tmp_path, "--target", triple, "-i", "python3.11")
    (tmp_path / "Makefile").write_text(command.replace("-o dist", "-o dist -i python3.11"))
    after = ids(xprov(tmp_path, "doctor", "--target", "armhf"))

    assert ids(xprov(tmp_path, "explain", log=failed.log)) == ["breaks: interpreter-unknown"]
    assert "Couldn't find any python interpreters" in stable.log
    assert "breaks: interpreter-unknown" in found
    assert "breaks: rust-std-missing" in ids(xprov(tmp_path, "explain", log=further.log))
    assert "breaks: interpreter-unknown" not in after
    assert "breaks: rust-std-missing" in after


def test_a_log_is_shown_while_it_is_read_and_a_build_that_went_well_ends_with_0(tmp_path: Path) -> None:
    said = xprov(tmp_path, "explain", log="📦 Built wheel\n")

    assert said.code == 0
    assert said.log.startswith("📦 Built wheel\nnothing that xprov knows in 1 lines")


def test_both_speak_json_with_a_version(tmp_path: Path) -> None:
    write_pyo3_project(tmp_path, {"Cargo.toml": OPTIONAL, "src/lib.rs": GUARDED})

    seen = json.loads(xprov(tmp_path, "doctor", "--json", "-q").log)
    explained = json.loads(xprov(tmp_path, "explain", "--json", "-q", log="a\nld: cannot find -lasound\n").log)

    (finding,) = seen["findings"]
    assert (seen["version"], finding["id"], finding["line"]) == (1, "pyo3-feature-off", 10)
    assert finding["safe"] is True
    assert finding["diff"].startswith("--- a/pyproject.toml")
    assert (explained["version"], explained["lines"], explained["findings"][0]["line"]) == (1, 2, 2)
    assert explained["findings"][0]["fix"] == "make it available: `xprov setup TARGET alsa`"


def test_a_folder_that_is_no_project_is_wrong_usage(tmp_path: Path) -> None:
    assert xprov(tmp_path, "doctor").code == 2
    assert "is no project that maturin builds" in xprov(tmp_path, "doctor").log
    assert "is not a folder" in xprov(tmp_path, "doctor", "missing").log
