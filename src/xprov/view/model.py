"""What a view will be: plain data, complete before anything is written."""

from pathlib import Path

from xprov.errors import XprovError
from xprov.records import dataclass
from xprov.target import Target
from xprov.view.layout import Shape


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """The file `source` of `package` stands at `path`."""

    path: str
    source: Path
    package: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A symbolic link stands at `path`; `target` is relative to the folder it stands in."""

    path: str
    target: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A file that xprov writes itself stands at `path`."""

    path: str
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewPlan:
    """All that will stand in a view, each sorted by path, and what is to be said about it.

    `problems` would make a build fail or, worse, pass with the wrong library; `notes` are for who asks.
    """

    shape: Shape
    target: Target
    copies: tuple[Copy, ...]
    links: tuple[Link, ...]
    texts: tuple[Text, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path at which something stands, folders aside."""
        return (
            *(copy.path for copy in self.copies),
            *(link.path for link in self.links),
            *(text.path for text in self.texts),
        )


def require_sound(plan: ViewPlan) -> None:
    """Raise `XprovError` that lists the problems of `plan`, if it has any."""
    if plan.problems:
        listed = "\n".join(f"  {problem}" for problem in plan.problems)
        raise XprovError(f"the packages for {plan.target.name} do not make a view that can be linked with:\n{listed}")
