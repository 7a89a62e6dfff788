"""What apt-get would do, read from what `apt-get install --simulate` writes."""

import re

from xprov.records import dataclass

_LINE = re.compile(
    r"^(?P<verb>Inst|Remv) (?P<name>[^\s:]+)(?::(?P<qualifier>\S+))?"
    r"(?: \[(?P<old>[^\]]+)\])?"
    r"(?: \((?P<new>\S+) (?P<origin>[^\[]*)\[(?P<architecture>[^\]]+)\]\))?",
    re.MULTILINE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One package that apt would install, raise or lower (`old` is what is there now) or remove (`new` is None)."""

    name: str
    architecture: str
    old: str | None
    new: str | None

    @property
    def qualified(self) -> str:
        return f"{self.name}:{self.architecture}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Transaction:
    """All that one call of apt-get would change, in apt's order."""

    installs: tuple[Change, ...]
    removes: tuple[Change, ...]

    @property
    def raises(self) -> tuple[Change, ...]:
        """The installed packages that would get another version."""
        return tuple(change for change in self.installs if change.old is not None)

    @property
    def new(self) -> tuple[Change, ...]:
        """The packages that are not there now."""
        return tuple(change for change in self.installs if change.old is None)


def parse_simulation(text: str, native: str) -> Transaction:
    """Return the transaction that `apt-get --simulate` wrote as `text`; names without architecture are `native`'s.

    The form is that of apt's `pkgSimulate`: `Inst name[:arch] [old] (new origin [arch])`, `Remv name[:arch] [old]`.
    """
    changes = [(found["verb"], _change(found, native)) for found in _LINE.finditer(text)]
    return Transaction(
        installs=tuple(change for verb, change in changes if verb == "Inst"),
        removes=tuple(change for verb, change in changes if verb == "Remv"),
    )


def _change(found: re.Match[str], native: str) -> Change:
    return Change(
        name=found["name"],
        architecture=found["architecture"] or found["qualifier"] or native,
        old=found["old"],
        new=found["new"],
    )
