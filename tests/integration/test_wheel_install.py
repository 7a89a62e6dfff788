"""What users install: the wheel, in an environment of its own, far from any checkout."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*words: str | Path, folder: Path) -> str:
    """Run a program in `folder`, with nothing of this process's environment; return its standard output."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel that this checkout builds."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", folder, ROOT],
        check=True,
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def xprov(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the program `xprov`, installed from the wheel with all that it depends on."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", wheel], check=True)
    return folder / "bin" / "xprov"


def test_the_wheel_holds_every_recipe_and_nothing_of_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    recipes = {Path(name).name for name in names if name.startswith("xprov/recipes/")}
    assert recipes == {file.name for file in (ROOT / "recipes").iterdir()}
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"xprov"}
    assert "xprov/py.typed" in names


def test_the_recipes_are_found_where_they_were_installed(xprov: Path, tmp_path: Path) -> None:
    shown = json.loads(run(xprov, "show", "alsa", "--json", folder=tmp_path))

    assert Path(shown["library"]["file"]).is_relative_to(xprov.parents[1])


def test_every_library_is_listed(xprov: Path, tmp_path: Path) -> None:
    listed = json.loads(run(xprov, "list", "--json", folder=tmp_path))

    names = [library["name"] for library in listed["libraries"]]
    assert names == sorted(file.stem for file in (ROOT / "recipes").glob("*.toml"))


def test_the_module_runs_like_the_program(xprov: Path, tmp_path: Path) -> None:
    assert run(xprov.with_name("python"), "-m", "xprov", "--version", folder=tmp_path) == run(
        xprov, "--version", folder=tmp_path
    )


@pytest.mark.parametrize("words", [("--help",), ("targets",), ("show", "alsa")])
def test_slow_imports_wait_until_they_are_needed(xprov: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    program = f"import sys; from xprov.cli import run; run({words!r}); print(*sys.modules, sep='\\n', file=sys.stderr)"
    done = subprocess.run(
        [xprov.with_name("python"), "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    slow = {"rich", "requests", "docker", "elftools", "debian"}
    assert slow.isdisjoint(done.stderr.split())


def test_a_pipe_that_closes_early_is_no_error_to_read(xprov: Path, tmp_path: Path) -> None:
    written = subprocess.run(
        ["bash", "-c", 'for run in 1 2 3; do "$0" targets --json | head -n 1; done', xprov],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert (written.stdout, written.stderr) == ("{\n" * 3, "")
