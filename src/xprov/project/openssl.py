"""Whether openssl-sys finds OpenSSL in the folder that it is told of: its own rules (`build/` of 0.9.118)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LIBRARIES = ("ssl", "crypto")


def lacks_openssl(folder: Path, environ: Mapping[str, str], triple: str) -> bool:
    """Return whether a build by `OPENSSL_DIR=<folder>` for the Rust triple ends for want of headers or of libraries.

    The variables that say where each of both is, or which libraries there are, count before the folder. A folder for
    headers is enough: the compiler may find OpenSSL's by what it is told besides, as by the variables of a provision.
    """

    def said(name: str) -> str | None:
        return environ.get(f"{triple.upper().replace('-', '_')}_{name}", environ.get(name))

    include, libraries = said("OPENSSL_INCLUDE_DIR"), said("OPENSSL_LIB_DIR")
    if include is None and not (folder / "include").is_dir():
        return True
    # Other libraries, or a way to link that was chosen: openssl-sys leaves it to the linker to find them.
    if libraries is not None or said("OPENSSL_LIBS") is not None or said("OPENSSL_STATIC") is not None:
        return False
    return not any(_are_all_there(folder, ending) for ending in ("so", "a"))


def _are_all_there(folder: Path, ending: str) -> bool:
    places = (folder / "lib64", folder / "lib")
    return all(any((place / f"lib{name}.{ending}").is_file() for place in places) for name in _LIBRARIES)
