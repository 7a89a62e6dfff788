"""Which view build tools are pointed at. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.environment.model import View

if TYPE_CHECKING:
    from xprov.toolchain import Toolchain


def choose_view(toolchain: Toolchain | None, *, zig: bool = False) -> View:
    """Return the full view for a toolchain that has no libc of its own, the one without libc for all others.

    A second libc beside a toolchain's own wins over it (`-L` beats `--sysroot`). zig brings its own for every target;
    where no toolchain was found, whatever builds later (zig, an image's compiler) has to have one.
    """
    has_libc = zig or toolchain is None or toolchain.glibc or toolchain.libc_includes
    return View.LIBS if has_libc else View.FULL
