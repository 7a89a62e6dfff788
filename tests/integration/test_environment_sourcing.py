"""The env files in real shells: every shell, every option a script may have set, every place they may lie in."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.written import need, write_home

from xprov.environment import Action, Environment, Setting, View, image_sysroot, render_fish, render_sh, resolve
from xprov.target import find_target
from xprov.toolchain import Toolchain

ARMHF, ARM64 = find_target("armhf"), find_target("arm64")

SHELLS = [
    pytest.param(("bash",), id="bash"),
    pytest.param(("bash", "--posix"), id="bash-posix"),
    pytest.param(("dash",), id="dash"),
    pytest.param(("busybox", "sh"), id="busybox"),
    pytest.param(("zsh",), id="zsh"),
]
OPTIONS = ["", "set -eu", "set -f", "set -euf; IFS=/", "set -eu; IFS=x; unset HOME"]
FOLDERS = [".xprov", "a folder", 'it\'s a "$HOME" `x` \\ * folder', "ümläut"]

OPENSSL = Setting(
    variable="{TRIPLE}_OPENSSL_DIR",
    action=Action.DROP_UNLESS,
    needs="include/openssl/ssl.h",
    reason="there is no OpenSSL",
)
# What a shell has of its own.
_OWN = {"_", "PWD", "OLDPWD", "SHLVL", "PATH", "HOME", "LOGNAME"}


def toolchain(cc: str = "/opt/cross/bin/arm-linux-gnueabihf-gcc") -> Toolchain:
    return Toolchain(
        cc=Path(cc),
        cxx=Path(cc.replace("gcc", "g++")),
        ar=Path("/opt/cross/bin/arm-linux-gnueabihf-ar"),
        machine="arm-linux-gnueabihf",
        prefix="arm-linux-gnueabihf",
        sysroot=Path("/opt/a sysroot"),
        glibc=(2, 31),
        multiarch=None,
        libc_includes=(),
        found_by="PATH",
    )


def armhf() -> Environment:
    return Environment(target=ARMHF, generation="0123456789ab", toolchain=toolchain(), recipe_settings=(OPENSSL,))


BARE = replace(toolchain(), glibc=None, sysroot=None)
CLANG = replace(BARE, arguments=("--target=armv7-unknown-linux-gnueabihf", "-fuse-ld=lld"))
VARIANTS = {
    "full": replace(armhf(), view=View.FULL, toolchain=replace(BARE, multiarch="arm-linux-gnueabihf")),
    "full-no-multiarch": replace(armhf(), view=View.FULL, toolchain=BARE),
    "full-clang": replace(armhf(), view=View.FULL, toolchain=CLANG),
    "zig": replace(armhf(), zig=True, full_beside=True),
}


def source(
    shell: tuple[str, ...],
    *files: Path | str,
    before: str = "",
    environ: Mapping[str, str] | None = None,
    cwd: str = "/",
) -> tuple[dict[str, str], str]:
    """Return the variables that a shell exports after it sourced `files`, and what it wrote to standard error."""
    if shell[0] == "zsh" and shutil.which("zsh") is None:
        pytest.skip("`zsh` is not installed")
    need(shell[0])
    script = "\n".join([before, *(f'. "$FILE{number}"' for number in range(len(files))), 'exec "$ENV" -0'])
    given = {f"FILE{number}": str(file) for number, file in enumerate(files)}
    done = subprocess.run(
        [*shell, "-c", script],
        env={
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "ENV": shutil.which("env") or "",
            **given,
            **(environ or {}),
        },
        capture_output=True,
        cwd=cwd,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    pairs = (pair.decode().partition("=") for pair in done.stdout.split(b"\0") if pair)
    variables = {name: value for name, _, value in pairs if name not in _OWN | given.keys() | {"ENV"}}
    return variables, done.stderr.decode()


def expected(environment: Environment, home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what `resolve` says that a shell holds."""
    resolved = resolve(environment, home / environment.target.name, environ)
    after = {**environ, **resolved.variables}
    return {name: value for name, value in after.items() if value is not None}


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_sourcing_gives_what_resolve_says_of_any_view(variant: str, folder: str, tmp_path: Path) -> None:
    environment = VARIANTS[variant]
    write_home(tmp_path / folder, environment, program=False)

    variables, said = source(("dash",), tmp_path / folder / "env")

    assert variables == expected(environment, tmp_path / folder, {})
    assert said == ""


