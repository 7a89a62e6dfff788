"""In which container maturin-action builds for a target, and the wheel tag that comes of it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from xprov.containers.choice import known_images
from xprov.errors import UsageError
from xprov.glibc import format_version, lowest_tag, parse_version
from xprov.records import dataclass
from xprov.target import find_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xprov.glibc import Version
    from xprov.target import Target

# What is taken unasked where there is an image of it: Debian 10, Ubuntu 18.10, RHEL 8 and all that is newer.
_USUAL: Version = (2, 28)


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """The wheel of one target: its tag, and the container where maturin-action has none for that tag by itself."""

    target: Target
    glibc: Version
    container: str | None = None

    @property
    def manylinux(self) -> str:
        """The tag as the action takes it: `2_28`."""
        return format_version(self.glibc).replace(".", "_")


# maturin-action's usual runner.
_RUNNER = "amd64"


@cache
def images() -> Mapping[str, Mapping[Version, str]]:
    """Return the images by the target's name and the glibc of their toolchains."""
    rows = {
        name: {choice.glibc: choice.reference for choice in choices if choice.glibc}
        for name, choices in known_images()[_RUNNER].items()
    }
    return {name: row for name, row in rows.items() if row}


def choose_build(target: Target, glibc: Version | None) -> Build:
    """Return how wheels for `target` are built that promise to run with `glibc`; None is for what is usual.

    Raises `UsageError` where maturin-action has no container for that.
    """
    known = images().get(target.name, {})
    if not known:
        raise UsageError(
            f"maturin-action has no container for `{target.name}` that xprov can be of use in",
            hint=f"it has some for {', '.join(find_target(name).name for name in images())}",
        )
    if glibc is None:
        return Build(target=target, glibc=max((each for each in known if each <= _USUAL), default=min(known)))
    tag = parse_version(lowest_tag(glibc, target))
    image = max((each for each in known if each <= tag), default=None)
    if image is None:
        lowest = format_version(min(known))
        raise UsageError(
            f"maturin-action has no container for {target.name} with glibc {format_version(tag)} or older",
            hint=f"its oldest one has {lowest}: `--manylinux {lowest.replace('.', '_')}`",
        )
    return Build(target=target, glibc=tag, container=None if image == tag else known[image])
