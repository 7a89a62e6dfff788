"""Workflows that `xprov ci` writes, or has maturin write, held against GitHub's schemas."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.integration.conftest import CRATES
from tests.integration.generated import expect, generate, validate
from tests.integration.maturin import xprov
from tests.workflows import expand, read_workflow, step_of

WORKFLOWS = {
    "usual": "-- alsa dbus",
    "cargo-lock": "",
    "targets": "--target armhf --target loong64 --manylinux 2_31 -- openssl",
    "publish": "--publish --from Cargo.lock --xprov ./x -- zlib",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout of the crate that binds ALSA and D-Bus."""
    folder = tmp_path / "checkout"
    shutil.copytree(CRATES / "sound-and-bus", folder, ignore=shutil.ignore_patterns("target", "dist"))
    (folder / ".git").mkdir()
    return folder


def test_workflows_are_what_github_reads_and_doctor_has_nothing_against_them(checkout: Path) -> None:
    for name, words in WORKFLOWS.items():
        expect(xprov(checkout, "ci", "github", "-o", f".github/workflows/{name}.yml", *words.split()))

    files = sorted((checkout / ".github/workflows").iterdir())
    assert len(files) == len(WORKFLOWS)
    validate("vendor.github-workflows", *files)
    validate("custom.github-workflows-require-timeout", *files)
    said = expect(xprov(checkout, "doctor"))
    assert "Cargo.lock` asks for alsa, dbus" in expect(xprov(checkout, "ci", "github"))
    assert ".github" not in said


def test_a_file_that_says_something_else_is_not_replaced_unasked(checkout: Path) -> None:
    words = ("ci", "github", "-o", "w.yml", "--", "alsa")
    expect(xprov(checkout, *words))
    assert "`w.yml` is as it was" in expect(xprov(checkout, *words))
    (checkout / "w.yml").write_text("mine")

    refused = xprov(checkout, *words)

    assert refused.code == 2
    assert "`w.yml` is there and says something else\n\nhint: `--force` replaces it" in refused.log
    assert (checkout / "w.yml").read_text() == "mine"
    expect(xprov(checkout, "ci", "github", "-o", "w.yml", "--force", "--", "alsa"))
    assert read_workflow((checkout / "w.yml").read_text())["name"] == "Wheels"


def test_it_has_to_be_said_what_to_write(checkout: Path) -> None:
    refused = xprov(checkout, "ci")

    assert (refused.code, refused.log) == (
        2,
        "error: say what to write\n\nhint: `xprov ci github`, or `xprov ci maturin`\n",
    )


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("armhf",), "`armhf` is not a folder", "a target is named by an option: `--target armhf`"),
        (("alsa",), "`alsa` is not a folder", "if it is a library, it comes behind `--`: `... -- alsa`"),
        (("--", "asla"), "there is no recipe for a library `asla`", "did you mean `alsa`?"),
        (("--target", "armel", "--", "alsa"), "maturin-action has no container for `armel`", "it has some for amd64,"),
        (("..",), "there is no `../Cargo.toml`", "name the folder with its `pyproject.toml`"),
        (("--xprov", "$(id)", "--", "alsa"), "`$(id)` cannot be given to pip in a script", "write it like"),
    ],
)
def test_a_mistake_is_told(checkout: Path, words: tuple[str, ...], message: str, hint: str) -> None:
    refused = xprov(checkout, "ci", "github", *words)

    assert refused.code == 2
    assert f"error: {message}".replace("../", f"{checkout.parent}/") in refused.log
    assert f"hint: {hint}" in refused.log


def test_a_project_without_a_cargo_lock_has_to_say_which_libraries(checkout: Path) -> None:
    (checkout / "Cargo.lock").unlink()

    refused = xprov(checkout, "ci", "github")

    assert refused.code == 2
    assert "say for which libraries: the project has no Cargo.lock to find them in" in refused.log


def test_what_maturin_generates_sets_up_each_target_for_linux_and_leaves_the_other_platforms_as_they_were(
    checkout: Path,
) -> None:
    before = generate(checkout)["jobs"]

    shown = expect(xprov(checkout, "ci", "maturin", "--dry-run"))
    unchanged = (checkout / "pyproject.toml").read_text()
    expect(xprov(checkout, "ci", "maturin"))
    after = generate(checkout)["jobs"]
    again = expect(xprov(checkout, "ci", "maturin"))

    assert unchanged == (CRATES / "sound-and-bus/pyproject.toml").read_text()
    assert "+before-script-linux = " in shown
    assert "`pyproject.toml` is as it should be" in again
    assert set(after) == set(before)
    assert {name: job for name, job in after.items() if name != "linux"} == {
        name: job for name, job in before.items() if name != "linux"
    }
    assert after["linux"]["strategy"] == before["linux"]["strategy"]
    step = step_of(after["linux"], "PyO3/maturin-action")
    # `2_28` is a number to this reader, as to YAML 1.1, and none to GitHub.
    assert step["with"]["manylinux"] == 228
    targets = [row["target"] for row in after["linux"]["strategy"]["matrix"]["platform"]]
    scripts = [expand(step["with"]["before-script-linux"], {"matrix.platform.target": target}) for target in targets]
    assert len(scripts) == 6
    for target, script in zip(targets, scripts, strict=True):
        assert f"; /opt/xprov/bin/xprov setup {target} alsa dbus; " in script
        # What bash would not take is told without running it.
        assert subprocess.run(["bash", "-n", "-c", script], check=False).returncode == 0