@pytest.fixture(params=FOLDERS)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / str(request.param)
    write_home(folder, armhf(), program=False)
    return folder


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("options", OPTIONS)
def test_sourcing_gives_what_resolve_says(shell: tuple[str, ...], options: str, home: Path) -> None:
    variables, said = source(shell, home / "env", before=options)

    assert variables == expected(armhf(), home, {})
    assert said == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_sourcing_twice_is_sourcing_once(shell: tuple[str, ...], home: Path) -> None:
    own = {
        "CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER": "/opt/my gcc",
        "CFLAGS_armv7_unknown_linux_gnueabihf": "-D__ARM_ARCH=8",
        "ARMV7_UNKNOWN_LINUX_GNUEABIHF_OPENSSL_DIR": "/usr/armv7/",
    }

    once, said_once = source(shell, home / "env", before="set -eu", environ=own)
    twice, said_twice = source(shell, home / "env", home / "armhf/env", home / "env", before="set -eu", environ=own)

    assert twice == once
    assert said_twice == said_once


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shell.id != "dash"])
def test_pipefail_and_a_trap_for_errors_stay_quiet(shell: tuple[str, ...], home: Path) -> None:
    _, said = source(shell, home / "env", before="set -euo pipefail; trap 'echo left >&2' EXIT")

    assert said == ""


