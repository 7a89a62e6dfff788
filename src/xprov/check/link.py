"""Link a small program with a library, the way a build would."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.check.model import Linked, LinkResult
from xprov.errors import ToolMissingError
from xprov.records import dataclass
from xprov.sites import HERE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xprov.check.model import Expectation
    from xprov.sites import Site

# How much of a compiler's complaint is passed on, in lines.
_COMPLAINT = 6

_PROGRAM = """\
#include <{header}>
void *xprov_probe(void);
void *xprov_probe(void) {{ return (void *) &{symbol}; }}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiler:
    """A C compiler for the target, where it runs, and the flags that it is always called with."""

    cc: Path
    flags: tuple[str, ...] = ()
    site: Site = HERE


def try_link(expectation: Expectation, compiler: Compiler, flags: Sequence[str]) -> LinkResult:
    """Compile a program that includes the header and uses the symbol, link it, and return how that went.

    It is a shared library, as a wheel's module is: an executable cannot be linked with bfd or zig when the library
    needs a newer glibc than the toolchain has, which is the floor's matter and not this one's. Of the program itself
    nothing may stay undefined.
    """
    with tempfile.TemporaryDirectory(prefix="xprov-check-", dir=compiler.site.scratch) as folder:
        source, output = Path(folder, "probe.c"), Path(folder, "probe.so")
        source.write_text(_PROGRAM.format(header=expectation.header, symbol=expectation.symbol), encoding="utf-8")
        # -pipe: what is compiled is assembled meanwhile.
        shared = ("-pipe", "-shared", "-fPIC", "-Wl,--no-undefined", "-o", output)
        try:
            command: list[str | Path] = [compiler.cc, *compiler.flags, source, *shared, *flags]
            done = compiler.site.start(command).result(check=False)
        except ToolMissingError as error:
            return LinkResult(linked=Linked.NOT_TRIED, why=error.message)
        if done.ok:
            return LinkResult(linked=Linked.YES)
        return LinkResult(linked=Linked.NO, why=_complaint(done.stderr.replace(f"{folder}/", "")))


def _complaint(text: str) -> str:
    """Return the lines that say what is wrong: from the first error on, a few."""
    lines = text.strip().splitlines()
    first = next((number for number, line in enumerate(lines) if "error" in line or "undefined" in line), 0)
    return "\n".join(lines[first : first + _COMPLAINT])
