"""Ask pkg-config about a view, through the wrapper program; and bring the program that the wrapper runs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xprov import process
from xprov.errors import ToolMissingError, XprovError

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "libexec/pkgconf"
"""Where in a target's folder its wrapper program looks for pkgconf, before PATH."""

# What a program may be linked to and still run from anywhere: the C library of the machine.
_LIBC = ("libc.so.", "libc.musl-", "ld-linux", "ld-musl-", "libm.so.", "libdl.so.", "libpthread.so.")


class PkgConfigError(XprovError):
    """pkg-config does not know a module, or what the module needs is not there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PkgConfig:
    """pkg-config as a target's build scripts see it; `program` is the wrapper."""

    program: Path

    def exists(self, module: str) -> bool:
        """Return whether `module`, and all it needs, is there."""
        return process.run([self.program, "--exists", "--", module], check=False).ok

    def version(self, module: str) -> str:
        """Return the version of `module`. Raises `PkgConfigError` as every question but `exists` does."""
        return self._ask("--modversion", module)

    def cflags(self, module: str) -> tuple[str, ...]:
        """Return what a compiler needs for `module`, word by word."""
        return self._words("--cflags", module)

    def libs(self, module: str) -> tuple[str, ...]:
        """Return what a linker needs for `module`, word by word."""
        return self._words("--libs", module)

    def variable(self, module: str, name: str) -> str:
        """Return a variable of `module`, empty when it has none of that name."""
        return self._ask(f"--variable={name}", module)

    def _words(self, question: str, module: str) -> tuple[str, ...]:
        import shlex  # noqa: PLC0415

        return tuple(shlex.split(self._ask(question, module)))

    def _ask(self, question: str, module: str) -> str:
        done = process.run([self.program, "--print-errors", question, module], check=False)
        if done.ok:
            return done.stdout.strip()
        said = done.stderr.strip() or f"it ended with status {done.returncode} and said nothing"
        raise PkgConfigError(
            f"pkg-config cannot answer `{question}` for `{module}`: {said}",
            hint=f"ask it yourself: `{self.program} --print-errors {question} {module}`",
        )


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
        hint="install `pkgconf` or `pkg-config`",
    )


def _bundled() -> Path | None:
    """Return the program in PyPI's `pkgconf`, or None where the package was built without one."""
    import warnings  # noqa: PLC0415

    import pkgconf  # noqa: PLC0415

    with warnings.catch_warnings():
        # It warns, and returns PATH's, where it carries none of its own.
        warnings.simplefilter("ignore")
        try:
            return pkgconf.get_executable()
        except RuntimeError:
            return None


def _is_self_contained(program: Path) -> bool:
    from elftools.common.exceptions import ELFError  # noqa: PLC0415 - slow
    from elftools.elf.dynamic import DynamicSegment  # noqa: PLC0415
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415

    try:
        with program.open("rb") as stream:
            dynamic = [part for part in ELFFile(stream).iter_segments() if isinstance(part, DynamicSegment)]
            needed: list[str] = [tag.needed for part in dynamic for tag in part.iter_tags("DT_NEEDED")]  # type: ignore[attr-defined]
    except (ELFError, OSError):
        return False
    return all(name.startswith(_LIBC) for name in needed)


def _runs(program: Path) -> bool:
    try:
        return process.run([program, "--version"], check=False).ok
    except (ToolMissingError, OSError):  # not there, or (ENOEXEC) built for another machine
        return False
