"""What is expected of a library, and what was found."""

from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from xprov.glibc import Floor, GlibcNeeds
from xprov.records import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """What proves that `library` is there.

    `header` is what one writes after `#include` with the modules' flags, `symbol` is exported by one of the libraries
    of `link`, which are what one writes after `-l`.
    """

    library: str
    modules: tuple[str, ...]
    header: str
    symbol: str
    link: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """A pkg-config module and the version it answered with, None when it did not answer."""

    name: str
    version: str | None


class Linked(str, Enum):
    """Whether a program that uses the library could be linked."""

    YES = "yes"
    NO = "no"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkResult:
    """`why` says what the compiler complained about, or why it was not asked."""

    linked: Linked
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryCheck:
    """What was found of one library.

    `header` is the file that the header's name means, `symbol_file` the library that exports the symbol. `needs` is
    what its libraries and all that they need in the view ask of glibc, `wheel_needs` the same for those of them that a
    wheel has to carry, which are `bundled`. `time64` are the libraries of its own that ask a 32-bit glibc for
    functions with a 64-bit time_t.
    """

    library: str
    modules: tuple[Module, ...]
    header: Path | None
    symbol_file: Path | None
    link: LinkResult
    needs: GlibcNeeds
    wheel_needs: GlibcNeeds
    bundled: tuple[Path, ...]
    time64: tuple[Path, ...]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems and self.link.linked is not Linked.NO

    @property
    def floor(self) -> Floor | None:
        return self.needs.floor

    @property
    def label(self) -> str:
        """The library with its version, if a module told it: `alsa 1.2.14`."""
        version = next((module.version for module in self.modules if module.version), None)
        return f"{self.library} {version}" if version else self.library


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What was found of every library, and the floor of all together."""

    checks: tuple[LibraryCheck, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    @property
    def floor(self) -> Floor | None:
        return _highest(check.floor for check in self.checks)

    @property
    def wheel_floor(self) -> Floor | None:
        """The floor of what a wheel that uses every library has to carry."""
        return _highest(check.wheel_needs.floor for check in self.checks)


def _highest(floors: Iterable[Floor | None]) -> Floor | None:
    return max((floor for floor in floors if floor is not None), key=lambda floor: floor.version, default=None)
