"""What an entry of apt's sources says, whichever of the two styles it is written in (sources.list(5))."""

from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from xprov.errors import UsageError
from xprov.records import dataclass

ARCHITECTURES = "Architectures"
ADD = "Architectures-Add"
REMOVE = "Architectures-Remove"

# apt's names in the one-line style, and the same in the stanza style (apt-pkg/sourcelist.cc, `ParseStanza`, and
# sources.list(5)). Any other option is the identifier of an index target and has one name in both.
FIELD_OF_OPTION = {
    "arch": ARCHITECTURES,
    "arch+": ADD,
    "arch-": REMOVE,
    "lang": "Languages",
    "lang+": "Languages-Add",
    "lang-": "Languages-Remove",
    "target": "Targets",
    "target+": "Targets-Add",
    "target-": "Targets-Remove",
    "pdiffs": "PDiffs",
    "by-hash": "By-Hash",
    "allow-insecure": "Allow-Insecure",
    "allow-weak": "Allow-Weak",
    "allow-downgrade-to-insecure": "Allow-Downgrade-To-Insecure",
    "trusted": "Trusted",
    "signed-by": "Signed-By",
    "check-valid-until": "Check-Valid-Until",
    "valid-until-min": "Valid-Until-Min",
    "valid-until-max": "Valid-Until-Max",
    "check-date": "Check-Date",
    "date-max-future": "Date-Max-Future",
    "inrelease-path": "InRelease-Path",
    "snapshot": "Snapshot",
    "include": "Include",
    "exclude": "Exclude",
}
OPTION_OF_FIELD = {field: option for option, field in FIELD_OF_OPTION.items()}


class Style(str, Enum):
    """How a file of sources is written; its name says which."""

    ONE_LINE = ".list"
    STANZA = ".sources"


@dataclass(frozen=True, kw_only=True, slots=True)
class SourcesFile:
    """A file that apt reads sources from, and every byte of it."""

    path: Path
    content: bytes

    @property
    def style(self) -> Style:
        return Style.STANZA if self.path.suffix == Style.STANZA.value else Style.ONE_LINE

    @property
    def text(self) -> str:
        """The content as text from which `encode_text` makes the same bytes again, whatever they are."""
        return self.content.decode("utf-8", "surrogateescape")

    def error(self, line: int, what: str) -> UsageError:
        """Return the error that says `what` is wrong in `line` (counted from 1)."""
        return UsageError(
            f"`{self.path}`, line {line}: {what}",
            hint="apt cannot read this file either: `apt-get update` says so too; mend it, then run xprov again",
        )


def encode_text(text: str) -> bytes:
    """Return the bytes that `SourcesFile.text` was made from."""
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line or one stanza of a sources file.

    `line` counts from 1. `architectures` is None where the entry sets none; `options` are all others, by the names
    of the stanza style, in the order written. A multi-line value (an inline key) keeps its line breaks.
    """

    path: Path
    line: int
    style: Style
    enabled: bool
    types: tuple[str, ...]
    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    architectures: tuple[str, ...] | None
    architectures_add: tuple[str, ...]
    architectures_remove: tuple[str, ...]
    options: tuple[tuple[str, str], ...]

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"

    @property
    def is_binary(self) -> bool:
        """Whether apt reads packages for machines from here: switched on, and not source code alone."""
        return self.enabled and "deb" in self.types

    def served(self, configured: Iterable[str]) -> tuple[str, ...]:
        """Return the architectures that apt asks this entry for when `configured` are those of dpkg.

        As in apt-pkg/deb/debmetaindex.cc (`applyPlusMinusOptions`): those set, or else all configured; then those
        added; less those removed.
        """
        base = tuple(configured) if self.architectures is None else self.architectures
        every = dict.fromkeys((*base, *self.architectures_add))
        return tuple(name for name in every if name not in self.architectures_remove)

    def asks_for(self, architecture: str) -> bool:
        """Return whether the entry names `architecture` itself, whatever dpkg is configured with."""
        return architecture in self.served(())
