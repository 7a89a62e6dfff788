"""The wrapper programs by themselves: where they are called from, what is set, what is missing."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from tests.integration.written import add_module, need, write_home

from xprov.environment import Environment
from xprov.errors import ToolMissingError
from xprov.pkgconfig import PROGRAM, install_program
from xprov.target import find_target
from xprov.toolchain import Toolchain

ARMHF = find_target("armhf")
TRIPLET = "arm-linux-gnueabihf"
WRAPPERS = ["arm-linux-gnueabihf-pkg-config", "armv7-unknown-linux-gnueabihf-pkg-config"]
INTERPRETERS = [
    pytest.param((), id="shebang"),
    pytest.param(("bash",), id="bash"),
    pytest.param(("dash",), id="dash"),
    pytest.param(("busybox", "sh"), id="busybox"),
]
FOLDERS = [".xprov", "a folder", 'it\'s a "$HOME" `x` \\ * folder', "-n"]


def environment(linker: str = "/nonexistent/gcc") -> Environment:
    toolchain = Toolchain(
        cc=Path(linker),
        cxx=None,
        ar=None,
        machine=TRIPLET,
        prefix=TRIPLET,
        sysroot=None,
        glibc=None,
        multiarch=None,
        libc_includes=(),
        found_by="PATH",
    )
    return Environment(target=ARMHF, generation="0" * 12, toolchain=toolchain)


def run(
    words: Sequence[object], environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], **(environ or {})}
    return subprocess.run(
        [str(word) for word in words], env=variables, cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.fixture(params=FOLDERS)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / str(request.param)
    write_home(folder, environment())
    add_module(folder / "armhf", "made", triplet=TRIPLET)
    return folder


@pytest.mark.parametrize("interpreter", INTERPRETERS)
@pytest.mark.parametrize("name", WRAPPERS)
def test_it_finds_its_view_from_any_folder(home: Path, interpreter: tuple[str, ...], name: str) -> None:
    need(*interpreter[:1])

    done = run([*interpreter, home / "armhf/bin" / name, "--cflags", "made"], cwd=Path("/"))

    assert (done.returncode, done.stderr) == (0, "")
    assert shlex.split(done.stdout) == [f"-I{home.resolve()}/armhf/libs/usr/include/made"]


def test_it_finds_its_view_through_links_and_path_and_after_a_move(tmp_path: Path) -> None:
    write_home(tmp_path / "first", environment())
    add_module(tmp_path / "first/armhf", "made", triplet=TRIPLET)
    moved = (tmp_path / "first").rename(tmp_path / "second")
    wrapper = moved / "armhf/bin" / WRAPPERS[0]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/relative").symlink_to(f"../second/armhf/bin/{WRAPPERS[0]}")
    (tmp_path / "bin/chained").symlink_to("relative")
    (tmp_path / "elsewhere").symlink_to(moved)

    answers = {
        how: run(words, environ, cwd).stdout.strip()
        for how, words, environ, cwd in (
            ("link", [tmp_path / "bin/chained", "--cflags", "made"], None, None),
            ("folder", [tmp_path / "elsewhere/armhf/bin" / WRAPPERS[0], "--cflags", "made"], None, None),
            ("relative", [f"./{WRAPPERS[0]}", "--cflags", "made"], None, wrapper.parent),
            (
                "PATH",
                ["sh", "-c", f"{WRAPPERS[0]} --cflags made"],
                {"PATH": f"{wrapper.parent}:{os.environ['PATH']}"},
                Path("/"),
            ),
        )
    }

    assert set(answers.values()) == {f"-I{moved}/armhf/libs/usr/include/made"}


def test_what_the_caller_has_set_for_this_machine_is_not_seen(tmp_path: Path) -> None:
    write_home(tmp_path / "home", environment())
    add_module(tmp_path / "home/armhf", "made", triplet=TRIPLET)
    (tmp_path / "hosts").mkdir()
    (tmp_path / "hosts/secret.pc").write_text("Name: secret\nDescription: x\nVersion: 1\nCflags: -I/usr/include\n")
    program = tmp_path / "home/armhf/bin" / WRAPPERS[0]
    leaking = {
        "PKG_CONFIG_PATH": str(tmp_path / "hosts"),
        "PKG_CONFIG_LIBDIR": str(tmp_path / "hosts"),
        "PKG_CONFIG_SYSROOT_DIR": "/elsewhere",
        "PKG_CONFIG_SYSTEM_INCLUDE_PATH": f"{tmp_path}/home/armhf/libs/usr/include/made",
        "CPATH": f"{tmp_path}/home/armhf/libs/usr/include/made",
        "PKG_CONFIG_DONT_RELOCATE_PATHS": "1",
    }

    plain = run([program, "--cflags", "--libs", "made"])
    leaked = run([program, "--cflags", "--libs", "made"], leaking)
    secret = run([program, "--exists", "secret"], leaking)

    assert leaked.stdout == plain.stdout != ""
    assert secret.returncode == 1


def test_without_its_own_program_it_takes_the_one_in_path(tmp_path: Path) -> None:
    write_home(tmp_path / "home", environment(), program=False)
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin/pkg-config"
    fake.write_text('#!/bin/sh\necho "$PKG_CONFIG_SYSROOT_DIR $*"\n')
    fake.chmod(0o755)
    for name in ("readlink", "sh"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or "")
    wrapper = tmp_path / "home/armhf/bin" / WRAPPERS[0]

    found = run([wrapper, "--libs", "two words"], {"PATH": str(tmp_path / "bin")})
    fake.unlink()
    missing = run([wrapper, "--libs", "made"], {"PATH": str(tmp_path / "bin")})

    assert found.stdout == f"{tmp_path}/home/armhf/libs --libs two words\n"
    assert missing.returncode == 127
    assert "no pkg-config to run" in missing.stderr


def test_the_program_of_the_python_package_is_copied_and_runs_alone(tmp_path: Path) -> None:
    program = install_program(tmp_path)

    assert program == tmp_path / PROGRAM
    assert run([program, "--version"], {"PATH": "/nonexistent"}).returncode == 0


def test_without_the_python_package_the_machines_own_program_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("pkg-config")
    monkeypatch.setitem(sys.modules, "pkgconf", None)

    assert install_program(tmp_path) is None

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/apk").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(ToolMissingError, match="no pkg-config runs here") as caught:
        install_program(tmp_path)
    assert caught.value.hint
    assert "`apk add pkgconf`" in caught.value.hint
    assert "apt-get" not in caught.value.hint


# What the wrapper hands on: the words, one a line.
SPY = '#!/bin/sh\nprintf \'%s\\n\' "$0" "$@"\n'


@pytest.fixture
def spy(tmp_path: Path) -> Path:
    program = tmp_path / "my linker"
    program.write_text(SPY)
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_linker_gets_the_views_folders_last(folder: str, tmp_path: Path, spy: Path) -> None:
    write_home(tmp_path / folder, environment(str(spy)), program=False)
    wrapper = tmp_path / folder / "armhf/bin/xprov-linker-armv7-unknown-linux-gnueabihf"

    done = run([wrapper, "-o", "a file", "-lfoo"])

    lib = f"{(tmp_path / folder).resolve()}/armhf/libs/usr/lib"
    assert done.stdout.splitlines() == [
        str(spy), "-o", "a file", "-lfoo",
        f"-L{lib}/{TRIPLET}", f"-L{lib}", "-Xlinker", "-rpath-link", "-Xlinker", f"{lib}/{TRIPLET}",
    ]  # fmt: skip


def test_the_linker_that_was_set_before_is_the_one_that_runs(tmp_path: Path, spy: Path) -> None:
    write_home(tmp_path / "home", environment("/nonexistent/gcc"), program=False)
    wrapper = tmp_path / "home/armhf/bin/xprov-linker-armv7-unknown-linux-gnueabihf"
    kept = "XPROV_LINKER_armv7_unknown_linux_gnueabihf"

    own = run([wrapper, "x"], {kept: str(spy)})
    missing = run([wrapper, "x"])
    itself = run([wrapper, "x"], {kept: str(wrapper)})

    assert own.stdout.splitlines()[:2] == [str(spy), "x"]
    assert (missing.returncode, itself.returncode) == (127, 127)
    assert "/nonexistent/gcc" in missing.stderr
    assert kept in itself.stderr


def test_a_bare_library_and_what_it_needs_are_found_by_the_real_linker(tmp_path: Path) -> None:
    cc = f"{TRIPLET}-gcc"
    need(cc)
    write_home(tmp_path / "a home", environment(shutil.which(cc) or ""), program=False)
    lib = tmp_path / "a home/armhf/libs/usr/lib" / TRIPLET
    (tmp_path / "needed.c").write_text("int needed(void) { return 1; }\n")
    (tmp_path / "bare.c").write_text("int needed(void); int bare(void) { return needed(); }\n")
    (tmp_path / "main.c").write_text("int bare(void); int main(void) { return bare(); }\n")
    shared = [cc, "-shared", "-fPIC"]
    for words in (
        [*shared, "needed.c", "-o", lib / "libneeded.so.1", "-Wl,-soname,libneeded.so.1"],
        [*shared, "bare.c", "-o", lib / "libbare.so", "-Wl,-soname,libbare.so.1", lib / "libneeded.so.1"],
    ):
        assert run(words, cwd=tmp_path).returncode == 0
    wrapper = tmp_path / "a home/armhf/bin/xprov-linker-armv7-unknown-linux-gnueabihf"

    without = run([cc, "main.c", "-lbare", "-o", "program"], cwd=tmp_path)
    linked = run([wrapper, "main.c", "-lbare", "-o", "program"], cwd=tmp_path)

    assert without.returncode != 0
    assert (linked.returncode, linked.stderr) == (0, "")
