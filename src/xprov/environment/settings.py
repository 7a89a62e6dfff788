"""Which variables tell build tools about a target. Everything is scoped to it: host builds see none of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xprov.environment.model import Action, Setting, View
from xprov.toolchain import LINKER_WRAPPER, cargo_variable, clang_triple, real_linker, underscored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.environment.model import Environment

PREFIX = "prefix"
"""A folder of the target's in which `include` and `lib` are the view's: for tools that want to be told of a prefix."""


def settings_of(environment: Environment) -> tuple[Setting, ...]:
    """Return what is set for a target, in the order it is done."""
    if environment.native:
        return tuple(dict.fromkeys(_of_recipes(environment)))
    settings = [
        Setting(
            variable="CC_SHELL_ESCAPED_FLAGS",
            action=Action.DEFAULT,
            value="1",
            when_quoted=True,
            reason="cc-rs splits CFLAGS at white space otherwise",
        )
    ]
    for triple in environment.target.rust_triples:
        settings += _pkg_config(environment, triple)
        settings += _toolchain(environment, triple)
        settings += _flags(environment, triple)
    settings += _of_recipes(environment)
    settings.append(_sysroot(environment))
    return tuple(dict.fromkeys(settings))


def _of_recipes(environment: Environment) -> list[Setting]:
    return [
        _expanded(setting, environment, triple)
        for triple in environment.target.rust_triples
        for setting in environment.recipe_settings
    ]


def linker_wrapper(triple: str) -> str:
    """Return the linker wrapper of a Rust triple, relative to the target's folder."""
    return f"bin/{LINKER_WRAPPER}{triple}"


def bindgen_arguments(environment: Environment, root: str = "{quoted}") -> tuple[str, ...]:
    """Return what makes clang see the target's headers: the view's, then those of the toolchain's libc."""
    target = f"--target={clang_triple(environment.target)}"
    full = f"--sysroot={root}/{View.FULL.value}"
    if environment.view is View.FULL:
        return target, full
    headers = [word for folder in environment.include_folders for word in ("-isystem", f"{root}/{folder}")]
    toolchain = environment.toolchain
    if toolchain and toolchain.sysroot:
        return target, f"--sysroot={_word(str(toolchain.sysroot))}", *headers
    if toolchain and toolchain.libc_includes:
        libc = [word for path in toolchain.libc_includes for word in ("-isystem", _word(str(path)))]
        return target, *headers, *libc
    # zig's libc is nothing that clang could read.
    return (target, full, *headers) if environment.full_beside else (target, *headers)


def header_arguments(environment: Environment, root: str = "{quoted}") -> tuple[str, ...]:
    """Return what makes the C compiler the target's, and see the view's headers.

    A full view is a sysroot: as `-isystem` it would hide the headers of C++, which look for libc's behind themselves.
    """
    always = _always(environment)
    if environment.view is View.LIBS:
        return *always, *(word for folder in environment.include_folders for word in ("-isystem", f"{root}/{folder}"))
    sysroot = f"--sysroot={root}/{environment.view.value}"
    multiarch = ("-idirafter", f"{root}/{environment.include_folders[0]}") if _is_plain(environment) else ()
    return *always, sysroot, *multiarch


def compiler_arguments(environment: Environment, root: str = "{quoted}") -> tuple[str, ...]:
    """Return what makes a C compiler see the view's headers, and what it links find the view's libraries.

    Compilers that only compile (clang) complain of a `-L`: it is given where a toolchain was found, which links.
    libz-sys links a program with nothing but these flags, and compiles its own zlib when that fails.
    """
    headers = header_arguments(environment, root)
    if environment.compiler is None or (environment.view is View.FULL and not _is_plain(environment)):
        return headers
    return (*headers, *_start_files(environment, root), f"-L{root}/{environment.library_folders[0]}")


def linker_arguments(environment: Environment, root: str = "{quoted}") -> tuple[str, ...]:
    """Return what makes a C compiler that links find the view's libraries, and those that they need in turn."""
    folders = [f"-L{root}/{folder}" for folder in environment.library_folders]
    secondary = f"-Wl,-rpath-link,{root}/{environment.library_folders[0]}"
    if environment.view is View.LIBS:
        return *_always(environment), *folders, secondary
    sysroot = f"--sysroot={root}/{environment.view.value}"
    return *_always(environment), sysroot, *_start_files(environment, root), *folders, secondary


def _always(environment: Environment) -> tuple[str, ...]:
    return environment.compiler.arguments if environment.compiler else ()