IMAGES = {
    "nothing": {},
    "manylinux-cross": {
        "CC_armv7_unknown_linux_gnueabihf": "armv7-unknown-linux-gnueabihf-gcc",
        "CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER": "armv7-unknown-linux-gnueabihf-gcc",
        "CARGO_BUILD_TARGET": "armv7-unknown-linux-gnueabihf",
        "TARGET_CC": "armv7-unknown-linux-gnueabihf-gcc",
        "TARGET_SYSROOT": "/usr/",
        "ARMV7_UNKNOWN_LINUX_GNUEABIHF_OPENSSL_DIR": "/usr/armv7-unknown-linux-gnueabihf/",
    },
    "flags": {
        "CFLAGS": "-O1",
        "TARGET_CXXFLAGS": "-O2 -DX='a b'",
        "CFLAGS_armv7_unknown_linux_gnueabihf": "-D__ARM_ARCH=8",
        "BINDGEN_EXTRA_CLANG_ARGS": "-DPLAIN",
        "CC_SHELL_ESCAPED_FLAGS": "0",
    },
    "other-pkg-config": {
        "PKG_CONFIG_armv7_unknown_linux_gnueabihf": "/opt/other",
        "PKG_CONFIG_PATH_armv7_unknown_linux_gnueabihf": "/opt/lib/pkgconfig",
    },
    "direct-linker": {"CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER": "/usr/bin/ld.lld"},
    "own-cmake": {"CMAKE_TOOLCHAIN_FILE": "/opt/toolchain.cmake"},
    "another-target": {"CARGO_BUILD_TARGET": "aarch64-unknown-linux-gnu", "TARGET_SYSROOT": "/opt/gone"},
    "dangling-sysroot": {"TARGET_SYSROOT": "/opt/gone"},
    "empty": dict.fromkeys(("CARGO_BUILD_TARGET", "TARGET_SYSROOT", "CFLAGS", "CC_armv7_unknown_linux_gnueabihf"), ""),
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("image", IMAGES)
def test_what_an_image_has_set_is_treated_as_resolve_says(shell: tuple[str, ...], image: str, tmp_path: Path) -> None:
    write_home(tmp_path / "x", armhf(), program=False)

    variables, said = source(shell, tmp_path / "x/armhf/env", before="set -eu", environ=IMAGES[image])

    assert variables == expected(armhf(), tmp_path / "x", IMAGES[image])
    notes = resolve(armhf(), tmp_path / "x/armhf", IMAGES[image]).notes
    assert said.splitlines() == [f"xprov: {note.text}" for note in notes if note.loud]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_home_that_was_moved_keeps_working(shell: tuple[str, ...], tmp_path: Path) -> None:
    write_home(tmp_path / "before", armhf(), program=False)
    moved = (tmp_path / "before").rename(tmp_path / "after it moved")
    known = {} if shell[0] in {"bash", "zsh"} else {"XPROV_HOME": str(moved)}

    variables, said = source(shell, moved / "env", before="set -eu", environ=known)

    assert {**known, **variables} == expected(armhf(), moved, known)
    assert said == ""


@pytest.mark.parametrize("shell", [("dash",), ("busybox", "sh")], ids=["dash", "busybox"])
@pytest.mark.parametrize("file", ["env", "armhf/env"])
def test_a_shell_that_cannot_tell_where_it_was_moved_to_says_so(
    shell: tuple[str, ...], file: str, tmp_path: Path
) -> None:
    need(shell[0])
    write_home(tmp_path / "before", armhf(), program=False)
    moved = (tmp_path / "before").rename(tmp_path / "after")

    done = subprocess.run(
        [*shell, "-c", f'. "{moved}/{file}" || echo "status $?"; set'],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "set XPROV_HOME" in done.stderr
    assert "status 1" in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith(("PKG_CONFIG", "_xprov"))] == []


def test_a_link_to_env_leads_to_the_home(tmp_path: Path) -> None:
    write_home(tmp_path / "home", armhf(), program=False)
    (tmp_path / "profile.d").mkdir()
    (tmp_path / "profile.d/xprov.sh").symlink_to(tmp_path / "home/env")

    variables, _ = source(("bash",), tmp_path / "profile.d/xprov.sh")

    assert variables == expected(armhf(), tmp_path / "home", {})


def test_a_relative_path_gives_the_same_values(tmp_path: Path) -> None:
    write_home(tmp_path / "home", armhf(), program=False)
    (tmp_path / "project/deep").mkdir(parents=True)

    direct, _ = source(("bash",), tmp_path / "home/env")
    relative, _ = source(("bash",), "../../home/env", cwd=str(tmp_path / "project/deep"))
    beside, _ = source(("bash",), "./env", cwd=str(tmp_path / "home"))

    assert relative == direct
    assert beside == direct


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_is_left_behind_but_the_variables(shell: tuple[str, ...], tmp_path: Path) -> None:
    if shell[0] == "zsh" and shutil.which("zsh") is None:
        pytest.skip("`zsh` is not installed")
    need(shell[0])
    write_home(tmp_path / "home", armhf(), program=False)

    done = subprocess.run(
        [*shell, "-c", '. "$FILE"; unset FILE; set; for f in say get put set try; do type _xprov_$f; done; true'],
        env={"PATH": os.environ["PATH"], "FILE": str(tmp_path / "home/env")},
        capture_output=True,
        text=True,
        check=False,
    )

    named = [line for line in done.stdout.splitlines() if line.startswith("_xprov") and "not found" not in line]
    assert named == []
    assert "CFLAGS_armv7_unknown_linux_gnueabihf" in done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_parameters_and_options_of_the_caller_stay(shell: tuple[str, ...], tmp_path: Path) -> None:
    write_home(tmp_path / "home", armhf(), program=False)
    state = "$-/$#/$1/$IFS"

    variables, _ = source(
        shell,
        before=f'set -f -- one two; IFS=,; BEFORE="{state}"; . "{tmp_path}/home/env"; AFTER="{state}"; '
        "export BEFORE AFTER",
    )

    assert variables["AFTER"] == variables["BEFORE"]
    assert variables["AFTER"].endswith("/2/one/,")


@pytest.mark.parametrize("shell", SHELLS)
def test_of_two_targets_neither_ones_libraries_are_taken_for_the_other(shell: tuple[str, ...], tmp_path: Path) -> None:
    home = tmp_path / "home"
    write_home(home, armhf(), Environment(target=ARM64, generation="ba9876543210"), program=False)

    both, said = source(shell, home / "env", before="set -eu")
    again, _ = source(shell, home / "env", home / "env", before="set -eu")
    one, _ = source(shell, home / "env", home / "arm64/env", before="set -eu")
    told, _ = source(shell, home / "env", environ={"CARGO_BUILD_TARGET": "armv7-unknown-linux-gnueabihf"})

    assert both["TARGET_SYSROOT"] == str(home)
    assert again == both
    assert one["TARGET_SYSROOT"] == f"{home}/arm64/libs"
    assert told["TARGET_SYSROOT"] == f"{home}/armhf/libs"
    assert "PKG_CONFIG_aarch64_unknown_linux_gnu" in both
    assert said == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_the_images_own_sysroot_is_found_beside_the_view(shell: tuple[str, ...], tmp_path: Path) -> None:
    home, image = tmp_path / "home", tmp_path / "sysroot"
    (image / "lib").mkdir(parents=True)
    (image / "lib/libgomp.so.1").touch()
    environ = {"TARGET_SYSROOT": f"{image}/"}
    environment = Environment(
        target=ARMHF, generation="0" * 12, image_sysroot=image_sysroot(ARMHF, home / "armhf", environ)
    )
    write_home(home, environment, program=False)
    (home / "armhf/libs/usr/lib/arm-linux-gnueabihf/libasound.so.2").touch()

    variables, said = source(shell, home / "env", home / "env", before="set -eu", environ=environ)
    kept, _ = source(shell, home / "env", before="set -eu", environ={"TARGET_SYSROOT": "/usr"})

    bundle = Path(variables["TARGET_SYSROOT"])
    folders = [bundle / folder for folder in ("lib", "lib64", "usr/lib", "usr/lib64")]
    found = [path.name for folder in folders if folder.is_dir() for path in folder.glob("*.so*")]
    assert found == ["libasound.so.2", "libgomp.so.1"]
    assert said == ""
    assert kept["TARGET_SYSROOT"] == "/usr"
    assert image_sysroot(ARMHF, home / "armhf", variables) == image


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_printed_for_a_shell_gives_what_the_file_gives(folder: str, tmp_path: Path) -> None:
    home = tmp_path / folder
    write_home(home, armhf(), program=False)
    own = {"ARMV7_UNKNOWN_LINUX_GNUEABIHF_OPENSSL_DIR": "/gone", "CFLAGS": "-DX='a b'"}
    printed = tmp_path / "printed"
    printed.write_text(render_sh(resolve(armhf(), home / "armhf", own)))

    assert source(("dash",), printed, environ=own)[0] == source(("dash",), home / "env", environ=own)[0]


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_printed_for_fish_gives_what_the_file_gives(folder: str, tmp_path: Path) -> None:
    if shutil.which("fish") is None:
        pytest.skip("`fish` is not installed")
    home = tmp_path / folder
    write_home(home, armhf(), program=False)
    own = {"ARMV7_UNKNOWN_LINUX_GNUEABIHF_OPENSSL_DIR": "/gone", "CFLAGS": "-DX='a b'"}
    printed = tmp_path / "printed"
    printed.write_text(render_fish(resolve(armhf(), home / "armhf", own)))

    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source {printed}; env -0"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **own},
        capture_output=True,
        check=True,
    )

    pairs = (pair.decode().partition("=") for pair in done.stdout.split(b"\0") if pair)
    variables = {name: value for name, _, value in pairs}
    for name, value in expected(armhf(), home, own).items():
        assert variables[name] == value
    assert "ARMV7_UNKNOWN_LINUX_GNUEABIHF_OPENSSL_DIR" not in variables


# zig is not among them: of the functions in `env` it calls but some.
@pytest.mark.parametrize(
    "environment", [armhf(), VARIANTS["full"], VARIANTS["full-clang"]], ids=["libs", "full", "clang"]
)
def test_shellcheck_has_nothing_to_say(environment: Environment, tmp_path: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("`shellcheck` is not installed")
    write_home(tmp_path, environment, program=False)
    files = [tmp_path / "env", tmp_path / "armhf/env", *(tmp_path / "armhf/bin").iterdir()]

    done = subprocess.run(["shellcheck", "-s", "sh", *files], capture_output=True, text=True, check=False)

    assert done.stdout == ""
