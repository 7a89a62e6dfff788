"""What should not be in a wheel or an sdist: wheels, and Cargo's target folder. Pure."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from xprov.output import count
from xprov.wheel.finding import make_finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xprov.wheel.finding import Finding

_WHEEL = ".whl"
# What Cargo writes into its folder and nobody else writes anywhere (cargo 1.85, `.rustc_info.json`, `.fingerprint`).
_INFO, _FINGERPRINT = ".rustc_info.json", ".fingerprint"


def check_stowaways(sizes: Mapping[str, int], distribution: str) -> Iterator[Finding]:
    """Yield findings for the files of `sizes`, in bytes by name, of the distribution that is so called, normalized."""
    yield from _wheels(sizes, distribution)
    for folder in _target_folders(sizes):
        inside = [size for name, size in sizes.items() if name.startswith(f"{folder}/")]
        what = f"it is Cargo's output: {count(len(inside), 'file')}, {_megabytes(sum(inside))} MB"
        yield make_finding("target-folder", what, member=folder)


def _wheels(sizes: Mapping[str, int], distribution: str) -> Iterator[Finding]:
    for name, size in sizes.items():
        if not name.endswith(_WHEEL):
            continue
        own = re.sub(r"[-_.]+", "-", posixpath.basename(name).split("-")[0]).lower() == distribution
        what = f"it is a wheel{' of the same distribution' if own else ''}, {_megabytes(size)} MB"
        yield make_finding("packs-itself" if own else "nested-wheel", what, member=name)


def _target_folders(sizes: Mapping[str, int]) -> list[str]:
    found: set[str] = set()
    for name in sizes:
        parts = name.split("/")
        if parts[-1] == _INFO and len(parts) > 1:
            found.add("/".join(parts[:-1]))
        elif _FINGERPRINT in parts:
            # <target>/release/.fingerprint, or <target>/<triple>/release/.fingerprint.
            above = parts[: parts.index(_FINGERPRINT) - 1]
            triple = above and re.fullmatch(r"[\w.]+-[\w.-]+", above[-1])
            found.add("/".join(above[:-1] if triple and len(above) > 1 else above) or parts[0])
    return sorted(folder for folder in found if not any(folder.startswith(f"{other}/") for other in found))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f}"
