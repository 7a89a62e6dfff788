"""What CMake and Meson read: both find the target's folder from where their file lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.environment.model import View
from xprov.environment.settings import header_arguments, linker_arguments
from xprov.target import ByteOrder

if TYPE_CHECKING:
    from pathlib import Path

    from xprov.environment.model import Environment
    from xprov.target import Target

# What Meson calls the families of machines (Meson reference tables, "CPU families").
_CPU_FAMILIES = {
    "armhf": "arm",
    "armel": "arm",
    "arm64": "aarch64",
    "i386": "x86",
    "amd64": "x86_64",
    "ppc64el": "ppc64",
    "s390x": "s390x",
    "riscv64": "riscv64",
    "loong64": "loongarch64",
}


def render_cmake(environment: Environment) -> str:
    """Return the toolchain file for CMake (cmake-toolchains(7)); the view's folders first, then the toolchain's.

    cmake-rs passes the flags of cc-rs but, once there is a toolchain file, no compiler.
    """
    target = environment.target
    compile_flags, link_flags = _cmake_flags(environment)
    roots = "".join(f'\n    "{_cmake(path)}"' for path in _roots(environment))
    return f"""\
# Builds for {target.name} with CMake. Written by xprov.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR {target.platform})
get_filename_component(_xprov "${{CMAKE_CURRENT_LIST_DIR}}" REALPATH)
# Flags have quotes only where a shell needs them: HDF5 writes what it was linked with into a string of C.
set(_xprov_quote "")
if(_xprov MATCHES "[^A-Za-z0-9_./:=@%+,-]")
    set(_xprov_quote "\\"")
endif()
{_cmake_programs(environment)}
set(CMAKE_LIBRARY_ARCHITECTURE {target.triplet})
{_cmake_sysroot(environment)}\
set(CMAKE_C_FLAGS_INIT "{compile_flags}")
set(CMAKE_CXX_FLAGS_INIT "{compile_flags}")
foreach(_xprov_kind EXE SHARED MODULE)
    set(CMAKE_${{_xprov_kind}}_LINKER_FLAGS_INIT "{link_flags}")
endforeach()

list(APPEND CMAKE_FIND_ROOT_PATH
    "${{_xprov}}/{environment.view.value}"{roots})
# What other build scripts of the same cargo run have built lies beside this one's folder.
if(DEFINED ENV{{OUT_DIR}})
    get_filename_component(_xprov_out "$ENV{{OUT_DIR}}/../.." ABSOLUTE)
    list(APPEND CMAKE_FIND_ROOT_PATH "${{_xprov_out}}")
endif()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(PKG_CONFIG_EXECUTABLE "${{_xprov}}/{environment.pkg_config}" CACHE FILEPATH "")
"""


def render_meson(environment: Environment, root: Path) -> str:
    """Return the cross file for Meson, of a target whose folder is `root` (Machine files, "Constants").

    The only file that names the folder: Meson tells a cross file where it lies since 1.3 (`@DIRNAME@`), and Ubuntu
    22.04 and Debian 12 have older ones. `pkgconfig` is the key that all of them know.
    """
    compile_args = _meson_words(header_arguments(environment, _ROOT))
    link_args = _meson_words(linker_arguments(environment, _ROOT))
    return f"""\
# Builds for {environment.target.name} with Meson. Written by xprov. After the folder was moved, another setup writes it
# anew.
[constants]
root = '{_meson(root)}'

[binaries]
{_meson_programs(environment)}\
pkgconfig = root / '{environment.pkg_config}'

[built-in options]
c_args = [{compile_args}]
cpp_args = [{compile_args}]
c_link_args = [{link_args}]
cpp_link_args = [{link_args}]

[properties]
{_meson_sysroot(environment)}\
needs_exe_wrapper = true

{_meson_machine(environment.target)}"""


# Stands for the target's folder in arguments that are written as a build system's own expressions.
_ROOT = "{root}"


def _cmake_flags(environment: Environment) -> tuple[str, str]:
    """Return the flags to compile and to link with, as a string of CMake holds them; it adds its sysroot itself."""
    compiling, linking = (
        " ".join(_cmake_word(word) for word in words if not word.startswith("--sysroot="))
        for words in (header_arguments(environment, _ROOT), linker_arguments(environment, _ROOT))
    )
    return compiling, linking


def _cmake_word(word: str) -> str:
    before, root, path = word.partition(_ROOT)
    return f"{before}${{_xprov_quote}}${{_xprov}}{path}${{_xprov_quote}}" if root else word


def _cmake_sysroot(environment: Environment) -> str:
    if environment.view is View.LIBS:
        return ""
    return f'set(CMAKE_SYSROOT "${{_xprov}}/{environment.view.value}")\n'


def _meson_word(word: str) -> str:
    before, root, path = word.partition(_ROOT)
    if not root:
        return f"'{word}'"
    return f"'{before}' + (root / '{path[1:]}')" if before else f"root / '{path[1:]}'"


def _meson_words(words: tuple[str, ...]) -> str:
    return ", ".join(_meson_word(word) for word in words)


def _meson_sysroot(environment: Environment) -> str:
    return "" if environment.view is View.LIBS else f"sys_root = root / '{environment.view.value}'\n"


def _roots(environment: Environment) -> list[Path]:
    """Return the folders in which the toolchain's own libraries and headers are."""
    toolchain = environment.compiler
    if toolchain is None or environment.view is View.FULL:
        return []
    if toolchain.sysroot:
        return [toolchain.sysroot]
    # Debian's cross gcc: /usr/<triplet>/include, and the libraries in lib beside it.
    return [folder.parent for folder in toolchain.libc_includes if folder.parent.name == environment.target.triplet]


def _cmake(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")


def _cmake_programs(environment: Environment) -> str:
    toolchain = environment.compiler
    if toolchain is None:
        return "# No toolchain was found: name one by CC and CXX, or by -DCMAKE_C_COMPILER."
    programs = {"C_COMPILER": toolchain.cc, "CXX_COMPILER": toolchain.cxx, "AR": toolchain.ar}
    lines = [
        f'if(NOT CMAKE_{name})\n    set(CMAKE_{name} "{_cmake(path)}" CACHE FILEPATH "")\nendif()'
        for name, path in programs.items()
        if path
    ]
    return "\n".join(lines)


def _meson_programs(environment: Environment) -> str:
    toolchain = environment.compiler
    if toolchain is None:
        return ""
    programs = {"c": toolchain.cc, "cpp": toolchain.cxx, "ar": toolchain.ar}
    return "".join(f"{name} = '{_meson(path)}'\n" for name, path in programs.items() if path)


def _meson(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace("'", "\\'")


def _meson_machine(target: Target) -> str:
    endian = "big" if target.elf.order is ByteOrder.BIG else "little"
    return f"""\
[host_machine]
system = 'linux'
cpu_family = '{_CPU_FAMILIES[target.debian]}'
cpu = '{target.platform}'
endian = '{endian}'
"""
