"""What a person asked for, as plain data."""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from xprov.archive.locations import Access
from xprov.environment.model import View
from xprov.errors import UsageError
from xprov.records import dataclass

if TYPE_CHECKING:
    from xprov.archive.suites import Suite
    from xprov.glibc import Version
    from xprov.lockfile import LockedTarget
    from xprov.target import Target


class Method(str, Enum):
    """How the files arrive."""

    NATIVE = "native"
    MULTIARCH = "multiarch"
    SYSROOT = "sysroot"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """The words of `xprov setup`. `method` is None for `auto`, and so is `view`, the one that tools are pointed at.

    `method_said_by` is who says the method. `both_views` has the full view made as well, whichever that is.

    `suite` is where packages are taken from, None to choose it; `glibc` is the newest that they may need, None to ask
    the toolchain. `access` says how archives are read. `zig` is whether zig compiles and links.
    `keep_all` unpacks everything, also what no build reads. `locked` is what a lock has for the target: then nothing
    else is taken.
    """

    target: Target
    libraries: tuple[str, ...]
    method: Method | None = None
    method_said_by: str = "asked for by --method"
    suite: Suite | None = None
    glibc: Version | None = None
    view: View | None = None
    both_views: bool = False
    zig: bool = False
    keep_all: bool = False
    locked: LockedTarget | None = None
    access: Access = field(default_factory=Access)

    @property
    def wants_full(self) -> bool:
        """Whether the full view was asked for by name."""
        return self.both_views or self.view is View.FULL

    @property
    def mirror(self) -> str | None:
        return self.access.mirror


def check_request(request: Request) -> None:
    """Raise `UsageError` when words were given that do not go together."""
    access = request.access
    if access.keyring and not access.mirror:
        raise UsageError("`--keyring` has the keys of a mirror, and no mirror is named", hint="name it with `--mirror`")
    if request.suite and request.method not in (None, Method.SYSROOT):
        raise UsageError(
            f"`--suite` is for method `sysroot`: with `{request.method.value}` the machine's own sources decide",
            hint="leave one of the two out",
        )
    if request.wants_full and request.method not in (None, Method.SYSROOT):
        raise UsageError(
            f"the full view is of method `sysroot`, and `--method {request.method.value}` was asked for",
            hint="leave one of the two out",
        )
    if request.view is View.FULL and request.zig:
        raise UsageError("`--view full` is not for zig, which has a libc of its own", hint="leave one of the two out")
