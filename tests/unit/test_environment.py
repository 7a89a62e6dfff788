"""The variables, from what they are made: no shell, no disk but a folder for the test."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xprov.environment import (
    Action,
    Environment,
    Link,
    Resolved,
    Setting,
    Text,
    View,
    choose_view,
    image_sysroot,
    render_fish,
    render_github,
    render_json,
    render_sh,
    render_target_files,
    resolve,
    settings_of,
)
from xprov.target import TARGETS, Libc, Target, find_target
from xprov.toolchain import Toolchain

ARMHF = find_target("armhf")
SCOPE = "armv7_unknown_linux_gnueabihf"
ROOT = Path("/nonexistent/.xprov/armhf")
LINKER = "CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER"


def toolchain(*, sysroot: str | None = None) -> Toolchain:
    return Toolchain(
        cc=Path("/usr/bin/arm-linux-gnueabihf-gcc"),
        cxx=Path("/usr/bin/arm-linux-gnueabihf-g++"),
        ar=Path("/usr/bin/arm-linux-gnueabihf-ar"),
        machine="arm-linux-gnueabihf",
        prefix="arm-linux-gnueabihf",
        sysroot=Path(sysroot) if sysroot else None,
        glibc=(2, 36),
        multiarch="arm-linux-gnueabihf",
        libc_includes=(Path("/usr/arm-linux-gnueabihf/include"),),
        found_by="PATH",
    )


def environment(*settings: Setting, found: Toolchain | None = None, generation: str = "0123456789ab") -> Environment:
    return Environment(target=ARMHF, generation=generation, toolchain=found, recipe_settings=settings)


def variables(given: Environment, environ: dict[str, str] | None = None, root: Path = ROOT) -> dict[str, str | None]:
    return resolve(given, root, environ or {}).variables


GLIBC_TARGETS = [pytest.param(target, id=target.name) for target in TARGETS if target.libc is Libc.GLIBC]


@pytest.mark.parametrize("target", GLIBC_TARGETS)
def test_every_variable_is_scoped_to_the_target(target: Target) -> None:
    given = Environment(target=target, generation="0" * 12, toolchain=toolchain())
    scopes = [spelling for triple in target.rust_triples for spelling in (_under(triple), _under(triple).upper())]

    unscoped = [
        setting.variable
        for setting in settings_of(given)
        if not setting.when_quoted and not any(scope in setting.variable for scope in scopes)
    ]

    assert unscoped == ["TARGET_SYSROOT"]


def _under(triple: str) -> str:
    return triple.replace("-", "_")


def test_without_a_toolchain_no_compiler_and_no_linker_is_named() -> None:
    names = variables(environment())

    assert [name for name in names if name.startswith(("CC", "CXX_", "AR", "CARGO", "CMAKE"))] == []
    assert f"PKG_CONFIG_{SCOPE}" in names


def test_zig_is_named_no_compiler_that_would_turn_it_off() -> None:
    given = replace(environment(found=toolchain()), zig=True)

    found = resolve(given, ROOT, {}, plain=True).variables

    compilers = ("CC", "CXX", "AR", "CMAKE_TOOLCHAIN_FILE", "LDFLAGS")
    assert [
        name for name in found if name.startswith("CARGO_TARGET_") or name.removesuffix(f"_{SCOPE}") in compilers
    ] == []
    assert "-L" not in str(found[f"CFLAGS_{SCOPE}"])
    assert found["TARGET_SYSROOT"] == f"{ROOT}/libs"
    assert [path for path in render_target_files(given, ROOT) if "linker" in path] == []


def test_only_a_toolchain_without_a_libc_gets_one() -> None:
    without = bare().toolchain

    assert choose_view(without) is View.FULL
    assert [choose_view(without, zig=True), choose_view(toolchain()), choose_view(None)] == [View.LIBS] * 3


def bare(**changes: Any) -> Environment:  # noqa: ANN401 - any field of a toolchain
    """Return the environment of a toolchain without a libc."""
    found = replace(toolchain(), glibc=None, libc_includes=(), **changes)
    return replace(environment(found=found), view=View.FULL)


def test_a_full_view_is_a_sysroot_and_never_a_folder_of_headers() -> None:
    given = bare()

    found = resolve(given, ROOT, {}, plain=True).variables

    assert found[f"CFLAGS_{SCOPE}"] == found[f"CXXFLAGS_{SCOPE}"] == f"--sysroot={ROOT}/sysroot"
    assert (
        found[f"BINDGEN_EXTRA_CLANG_ARGS_{SCOPE}"] == f"--target=armv7-unknown-linux-gnueabihf --sysroot={ROOT}/sysroot"
    )
    assert found["CPPFLAGS"] == f"--sysroot={ROOT}/sysroot"
    assert str(found["LDFLAGS"]).startswith(f"--sysroot={ROOT}/sysroot -L{ROOT}/sysroot/usr/lib/")
    assert found["TARGET_SYSROOT"] == found["PKG_CONFIG_SYSROOT_DIR"] == f"{ROOT}/sysroot"
    assert [name for name, value in found.items() if "/libs" in str(value)] == []
    texts = [file.text for file in render_target_files(given, ROOT).values() if isinstance(file, Text)]
    assert [text for text in texts if "/libs" in text or "-isystem " in text.replace("as -isystem", "")] == []


def test_build_systems_are_told_of_the_sysroot() -> None:
    files = {path: file.text for path, file in render_target_files(bare(), ROOT).items() if isinstance(file, Text)}

    assert 'set(CMAKE_SYSROOT "${_xprov}/sysroot")' in files["toolchain.cmake"]
    assert 'set(CMAKE_C_FLAGS_INIT "")' in files["toolchain.cmake"]
    assert "sys_root = root / 'sysroot'" in files["meson.ini"]
    assert "cpp_args = ['--sysroot=' + (root / 'sysroot')]" in files["meson.ini"]
    assert 'exec "$linker" "--sysroot=$view" "$@" "-L$view' in files["bin/xprov-linker-armv7-unknown-linux-gnueabihf"]


def test_a_compiler_of_no_multiarch_layout_is_told_where_libc_is_in_it() -> None:
    given = bare(multiarch=None)

    found = resolve(given, ROOT, {}, plain=True).variables
    linker = render_target_files(given, ROOT)["bin/xprov-linker-armv7-unknown-linux-gnueabihf"]

    library = f"{ROOT}/sysroot/usr/lib/arm-linux-gnueabihf"
    headers = f"--sysroot={ROOT}/sysroot -idirafter {ROOT}/sysroot/usr/include/arm-linux-gnueabihf"
    assert found["CPPFLAGS"] == headers
    assert found[f"CFLAGS_{SCOPE}"] == f"{headers} -B{library} -L{library}"
    assert f"-B{library}" in str(found["LDFLAGS"]).split()
    assert isinstance(linker, Text)
    assert '"--sysroot=$view" "-B$view/usr/lib/arm-linux-gnueabihf" "$@"' in linker.text


def test_a_clang_for_any_target_is_always_told_which() -> None:
    words = ("--target=armv7-unknown-linux-gnueabihf", "-fuse-ld=lld")
    given = bare(cc=Path("/usr/bin/clang"), arguments=words)

    found = resolve(given, ROOT, {}, plain=True).variables
    files = {path: file.text for path, file in render_target_files(given, ROOT).items() if isinstance(file, Text)}

    told = f"{' '.join(words)} --sysroot="
    assert [name for name in (f"CFLAGS_{SCOPE}", "CPPFLAGS", "LDFLAGS") if not str(found[name]).startswith(told)] == []
    quoted = " ".join(f'"{word}"' for word in words)
    assert f'exec "$linker" {quoted} "--sysroot=$view" "$@"' in files["bin/xprov-linker-armv7-unknown-linux-gnueabihf"]
    assert f'CMAKE_C_FLAGS_INIT "{" ".join(words)}"' in files["toolchain.cmake"]
    assert f"c_args = ['{words[0]}', '{words[1]}', " in files["meson.ini"]


def test_bindgen_reads_the_libc_of_the_full_view_where_the_compiler_has_none_it_could() -> None:
    zig = replace(environment(), zig=True, full_beside=True)

    arguments = str(variables(zig)[f"BINDGEN_EXTRA_CLANG_ARGS_{SCOPE}"]).split()

    assert arguments[1] == f"--sysroot={ROOT}/sysroot"
    assert f"{ROOT}/libs/usr/include" in arguments


def test_the_generation_is_in_a_variable_that_every_probe_watches() -> None:
    one, other = (variables(environment(generation=generation)) for generation in ("a" * 12, "b" * 12))

    changed = {name for name in one if one[name] != other[name]}

    assert changed == {f"PKG_CONFIG_PATH_{_under(triple)}" for triple in ARMHF.rust_triples}


def test_what_the_image_says_about_compiling_stays_and_ours_is_added_once() -> None:
    name = f"CFLAGS_{SCOPE}"
    environ = {name: "-D__ARM_ARCH=8"}

    once = variables(environment(found=toolchain()), environ)[name]
    twice = variables(environment(found=toolchain()), {name: once or ""})[name]

    assert once is not None
    assert once.startswith("-D__ARM_ARCH=8 -isystem /nonexistent/.xprov/armhf/libs/usr/include/arm-linux-gnueabihf ")
    assert twice == once


def test_flags_of_a_wider_scope_are_carried_over() -> None:
    environ = {"CFLAGS": "-O1", "TARGET_CFLAGS": "-O2", "BINDGEN_EXTRA_CLANG_ARGS": "-DX"}

    after = variables(environment(), environ)

    assert str(after[f"CFLAGS_{SCOPE}"]).startswith("-O2 -isystem ")
    assert str(after[f"BINDGEN_EXTRA_CLANG_ARGS_{SCOPE}"]).startswith("-DX --target=armv7-unknown-linux-gnueabihf ")


def test_bindgen_sees_the_toolchains_libc() -> None:
    name = f"BINDGEN_EXTRA_CLANG_ARGS_{SCOPE}"

    debian = variables(environment(found=toolchain()))[name]
    crosstool = variables(environment(found=toolchain(sysroot="/usr/T/T/sysroot")))[name]

    assert str(debian).endswith(" -isystem /usr/arm-linux-gnueabihf/include")
    assert " --sysroot=/usr/T/T/sysroot " in str(crosstool)


def test_clang_is_not_told_rusts_own_names_of_extensions() -> None:
    given = Environment(target=find_target("riscv64"), generation="0" * 12)

    args = variables(given)["BINDGEN_EXTRA_CLANG_ARGS_riscv64gc_unknown_linux_gnu"]

    assert str(args).startswith("--target=riscv64-unknown-linux-gnu ")


def test_a_linker_that_was_set_is_kept_and_wrapped_and_not_wrapped_again() -> None:
    given = environment(found=toolchain())
    first = resolve(given, ROOT, {LINKER: "my-gcc"})
    second = resolve(given, ROOT, {name: value for name, value in first.variables.items() if value})

    wrapper = f"{ROOT}/bin/xprov-linker-armv7-unknown-linux-gnueabihf"
    assert first.variables[LINKER] == second.variables[LINKER] == wrapper
    assert first.variables[f"XPROV_LINKER_{SCOPE}"] == "my-gcc"
    assert f"XPROV_LINKER_{SCOPE}" not in second.variables
    assert [note.text for note in first.notes if "my-gcc" in note.text and not note.loud]


def test_a_wrapper_of_another_home_is_not_wrapped() -> None:
    other = "/old/home/armhf/bin/xprov-linker-armv7-unknown-linux-gnueabihf"

    after = variables(environment(found=toolchain()), {LINKER: other})

    assert after[LINKER] == f"{ROOT}/bin/xprov-linker-armv7-unknown-linux-gnueabihf"
    assert f"XPROV_LINKER_{SCOPE}" not in after


def test_a_program_that_is_no_compiler_stays_the_linker() -> None:
    after = variables(environment(found=toolchain()), {LINKER: "/usr/bin/ld.lld"})

    assert LINKER not in after


OPENSSL = Setting(
    variable="{TRIPLE}_OPENSSL_DIR", action=Action.DROP_UNLESS, needs="include/openssl/ssl.h", reason="no OpenSSL there"
)


def test_a_dangling_openssl_dir_is_unset_and_said(tmp_path: Path) -> None:
    name = "ARMV7_UNKNOWN_LINUX_GNUEABIHF_OPENSSL_DIR"

    resolved = resolve(environment(OPENSSL), ROOT, {name: str(tmp_path)})

    assert resolved.variables[name] is None
    assert [note.text for note in resolved.notes if note.loud] == [f"{name} is unset, was {tmp_path}: no OpenSSL there"]


def test_where_nothing_can_be_unset_a_dangling_openssl_dir_names_the_views_prefix(tmp_path: Path) -> None:
    name = "ARMV7_UNKNOWN_LINUX_GNUEABIHF_OPENSSL_DIR"
    given = environment(OPENSSL)

    resolved = resolve(given, ROOT, {name: str(tmp_path)}, unsets=False)

    files = render_target_files(given, ROOT)
    assert resolved.variables[name] == f"{ROOT}/prefix"
    assert files["prefix/include"] == Link(to="../libs/usr/include")
    assert files["prefix/lib"] == Link(to="../libs/usr/lib/arm-linux-gnueabihf")
    assert [note.text for note in resolved.notes if note.loud] == [
        f"{name} is replaced, was {tmp_path}: no OpenSSL there"
    ]


def test_an_openssl_dir_with_openssl_stays(tmp_path: Path) -> None:
    (tmp_path / "include/openssl").mkdir(parents=True)
    (tmp_path / "include/openssl/ssl.h").touch()
    name = "ARMV7_UNKNOWN_LINUX_GNUEABIHF_OPENSSL_DIR"

    resolved = resolve(environment(OPENSSL), ROOT, {name: str(tmp_path)})

    assert name not in resolved.variables
    assert resolved.notes == ()


def test_a_recipe_may_name_the_view() -> None:
    setting = Setting(variable="NETCDF_{triple}", action=Action.SET, value="{view}/usr", reason="x")

    assert variables(environment(setting))[f"NETCDF_{SCOPE}"] == f"{ROOT}/libs/usr"


def test_a_folder_with_a_space_is_one_word_and_cc_rs_is_told_so() -> None:
    root = Path("/nonexistent/it's a home/armhf")

    spaced = variables(environment(found=toolchain()), root=root)
    plain = variables(environment(found=toolchain()))

    assert spaced["CC_SHELL_ESCAPED_FLAGS"] == "1"
    assert "CC_SHELL_ESCAPED_FLAGS" not in plain
    assert "-isystem '/nonexistent/it'\"'\"'s a home/armhf'/libs/usr/include " in str(spaced[f"CFLAGS_{SCOPE}"])
    assert spaced[f"PKG_CONFIG_{SCOPE}"] == f"{root}/bin/arm-linux-gnueabihf-pkg-config"


@pytest.mark.parametrize(
    ("building", "expected"),
    [
        (None, f"{ROOT}/libs"),
        ("", f"{ROOT}/libs"),
        ("armv7-unknown-linux-gnueabihf", f"{ROOT}/libs"),
        ("thumbv7neon-unknown-linux-gnueabihf", f"{ROOT}/libs"),
        ("aarch64-unknown-linux-gnu", None),
    ],
)
def test_maturin_is_sent_to_the_view_when_this_target_is_built_for(building: str | None, expected: str | None) -> None:
    environ = {} if building is None else {"CARGO_BUILD_TARGET": building}

    assert variables(environment(), environ).get("TARGET_SYSROOT") == expected


def test_an_existing_sysroot_of_the_image_is_not_replaced_by_less(tmp_path: Path) -> None:
    root = tmp_path / "home/armhf"
    image = tmp_path / "sysroot"
    image.mkdir()
    environ = {"TARGET_SYSROOT": f"{image}/"}
    given = Environment(target=ARMHF, generation="0" * 12, image_sysroot=image_sysroot(ARMHF, root, environ))

    files = render_target_files(given, root)

    assert variables(given, environ, root)["TARGET_SYSROOT"] == f"{root}/bundle"
    assert files["bundle/image"] == Link(to=str(image))
    assert files["bundle/lib"] == Link(to="../libs/usr/lib/arm-linux-gnueabihf")
    assert "TARGET_SYSROOT" not in variables(environment(), environ, root)


def test_a_sysroot_for_another_target_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    environ = {"TARGET_SYSROOT": str(tmp_path), "CARGO_BUILD_TARGET": "aarch64-unknown-linux-gnu"}

    assert image_sysroot(ARMHF, ROOT, environ) is None
    assert image_sysroot(ARMHF, ROOT, {"TARGET_SYSROOT": f"{tmp_path}/gone"}) is None
    assert image_sysroot(ARMHF, tmp_path / "armhf", {"TARGET_SYSROOT": f"{tmp_path}"}) is None


def test_plain_adds_what_tools_without_targets_read() -> None:
    environ = {"PKG_CONFIG_PATH": "/usr/lib/pkgconfig", "LDFLAGS": "-Wl,-z,now"}

    plain = resolve(environment(found=toolchain()), ROOT, environ, plain=True).variables
    scoped = resolve(environment(found=toolchain()), ROOT, environ).variables

    assert {name for name in plain if name not in scoped} == {
        "PKG_CONFIG", "PKG_CONFIG_SYSROOT_DIR", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_PATH", "CC", "CXX", "AR",
        "CPPFLAGS", "LDFLAGS",
    }  # fmt: skip
    assert plain["PKG_CONFIG_PATH"] is None
    assert plain["PKG_CONFIG_SYSROOT_DIR"] == f"{ROOT}/libs"
    assert plain["CC"] == "/usr/bin/arm-linux-gnueabihf-gcc"
    assert str(plain["LDFLAGS"]).startswith(f"-Wl,-z,now -L{ROOT}/libs/usr/lib/arm-linux-gnueabihf ")


def test_the_files_depend_on_nothing_outside_but_two() -> None:
    here, there = (
        render_target_files(environment(found=toolchain()), Path(folder)) for folder in ("/one/armhf", "/two/armhf")
    )

    assert {path for path in here if here[path] != there[path]} == {"env", "meson.ini"}


def test_programs_can_be_executed_and_nothing_else_can() -> None:
    files = render_target_files(environment(found=toolchain()), ROOT)

    executable = {path for path, file in files.items() if isinstance(file, Text) and file.executable}

    assert executable == {path for path in files if path.startswith("bin/")}
    assert {"bin/arm-linux-gnueabihf-pkg-config", "bin/armv7-unknown-linux-gnueabihf-pkg-config"} <= executable


def test_every_placeholder_of_the_templates_is_filled() -> None:
    files = render_target_files(environment(OPENSSL, found=toolchain()), ROOT)

    texts = {path: file.text for path, file in files.items() if isinstance(file, Text) and path != "meson.ini"}

    assert [path for path, text in texts.items() if any(f"@{word}@" in text for word in _PLACEHOLDERS)] == []


_PLACEHOLDERS = ("NAME", "ROOT", "PROBE", "SETTINGS", "VIEW", "TRIPLET", "TRIPLE", "KEEP", "WRAPPER", "LINKER", "HOME")

RESOLVED = Resolved(variables={"A": "it's $1 \\ `x`", "B": None, "C": "two\nlines"}, notes=())


def test_sh_quotes_what_a_shell_would_read() -> None:
    assert render_sh(RESOLVED) == "export A='it'\"'\"'s $1 \\ `x`'\nunset B\nexport C='two\nlines'\n"


def test_fish_quotes_what_fish_would_read() -> None:
    assert render_fish(RESOLVED) == "set -gx A 'it\\'s $1 \\\\ `x`'\nset -e B\nset -gx C 'two\nlines'\n"


def test_github_gets_lines_and_is_told_what_cannot_be_unset() -> None:
    text, stays = render_github(RESOLVED)

    assert text == "A=it's $1 \\ `x`\nC<<XPROV-END-OF-C\ntwo\nlines\nXPROV-END-OF-C\n"
    assert stays == ("B",)


def test_json_says_null_for_what_is_unset() -> None:
    assert json.loads(json.dumps(render_json(RESOLVED)))["variables"]["B"] is None
