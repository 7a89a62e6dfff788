"""Ask this machine what it is and what compiles here. Programs answer, and xprov goes on meanwhile. Cheap to import."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from xprov.host import ask_host
from xprov.records import dataclass
from xprov.sites import HERE
from xprov.toolchain import seek_toolchain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xprov.host import Host
    from xprov.sites import Site
    from xprov.target import Target
    from xprov.toolchain import Toolchain


@dataclass(frozen=True, kw_only=True, slots=True)
class Inquiry:
    """What is being asked: each waits for its answers, and is what `inspect_host` and `find_toolchain` return."""

    host: Callable[[], Host]
    toolchain: Callable[[], Toolchain | None]


@contextmanager
def inquire(target: Target, environ: Mapping[str, str], *, zig: bool, site: Site = HERE) -> Iterator[Inquiry]:
    """Start to ask, no compiler when `zig` is the one. Programs that still run when the block ends are ended too.

    `site` is where the compilers are; the host is this machine.
    """
    with ExitStack() as programs:
        host = ask_host(environ, programs)
        toolchain = (lambda: None) if zig else seek_toolchain(target, environ, programs, site)
        yield Inquiry(host=host, toolchain=toolchain)
