"""Links that no package holds, and by which alone some libraries are reached: what update-alternatives would make.

Where packages are installed their scripts run, and dpkg's database knows the links. Of packages that were unpacked the
scripts never run: `alternatives.toml` says what they would do.
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from xprov.records import dataclass
from xprov.target import Target
from xprov.toml import parse_toml
from xprov.view.scan import Entry, EntryKind

# The owner that links of alternatives have, here as in dpkg's database.
_OWNER = "update-alternatives"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """What a package offers: `links` are pairs of a link and what it leads to, the one that is competed for first.

    `{lib}` and `{include}` in them are the target's folders.
    """

    package: str
    priority: int
    links: tuple[tuple[str, str], ...]


@cache
def alternatives() -> tuple[Alternative, ...]:
    """Return what packages offer, of which only one has each link: the one of the highest priority."""
    facts = parse_toml(Path(__file__).with_name("alternatives.toml").read_text(encoding="utf-8"))
    return tuple(found for stated in facts["alternative"] for found in _flavours(stated))


def alternative_entries(entries: Iterable[Entry], target: Target) -> tuple[Entry, ...]:
    """Return the links to what `entries` hold. Where something stands already there is none."""
    places = {"lib": f"usr/lib/{target.triplet}", "include": f"usr/include/{target.triplet}"}
    there = _there(entries)
    made: dict[str, Entry] = {}
    for choices in _by_link().values():
        chosen = next((each for each in choices if each.links[0][1].format_map(places) in there), None)
        for link, end in chosen.links if chosen else ():
            path, leads = link.format_map(places), end.format_map(places)
            if leads in there and path not in there:
                there[path] = made[path] = Entry(
                    path=path, kind=EntryKind.LINK, source=there[leads].source, package=_OWNER, target=leads
                )
    return tuple(made.values())


@cache
def _by_link() -> Mapping[str, tuple[Alternative, ...]]:
    """Return who competes for each link, the winner first; what a link leads to comes before that link."""
    found: dict[str, list[Alternative]] = {}
    for alternative in alternatives():
        found.setdefault(alternative.links[0][0], []).append(alternative)
    return {link: tuple(sorted(each, key=lambda one: -one.priority)) for link, each in found.items()}


def _there(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Return what is at each path, and in each folder something."""
    there: dict[str, Entry] = {}
    for entry in entries:
        path = entry.path
        while path and path not in there:
            there[path] = entry
            path = posixpath.dirname(path)
    return there


def _flavours(stated: Mapping[str, Any]) -> Iterator[Alternative]:
    priorities = stated["priority"]
    if not isinstance(priorities, Mapping):
        priorities = {"": priorities}
    for flavour, priority in priorities.items():
        links = ((link, end.replace("{flavour}", flavour)) for link, end in stated["links"].items())
        package = stated["package"].replace("{flavour}", flavour)
        yield Alternative(package=package, priority=priority, links=tuple(links))
