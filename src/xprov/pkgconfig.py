"""Bring the pkg-config program that the wrappers run."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from xprov import process
from xprov.elf import read_elf
from xprov.errors import ToolMissingError, XprovError
from xprov.installing import how_to_install

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "libexec/pkgconf"
"""Where in a target's folder its wrapper program looks for pkgconf, before PATH."""

_PACKAGES = {"apt-get": "pkgconf", "dnf": "pkgconf-pkg-config", "yum": "pkgconfig", "apk": "pkgconf"}

# What a program may be linked to and still run from anywhere: the C library of the machine.
_LIBC = ("libc.so.", "libc.musl-", "ld-linux", "ld-musl-", "libm.so.", "libdl.so.", "libpthread.so.")


def install_program(folder: Path) -> Path | None:
    """Copy pkgconf into a target's folder and return where it is, or None where the wrapper is to use PATH's.

    The program comes from PyPI's package `pkgconf`; xprov's own environment may be gone tomorrow (`uvx`), so it is
    copied. Where that package was built for another libc, or needs more than libc, the machine's own is left to be
    found at run time. Raises `ToolMissingError` when there is neither.
    """
    destination = folder / PROGRAM
    bundled = _bundled()
    if bundled and _is_self_contained(bundled):
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundled, destination)
        destination.chmod(0o755)
        if _runs(destination):
            return destination
        destination.unlink()
    if any(found and _runs(found) for found in map(process.find, ("pkgconf", "pkg-config"))):
        return None
    raise ToolMissingError(
        "no pkg-config runs here: not the one of the Python package `pkgconf`, and none is in PATH",
        hint=f"install one ({how_to_install(_PACKAGES)}), or `pip install pkgconf` where it has a wheel",
    )


def _bundled() -> Path | None:
    """Return the program in PyPI's `pkgconf`, or None where the package is not, or was built without one."""
    import warnings  # noqa: PLC0415

    try:
        import pkgconf  # noqa: PLC0415
    except ImportError:
        return None
    with warnings.catch_warnings():
        # It warns, and returns PATH's, where it carries none of its own.
        warnings.simplefilter("ignore")
        try:
            return pkgconf.get_executable()
        except RuntimeError:
            return None


def _is_self_contained(program: Path) -> bool:
    try:
        needed = read_elf(program).needed
    except XprovError:
        return False
    return all(name.startswith(_LIBC) for name in needed)


def _runs(program: Path) -> bool:
    try:
        return process.run([program, "--version"], check=False).ok
    except (ToolMissingError, OSError):  # not there, or (ENOEXEC) built for another machine
        return False
