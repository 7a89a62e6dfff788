"""Find out whether a compiler really takes libc from the sysroot that it is given."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.errors import XprovError
from xprov.sites import HERE

if TYPE_CHECKING:
    from xprov.sites import Site
    from xprov.target import Target
    from xprov.toolchain import Toolchain

_PROGRAM = """\
#include <features.h>
int main(void) { return 0; }
"""

# What of a program's parts is libc's: its start files, itself, and the header that states its version.
_LIBC_FILE = re.compile(r"S?crt1\.o|libc\.so(?:\.6)?|libc-[\d.]+\.so|features\.h")
_PATH = re.compile(r"(?<!\S)/\S.*")


def shadowing(toolchain: Toolchain, sysroot: Path, site: Site = HERE) -> tuple[Path, ...]:
    """Return the files of a libc that `toolchain`, of `site`, takes from elsewhere although it is told of `sysroot`.

    A small program is linked: Debian's cross gcc searches /usr/<triplet> before any sysroot, and finds there what
    libc6-dev-<arch>-cross installed. Empty where the sysroot is obeyed, and where nothing could be linked: that is for
    others to say.
    """
    with tempfile.TemporaryDirectory(prefix="xprov-check-", dir=site.scratch) as folder:
        source = Path(folder, "probe.c")
        source.write_text(_PROGRAM, encoding="utf-8")
        # -H names each header on standard error, --trace each file that is linked on standard output.
        words = (*toolchain.arguments, f"--sysroot={sysroot}", "-H", "-Wl,--trace", "-o", f"{folder}/probe")
        done = site.start([toolchain.cc, *words, source]).result(check=False)
    named = (match[0] for text in (done.stdout, done.stderr) for match in _PATH.finditer(text))
    found = [Path(name) for name in named if _LIBC_FILE.fullmatch(Path(name).name)]
    root = site.resolve(sysroot)
    return tuple(dict.fromkeys(path for path in map(site.resolve, found) if not path.is_relative_to(root)))


def refuse_shadow(toolchain: Toolchain, sysroot: Path, target: Target, site: Site = HERE) -> None:
    """Raise `XprovError` where `toolchain` would mix another libc with that of `sysroot`."""
    if found := shadowing(toolchain, sysroot, site):
        package = f"libc6-dev-{target.debian}-cross"
        raise XprovError(
            f"`{toolchain.cc}` takes libc from `{found[0].parent}`, also when it is given a sysroot: a full view would"
            " be mixed with it",
            hint=f"remove its own (Debian's and Ubuntu's is in {package}), or leave the full view out: for this"
            " compiler the libraries' view alone is right",
        )
