"""`xprov pyo3-config` with real interpreters, cargo and build frontends: what is compiled again, and what not.

PyO3 0.26 by maturin 1.16, `build` 1.6 and uv 0.13; what they do stands in the tests.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integration.conftest import CRATES
from tests.integration.written import need

SCRIPTS = Path(sysconfig.get_path("scripts"))
OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"

# What PyO3 and cargo would take from the machine that the tests run on.
FOREIGN = ("PYO3_", "CARGO_BUILD_", "CARGO_TARGET_", "VIRTUAL_ENV", "CONDA_PREFIX", "RUSTC_WRAPPER")

# The crates that are compiled again when the interpreter's path is another one, and by PyO3 0.26 one more.
AGAIN = {"pyo3-ffi", "pyo3", "pinned"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """What `xprov pyo3-config` wrote, and its exit code."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """A home of xprov and a cargo target folder of their own, for the builds of one crate."""

    folder: Path

    @property
    def project(self) -> Path:
        return self.folder / "pinned"

    def environ(self, own: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        places = {"XPROV_HOME": str(self.folder / "home"), "CARGO_TARGET_DIR": str(self.folder / "target")}
        return {**kept, **places, **(own or {})}

    def xprov(self, *words: str | Path, own: Mapping[str, str] | None = None) -> Ran:
        done = _run([SCRIPTS / "xprov", "pyo3-config", *words], self.folder, self.environ(own))
        return Ran(code=done.returncode, out=done.stdout, err=done.stderr)

    def variables(self, python: Path | str) -> dict[str, str]:
        """Return what `--env` sets for `python`, by its JSON."""
        ran = self.xprov(self.project, "--python", python, "--env", "--format", "json")
        assert ran.code == 0, ran.err
        return {**json.loads(ran.out)["variables"]}

    def build(self, frontend: Sequence[str | Path], own: Mapping[str, str] | None = None) -> set[str]:
        """Build a wheel by a frontend that makes a new environment for it; return the crates that were compiled."""
        words = [*frontend, "--wheel", "-o", self.folder / "dist", self.project]
        done = _run(["nice", "-n", "10", *words], self.folder, self.environ(own))
        assert done.returncode == 0, done.stdout + done.stderr
        lines = [line.split() for line in (done.stdout + done.stderr).splitlines()]
        return {words[1] for words in lines if words[:1] == ["Compiling"]}


def _run(words: Sequence[str | Path], folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, check=False)


BUILD: tuple[str | Path, ...] = (sys.executable, "-m", "build")
UV: tuple[str | Path, ...] = (SCRIPTS / "uv", "build", "--python", sys.executable)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Return a bench whose project is an empty folder: the interpreter is all there is to ask."""
    bench = Bench(folder=tmp_path)
    bench.project.mkdir()
    return bench


@pytest.fixture(scope="module")
def cargo_bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Return a bench with the crate, whose dependencies are fetched."""
    need("cargo")
    bench = Bench(folder=tmp_path_factory.mktemp("bench"))
    shutil.copytree(CRATES / "pinned", bench.project)
    fetched = _run(["cargo", "fetch", "--locked"], bench.project, bench.environ())
    if fetched.returncode != 0:
        pytest.skip(f"cargo cannot fetch: {fetched.stderr.strip().splitlines()[-1]}")
    return bench


def pythons() -> dict[str, Path]:
    """Return a Python of each version that is here and that PyO3 0.26 takes: the tests' own, PATH's and pyenv's."""
    found = {OWN: Path(sys.executable)}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [*sorted(pyenv.glob("*/bin/python3")), Path("/usr/bin/python3")]
    for python in candidates:
        done = _run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], Path("/"), os.environ)
        if done.returncode == 0 and (3, 7) <= _numbers(done.stdout) <= (3, 14):
            found.setdefault(done.stdout.strip(), python)
    return found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


@pytest.fixture(scope="module")
def other() -> Path:
    """Return a Python of another version than the tests' own."""
    for version, python in pythons().items():
        if version != OWN:
            return python
    if os.environ.get("XPROV_TESTS_REQUIRE"):
        pytest.fail("XPROV_TESTS_REQUIRE is set and there is no second version of Python", pytrace=False)
    pytest.skip("there is no second version of Python here")


