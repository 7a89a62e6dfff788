"""Debian's cross gcc as it is where no libc of its target is installed: its own files elsewhere, less those of libc."""

import shutil
from pathlib import Path

from tests.integration.written import need

from xprov.target import Target

# Libraries of GCC that Debian keeps among libc's.
_OF_GCC = ("libgcc_s.so*", "libstdc++.so*", "libatomic.so*")


def bare_gcc(target: Target, folder: Path) -> Path:
    """Make the gcc, and the g++ if there is one, that this machine has for `target` look into `folder` for the rest.

    Return the folder of programs. gcc finds all from where its own program really is, so that one is a copy; what it
    starts and links are links, each to a file, since `..` in a path would leave by a link to a folder.
    """
    triplet = target.triplet
    need(f"{triplet}-gcc")
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for kind in ("gcc", "g++", "ar"):
        if found := shutil.which(f"{triplet}-{kind}"):
            shutil.copy(found, programs / f"{triplet}-{kind}")
    own = next(Path("/usr/lib/gcc-cross", triplet).iterdir())
    _link_files(own, folder / "lib/gcc-cross" / triplet / own.name)
    for program in Path("/usr/bin").glob(f"{triplet}-*"):
        _link(program, folder / triplet / "bin" / program.name.removeprefix(f"{triplet}-"))
    for pattern in _OF_GCC:
        for library in Path("/usr", triplet, "lib").glob(pattern):
            _link(library, folder / triplet / "lib" / library.name)
    headers = Path("/usr", triplet, "include/c++")
    if headers.is_dir():
        _link_files(headers, folder / triplet / "include/c++")
    return programs


def _link_files(source: Path, destination: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file():
            _link(path, destination / path.relative_to(source))


def _link(source: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.symlink_to(source)
