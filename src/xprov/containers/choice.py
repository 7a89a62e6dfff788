"""Which image a release job builds in: `images.toml`. Pure, but for the table."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.errors import UnsatisfiableError
from xprov.glibc import format_tag, parse_version
from xprov.records import dataclass
from xprov.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xprov.glibc import Version
    from xprov.target import Target

_MUSL = "musl"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """An image, and the glibc that what it compiles needs; None where it has musl."""

    reference: str
    glibc: Version | None


def choose_image(target: Target, architecture: str, wanted: Version | None, *, option: str = "--image") -> Choice:
    """Return the image for `target` on a machine of an OCI `architecture`.

    That is the newest whose glibc is not above `wanted`; where nothing is wanted, the usual one. Raises
    `UnsatisfiableError` when there is none; `option` is what names another.
    """
    choices = known_images().get(architecture, {}).get(target.name, ())
    if not choices:
        known = ", ".join(known_images().get(architecture, {})) or "none at all"
        raise UnsatisfiableError(
            f"no image is known in which {target.name} is built on {architecture} machines",
            hint=f"name one by `{option}`; there are some for: {known}",
        )
    if wanted is None:
        return choices[0]
    fitting = [choice for choice in choices if choice.glibc is None or choice.glibc <= wanted]
    if not fitting:
        lowest = min(choice.glibc for choice in choices if choice.glibc is not None)
        raise UnsatisfiableError(
            f"no image for {target.name} builds for a glibc as old as {format_tag(wanted)} promises",
            hint=f"the oldest is for {format_tag(lowest)}; or name an image of your own by `{option}`",
        )
    return max(fitting, key=lambda choice: choice.glibc or (0, 0))


@cache
def known_images() -> Mapping[str, Mapping[str, tuple[Choice, ...]]]:
    """Return the images by the OCI architecture of the machine that builds, and the target's name."""
    table = read_toml(Path(__file__).with_name("images.toml"))
    return {
        architecture: {
            target: tuple(
                Choice(reference=rows.text(tag), glibc=None if tag == _MUSL else parse_version(tag))
                for tag in rows.keys()  # noqa: SIM118 - a Table, not a dict
            )
            for target in targets.keys()  # noqa: SIM118
            for rows in [targets.table(target)]
        }
        for architecture in table.keys()  # noqa: SIM118
        for targets in [table.table(architecture)]
    }