def test_a_second_build_in_a_new_environment_compiles_nothing(cargo_bench: Bench, other: Path) -> None:
    own = cargo_bench.variables(sys.executable)
    first = cargo_bench.build(BUILD, own)
    # PyO3 is asked by cargo here, and what was built stays.
    theirs = cargo_bench.variables(other)

    by_build, by_uv = cargo_bench.build(BUILD, own), cargo_bench.build(UV, own)
    changed, again = cargo_bench.build(UV, theirs), cargo_bench.build(UV, theirs)

    assert first >= AGAIN
    assert (by_build, by_uv) == (set(), set())
    assert changed >= AGAIN
    assert again == set()
    # Each wheel is for the interpreter of its configuration, whichever ran the build.
    for python in (Path(sys.executable), other):
        assert _imports(cargo_bench.folder / "dist", python)


def test_without_it_each_build_in_a_new_environment_compiles_pyo3_again(cargo_bench: Bench) -> None:
    cargo_bench.build(BUILD)

    by_build, by_uv = cargo_bench.build(BUILD), cargo_bench.build(UV)

    assert by_build >= AGAIN
    assert by_uv >= AGAIN


def _imports(dist: Path, python: Path) -> bool:
    """Return whether `python` imports the module of the one wheel in `dist` that is for it."""
    tag = _run([python, "-c", "import sys; print('cp%d%d' % sys.version_info[:2])"], dist, os.environ).stdout.strip()
    (wheel,) = dist.glob(f"*-{tag}-{tag}-*.whl")
    place = dist / tag
    shutil.unpack_archive(wheel, place, format="zip")
    return _run([python, "-c", "import pinned"], place, {**os.environ, "PYTHONPATH": str(place)}).returncode == 0


@pytest.mark.parametrize("feature", ["", "'pyo3/abi3-py37'"], ids=["plain", "abi3"])
def test_pyo3_itself_and_sysconfig_say_the_same(cargo_bench: Bench, tmp_path: Path, feature: str) -> None:
    project = tmp_path / "asked"
    shutil.copytree(cargo_bench.project, project)
    manifest = project / "Cargo.toml"
    manifest.write_text(f"{manifest.read_text()}\n[features]\ndefault = [{feature}]\n")

    for version, python in list(pythons().items())[: 2 if feature else 4]:
        asked = cargo_bench.xprov(project, "--python", python, "--discovery", "pyo3", "--json")
        alone = cargo_bench.xprov(project, "--python", python, "--discovery", "sysconfig", "--json")

        assert asked.code == 0, asked.err
        assert json.loads(asked.out)["discovery"] == "PyO3 0.26.0"
        assert json.loads(alone.out)["discovery"] == "sysconfig"
        assert json.loads(asked.out)["path"] == json.loads(alone.out)["path"], version


@pytest.mark.parametrize("copies", [False, True], ids=["links", "copies"])
def test_every_environment_of_an_interpreter_has_one_file(bench: Bench, *, copies: bool) -> None:
    # Before and after Python 3.11, since when an environment's interpreter knows what it was made from.
    every = pythons()
    for version in {min(every, key=_numbers), max(every, key=_numbers)}:
        folders = [bench.folder / f"{version}-{at}" for at in range(2)]
        for folder in folders:
            words: list[str | Path] = [
                every[version],
                "-m",
                "venv",
                "--without-pip",
                "--copies" if copies else "--symlinks",
                folder,
            ]
            subprocess.run(words, check=True, capture_output=True)

        paths = {bench.xprov("--python", place).out for place in (every[version], *folders)}

        assert len(paths) == 1, (version, paths)
        assert str(bench.folder / version) not in Path(paths.pop().strip()).read_text()


def test_many_at_once_write_one_file(bench: Bench) -> None:
    with ThreadPoolExecutor() as threads:
        runs = list(threads.map(lambda _: bench.xprov("--python", sys.executable), range(8)))

    assert {ran.code for ran in runs} == {0}
    (path,) = {Path(ran.out.strip()) for ran in runs}
    assert list(path.parent.iterdir()) == [path]


