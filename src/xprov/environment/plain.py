"""The variables without a target's name in them, for tools that know no other (autotools, scripts)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.environment.quoting import quote
from xprov.environment.settings import header_arguments, linker_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xprov.environment.model import Environment


def plain_variables(environment: Environment, root: Path, environ: Mapping[str, str]) -> dict[str, str | None]:
    """Return the unscoped variables of a shell that builds for this target alone; None has to be unset.

    Names as in the manuals of Autoconf ("Preset Output Variables") and pkg-config. PKG_CONFIG_PATH would be
    searched before the view.
    """
    folders = [f"{root}/{folder}" for folder in environment.library_folders]
    share = f"{root}/{environment.view.value}/usr/share"
    variables: dict[str, str | None] = {
        "PKG_CONFIG": f"{root}/{environment.pkg_config}",
        "PKG_CONFIG_SYSROOT_DIR": f"{root}/{environment.view.value}",
        "PKG_CONFIG_LIBDIR": ":".join(f"{folder}/pkgconfig" for folder in (*folders, share)),
        "PKG_CONFIG_PATH": None,
    }
    if (toolchain := environment.compiler) is None:
        return variables
    programs = {"CC": toolchain.cc, "CXX": toolchain.cxx, "AR": toolchain.ar}
    variables.update({name: str(program) for name, program in programs.items() if program})
    quoted = quote(str(root))
    includes = header_arguments(environment, quoted)
    libraries = linker_arguments(environment, quoted)
    for name, words in (("CPPFLAGS", includes), ("LDFLAGS", libraries)):
        base, ours = environ.get(name, ""), " ".join(words)
        variables[name] = base if f" {ours} " in f" {base} " else f"{base} {ours}".lstrip()
    return variables
