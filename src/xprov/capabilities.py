"""Installed packages as rpm and apk know them: by what each provides and requires. Pure.

Neither names alternatives: a requirement is met by whoever provides its name (rpm(8), "Dependencies"; apk(5)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov.errors import UnsatisfiableError
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """A package that is installed. `provides` has its own name too; versions are left out of both lists."""

    name: str
    architecture: str
    version: str
    requires: tuple[str, ...]
    provides: tuple[str, ...]


def missing(installed: Iterable[Installed], wanted: Iterable[str]) -> tuple[str, ...]:
    """Return what of `wanted` none of `installed` provides."""
    there = {name for package in installed for name in package.provides}
    return tuple(name for name in wanted if name not in there)


def closure(
    installed: Iterable[Installed], wanted: Sequence[str], *, stop: Callable[[str], bool] = lambda _name: False
) -> tuple[Installed, ...]:
    """Return the packages among `installed` that provide `wanted`, and what they need, sorted by name.

    What none of them provides is passed over: files, and what belongs to the package manager. `stop` names packages
    that are left out with all that only they need. Raises `UnsatisfiableError` when something `wanted` is not there.
    """
    packages = tuple(installed)
    if absent := missing(packages, wanted):
        raise UnsatisfiableError(f"no package that is installed provides {', '.join(absent)}")
    providers: dict[str, Installed] = {}
    for package in packages:
        for name in package.provides:
            providers.setdefault(name, package)
    found: dict[str, Installed] = {}
    waiting = list(wanted)
    while waiting:
        provider = providers.get(waiting.pop())
        if provider is None or provider.name in found or stop(provider.name):
            continue
        found[provider.name] = provider
        waiting.extend(provider.requires)
    return tuple(found[name] for name in sorted(found))
