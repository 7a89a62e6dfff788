"""Machines for which PyPI has no wheels of what is compiled: xprov is installed there, and does its work by gpgv."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.archive_builder import SigningKey
from tests.integration.faulty import serve_mirror
from tests.integration.small_archive import World, parts, require_nothing
from tests.integration.written import need
from tests.mirror import find_mirror

COMPILED = ("pysequoia", "pkgconf")

# pip asks the machine that it runs on what markers mean, whatever `--platform` says.
PIP_ELSEWHERE = """
import platform, sys
machine = sys.argv.pop(1)
platform.machine = lambda: machine
from pip._internal.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("machine", "platform", "python", "compiled"),
    [
        ("x86_64", "manylinux2014_x86_64", "310", COMPILED),
        ("armv7l", "musllinux_1_2_armv7l", "314", COMPILED),
        ("s390x", "musllinux_1_2_s390x", "312", ("pkgconf",)),
        ("riscv64", "manylinux_2_39_riscv64", "313", ()),
    ],
)
def test_wheels_alone_are_enough_to_install_it(
    machine: str, platform: str, python: str, compiled: tuple[str, ...], wheelhouse: Path, tmp_path: Path
) -> None:
    options = ["--only-binary=:all:", f"--platform={platform}", f"--python-version={python}", "--implementation=cp"]
    where = ["--dry-run", "--ignore-installed", "--target", str(tmp_path / "x"), "--report", str(tmp_path / "report")]
    words = ["install", "--quiet", *where, *options, *map(str, wheelhouse.glob("xprov-*.whl"))]

    done = subprocess.run(
        [sys.executable, "-c", PIP_ELSEWHERE, machine, *words],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )

    if "NewConnectionError" in done.stderr and not os.environ.get("XPROV_TESTS_REQUIRE"):
        pytest.skip("PyPI cannot be reached")
    assert done.returncode == 0, done.stderr
    installed = {each["metadata"]["name"].lower() for each in json.loads((tmp_path / "report").read_text())["install"]}
    assert "xprov" in installed
    assert {name for name in COMPILED if name in installed} == set(compiled)


@pytest.fixture(scope="module")
def xprov(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the program in an environment without what is compiled."""
    home = tmp_path_factory.mktemp("without") / "venv"
    python = ["--python", str(home / "bin/python")]
    _uv("venv", "--python", sys.executable, str(home))
    _uv("pip", "install", *python, "--no-index", "--find-links", str(wheelhouse), "xprov")
    _uv("pip", "uninstall", *python, *COMPILED)
    return home / "bin/xprov"


def _uv(*words: str) -> None:
    uv = [sys.executable, "-m", "uv", "--quiet", "--no-config"]
    subprocess.run([*uv, *words], check=True, stdin=subprocess.DEVNULL)


@pytest.mark.archive
def test_a_library_of_the_real_archive_is_set_up_by_gpgv_and_the_machines_pkg_config(
    xprov: Path, tmp_path: Path
) -> None:
    need("gpgv", "pkg-config")

    done = setup(xprov, tmp_path, path=os.environ["PATH"])

    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "home/armhf/libexec").exists()
    wrapper = tmp_path / "home/armhf/bin/arm-linux-gnueabihf-pkg-config"
    flags = subprocess.run([wrapper, "--libs", "alsa"], check=True, capture_output=True, text=True).stdout
    assert "-lasound" in flags


@pytest.mark.archive
def test_without_gpgv_too_it_says_what_to_install(xprov: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "yum").symlink_to("/bin/true")

    done = setup(xprov, tmp_path, path=str(programs))

    assert done.returncode == 6, done.stderr
    assert "nothing here can verify signatures: `gpgv` is not installed, nor is the Python package" in done.stderr
    assert "`yum install gnupg2`" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "home/armhf").exists()


def setup(xprov: Path, folder: Path, *, path: str) -> subprocess.CompletedProcess[str]:
    places = {"XPROV_HOME": str(folder / "home"), "XPROV_CACHE_DIR": str(folder / "cache")}
    words = ["setup", "armhf", "alsa", "--method", "sysroot", "--suite", "debian:bookworm"]
    return subprocess.run(
        [xprov, *words, "--mirror", find_mirror().archive],
        env={**os.environ, **places, "PATH": path, "COLUMNS": "500"},
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Return an archive on loopback, for a machine without the library."""
    need("gpg", "gpgv")
    monkeypatch.setitem(sys.modules, "pysequoia", None)
    with serve_mirror() as mirror:
        made = World(folder=tmp_path, mirror=mirror, key=SigningKey.make(tmp_path / "key"))
        made.publish(*parts("focal"))
        yield made


def test_an_altered_release_file_is_refused_by_gpgv(world: World) -> None:
    sound = dict(world.mirror.files)
    for path in [path for path in sound if path.endswith("/InRelease")]:
        world.mirror.files[path] = sound[path].replace(b"Label: Ubuntu", b"Label: Ubunto")

    ran = world.setup("--suite", "ubuntu:focal")

    assert ran.code == 4
    assert "does not fit its signature" in ran.said
    require_nothing(world)

    world.mirror.files.update(sound)
    assert world.setup("--suite", "ubuntu:focal").code == 0
    assert world.versions["libfoo1"] == "1.0"


def test_a_strangers_release_file_is_refused_by_gpgv(world: World, tmp_path: Path) -> None:
    world.publish(*parts("focal"), key=SigningKey.make(tmp_path / "stranger", "stranger <stranger@example.org>"))

    ran = world.setup("--suite", "ubuntu:focal")

    assert ran.code == 4
    assert "which is not among" in ran.said
    require_nothing(world)
