"""Whatever pkg-config a machine has: through the wrapper, it gives the flags that every other one gives."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.conftest import BareImage
from tests.integration.containers import Box, run_in, started
from tests.integration.written import write_home

from xprov.environment import Environment
from xprov.pkgconfig import PROGRAM
from xprov.target import find_target

pytestmark = [pytest.mark.docker, pytest.mark.archive]

ARMHF = find_target("armhf")
MODULES = ("alsa", "dbus-1", "libssl", "openssl", "zlib", "libudev", "libsystemd", "xkbcommon", "bzip2-made-up")
PACKAGES = ("libasound2-dev", "libdbus-1-dev", "libssl-dev", "zlib1g-dev", "libudev-dev", "libxkbcommon-dev")
QUESTIONS = (
    "--cflags",
    "--libs",
    "--cflags --libs --static",
    "--modversion",
    "--variable=libdir",
    "--variable=includedir",
    "--exists",
)

# Suite, package, and how its program states its version.
IMPLEMENTATIONS = [
    pytest.param("bullseye", "pkg-config", "0.29.2", id="freedesktop-0.29.2"),
    pytest.param("bullseye", "pkgconf", "1.7.3", id="pkgconf-bullseye"),
    pytest.param("bookworm", "pkgconf", "1.8.1", id="pkgconf-bookworm"),
    pytest.param("trixie", "pkgconf", "1.8.1", id="pkgconf-trixie"),
]

# It has no rule by which variables, which crates may write into a program, come without the view's folder.
NO_RULES = "1.7.3"

# A user's shell, whose own settings must not be seen through the wrapper.
LEAKING = {
    "PKG_CONFIG_PATH": "/usr/share/pkgconfig:/usr/lib/x86_64-linux-gnu/pkgconfig",
    "PKG_CONFIG_LIBDIR": "/usr/lib/pkgconfig",
    "PKG_CONFIG_SYSROOT_DIR": "/elsewhere",
    "CPATH": "/usr/include",
    "C_INCLUDE_PATH": "/usr/include",
    "LIBRARY_PATH": "/usr/lib",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, bare_image: BareImage) -> Path:
    """Return a home whose view holds the .pc files of Debian's armhf packages."""
    home = tmp_path_factory.mktemp("home")
    write_home(home, Environment(target=ARMHF, generation="0" * 12))
    script = f"""
        set -euo pipefail
        dpkg --add-architecture armhf
        apt-get -qq update
        cd "$(mktemp -d)"
        apt-get -qq download {" ".join(f"{package}:armhf" for package in PACKAGES)}
        for deb in *.deb; do dpkg-deb -x "$deb" {home}/armhf/libs; done
    """
    run_in(bare_image("bookworm"), script, mounts={home: str(home)}).expect()
    return home


@pytest.fixture(scope="module")
def expected(home: Path, bare_image: BareImage) -> Iterator[dict[str, str]]:
    """Yield what PyPI's pkgconf answers; from then on it is out of the way, and the wrapper takes what PATH has."""
    with started(bare_image("bookworm"), mounts={home: str(home)}) as box:
        answers = ask(box, home)
    program = home / "armhf" / PROGRAM
    aside = program.rename(program.with_name("aside"))
    yield answers
    aside.rename(program)


def ask(box: Box, home: Path) -> dict[str, str]:
    """Return what the wrapper in `home` answers to every question about every module, in a user's shell."""
    wrapper = f"{home}/armhf/bin/arm-linux-gnueabihf-pkg-config"
    asked = [f"{question} {module}" for module in MODULES for question in QUESTIONS]
    lines = [f"printf '%s=' {shlex.quote(one)}; {wrapper} {one} 2>/dev/null | tr '\\n' ' '; echo" for one in asked]
    statuses = [f"{wrapper} --exists {module}; echo 'status {module}='$?" for module in MODULES]
    output = box.run("\n".join([*lines, *statuses]), env=LEAKING).expect().stdout
    pairs = (line.rpartition("=") if line.startswith("status") else _split(line, asked) for line in output.splitlines())
    return {question: " ".join(_words(question, answer)) for question, _, answer in pairs}


def _words(question: str, answer: str) -> list[str]:
    words = shlex.split(answer)
    if "--static" not in question:
        return words
    # pkgconf before 2 repeats what several modules need in private. What counts for a linker: of a folder the first
    # time it is named, of a library the last.
    folders = dict.fromkeys(word for word in words if word.startswith(("-I", "-L")))
    others = [word for word in words if word not in folders]
    return [*folders, *(word for place, word in enumerate(others) if word not in others[place + 1 :])]


def _split(line: str, asked: list[str]) -> tuple[str, str, str]:
    question = next(one for one in sorted(asked, key=len, reverse=True) if line.startswith(f"{one}="))
    return question, "=", line.removeprefix(f"{question}=")


def test_every_path_that_pypis_pkgconf_gives_is_in_the_view(home: Path, expected: dict[str, str]) -> None:
    view = f"{home}/armhf/libs"

    words = [word for answer in expected.values() for word in answer.split()]
    paths = [word[2:] for word in words if word.startswith(("-I", "-L"))]

    assert f"{view}/usr/lib/arm-linux-gnueabihf/dbus-1.0/include" in paths
    assert expected["--libs alsa"] == f"-L{view}/usr/lib/arm-linux-gnueabihf -lasound"
    assert [path for path in paths if not path.startswith(f"{view}/usr/")] == []


def test_pypis_pkgconf_knows_what_is_there_and_what_is_not(expected: dict[str, str]) -> None:
    statuses = {name: answer for name, answer in expected.items() if name.startswith("status")}

    assert statuses["status alsa"] == "0"
    assert statuses["status bzip2-made-up"] == "1"


@pytest.mark.parametrize(("suite", "package", "version"), IMPLEMENTATIONS)
def test_identical_flags_with_each_implementation(
    home: Path, expected: dict[str, str], bare_image: BareImage, suite: str, package: str, version: str
) -> None:
    with started(bare_image(suite), mounts={home: str(home)}) as box:
        box.run(f"apt-get -qq update && apt-get -qq install --no-install-recommends {package}").expect()
        wrapper = f"{home}/armhf/bin/arm-linux-gnueabihf-pkg-config"
        stated = box.run(f"{wrapper} --version").expect().stdout.strip()
        answers = ask(box, home)

    assert stated == version
    if stated == NO_RULES:
        answers, expected = _without_variables(answers), _without_variables(expected)
    assert answers == expected


def _without_variables(answers: dict[str, str]) -> dict[str, str]:
    return {question: answer for question, answer in answers.items() if not question.startswith("--variable")}