def test_a_shell_that_sourced_it_may_go_on_to_another_environment(bench: Bench, other: Path) -> None:
    own = bench.variables(sys.executable)
    subprocess.run([other, "-m", "venv", "--without-pip", bench.folder / "venv"], check=True, capture_output=True)

    ran = bench.xprov(bench.project, "--env", own={**own, "VIRTUAL_ENV": str(bench.folder / "venv")})

    assert (ran.code, ran.err) == (0, "")
    assert f"export PYO3_CONFIG_FILE={own['PYO3_CONFIG_FILE']}\n" not in ran.out


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CARGO_BUILD_TARGET", "riscv64gc-unknown-linux-gnu"),
        ("PYO3_CROSS_LIB_DIR", "/opt/python/lib"),
        ("PYO3_CONFIG_FILE", "/opt/config.txt"),
    ],
)
def test_a_cross_builds_configuration_stays(bench: Bench, name: str, value: str) -> None:
    words = ("--python", sys.executable)

    sourced = bench.xprov(*words, "--env", own={name: value})
    printed = bench.xprov(*words, own={name: value})

    assert (sourced.code, sourced.out.strip()) == (0, "")
    assert name in sourced.err
    assert "nothing is set" in sourced.err
    assert (printed.code, printed.out) == (5, "")
    assert name in printed.err
    assert not (bench.folder / "home").exists()


def test_a_broken_cargo_is_told_and_the_interpreter_asked_alone(cargo_bench: Bench, tmp_path: Path) -> None:
    project = tmp_path / "broken"
    shutil.copytree(cargo_bench.project, project)
    (project / "Cargo.toml").write_text("[package]\n")

    ran = cargo_bench.xprov(project, "--python", sys.executable)

    assert ran.code == 0
    assert "cargo cannot read" in ran.err
    assert "sysconfig" in ran.err
    assert cargo_bench.xprov(project, "--python", sys.executable, "--discovery", "pyo3").code == 1


Wrong = Callable[[Path], str | Path]


def _script(text: str) -> Wrong:
    def write(folder: Path) -> Path:
        (folder / "python").write_text(text)
        (folder / "python").chmod(0o755)
        return folder / "python"

    return write


# How Python 2.7 answers: it does not know `-I`, and says so on standard error with status 2.
_PYTHON_2 = "#!/bin/sh\n[ \"$1\" = -I ] && { echo 'Unknown option: -I' >&2; exit 2; }\necho Python 2.7\n"


@pytest.mark.parametrize(
    ("wrong", "code", "says"),
    [
        (_script(_PYTHON_2), 2, "is Python 2.7, and PyO3 needs 3.7 or newer"),
        (
            _script("#!/bin/sh\necho pyenv: command not found >&2\necho more >&2\nexit 127\n"),
            2,
            "pyenv: command not found",
        ),
        (_script("no program\n"), 2, "is no Python"),
        (lambda folder: folder / "absent", 6, "is not there"),
        (lambda _: "python3.99", 6, "there is no `python3.99` in PATH"),
    ],
    ids=["python-2", "shim", "text", "absent", "name"],
)
def test_what_is_no_python_is_named(bench: Bench, wrong: Wrong, code: int, says: str) -> None:
    ran = bench.xprov("--python", wrong(bench.folder))

    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err
    assert "hint:" in ran.err


@pytest.mark.archive
def test_pypy_says_what_pyo3_finds_out(cargo_bench: Bench, tmp_path: Path) -> None:
    need("apt-get", "dpkg-deb")
    packages = ("pypy3", "pypy3-lib")
    fetched = _run(["apt-get", "download", *packages], tmp_path, os.environ)
    if fetched.returncode != 0:
        pytest.skip(f"this archive has no PyPy: {fetched.stderr.strip()}")
    for package in tmp_path.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, tmp_path / "root"], check=True)
    (library,) = tmp_path.glob("root/usr/lib/*/libpypy3*-c.so")
    own = {"LD_LIBRARY_PATH": str(library.parent)}
    words = (cargo_bench.project, "--python", tmp_path / "root/usr/bin/pypy3")

    asked, alone = (cargo_bench.xprov(*words, "--discovery", way, own=own) for way in ("pyo3", "sysconfig"))

    assert asked.code == 0, asked.err
    assert asked.out == alone.out
    config = Path(asked.out.strip())
    assert config.name.startswith("pypy3")
    assert "implementation=PyPy\n" in config.read_text()