def _start_files(environment: Environment, root: str) -> tuple[str, ...]:
    """Return what makes a plain compiler find the crt1.o of a full view."""
    if environment.view is View.LIBS or not _is_plain(environment):
        return ()
    return (f"-B{root}/{environment.library_folders[0]}",)


def _is_plain(environment: Environment) -> bool:
    """Return whether the compiler looks into no multiarch folder of its sysroot, as Debian's own and clang do."""
    return environment.compiler is not None and not environment.compiler.multiarch


def _sysroot(environment: Environment) -> Setting:
    """Say where maturin looks for what it bundles: the view, and with it what the image's own variable names.

    It is one variable for all targets. Unset, maturin searches this machine's folders first.
    """
    image = environment.image_sysroot
    folder = environment.view.value if image is None else "bundle"
    return Setting(
        variable="TARGET_SYSROOT",
        action=Action.CLAIM,
        value=f"{{root}}/{folder}",
        keep="" if image is None else str(image),
    )


def _pkg_config(environment: Environment, triple: str) -> Iterator[Setting]:
    scope = underscored(triple)
    # That a targeted PKG_CONFIG is set is what lets pkg-config-rs probe at all in a cross build (`target_supported`).
    yield Setting(
        variable=f"PKG_CONFIG_{scope}",
        action=Action.SET,
        value=f"{{root}}/{environment.pkg_config}",
        reason="it would not look into what xprov provisioned",
    )
    # Masks the user's plain PKG_CONFIG_PATH, which would be searched first. pkg-config-rs has no variable for one
    # library that does not also change what it finds (`<MODULE>_NO_PKG_CONFIG`, `<MODULE>_STATIC`), and watches no
    # file; but every probe watches this one: a folder per generation re-runs them when the packages change.
    yield Setting(
        variable=f"PKG_CONFIG_PATH_{scope}",
        action=Action.SET,
        value=f"{{root}}/generation/{environment.generation}",
        reason="its .pc files would be read as if they lay in the view",
    )


def _toolchain(environment: Environment, triple: str) -> Iterator[Setting]:
    """Say which compiler and linker to use; nothing without a toolchain, or zig would be turned off."""
    scope = underscored(triple)
    toolchain = environment.compiler
    if toolchain is None:
        return
    programs = {"CC": toolchain.cc, "CXX": toolchain.cxx, "AR": toolchain.ar}
    for name, program in programs.items():
        if program:
            yield Setting(variable=f"{name}_{scope}", action=Action.DEFAULT, value=str(program))
    # A wrapper, since RUSTFLAGS, even empty, would turn off every other way to give the linker a -L.
    yield Setting(
        variable=cargo_variable(triple, "LINKER"),
        action=Action.WRAP,
        value=f"{{root}}/{linker_wrapper(triple)}",
        keep=real_linker(triple),
    )
    # cmake-rs names no compiler once there is a toolchain file, so only a file that names one is offered.
    yield Setting(
        variable=f"CMAKE_TOOLCHAIN_FILE_{scope}",
        action=Action.DEFAULT,
        value="{root}/toolchain.cmake",
        inherits=("TARGET_CMAKE_TOOLCHAIN_FILE", "CMAKE_TOOLCHAIN_FILE"),
    )


def _flags(environment: Environment, triple: str) -> Iterator[Setting]:
    scope = underscored(triple)
    # cc-rs up to 1.2.14 takes the most specific of these variables alone, newer ones join them all: what a less
    # specific one says is carried over, so that ours does not hide it.
    for name in ("CFLAGS", "CXXFLAGS"):
        yield Setting(
            variable=f"{name}_{scope}",
            action=Action.APPEND,
            value=" ".join(compiler_arguments(environment)),
            inherits=(f"TARGET_{name}", name),
        )
    yield Setting(
        variable=f"BINDGEN_EXTRA_CLANG_ARGS_{scope}",
        action=Action.APPEND,
        value=" ".join(bindgen_arguments(environment)),
        inherits=("BINDGEN_EXTRA_CLANG_ARGS",),
    )


def _expanded(setting: Setting, environment: Environment, triple: str) -> Setting:
    scope = underscored(triple)
    variable = setting.variable.replace("{TRIPLE}", scope.upper()).replace("{triple}", scope)
    # Of this machine itself, the view is its root.
    view = "" if environment.native else f"{{root}}/{environment.view.value}"
    return replace(setting, variable=variable, value=setting.value.replace("{view}", view))


def _word(text: str) -> str:
    """Return `text` as one word of a shell, as the value of a template."""
    import shlex  # noqa: PLC0415

    return shlex.quote(text)
