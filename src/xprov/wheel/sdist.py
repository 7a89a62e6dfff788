"""Read an sdist: the names and sizes of what is in there. Nothing is unpacked."""

from __future__ import annotations

import re
import tarfile
import zlib
from typing import TYPE_CHECKING

from xprov.errors import XprovError
from xprov.wheel.contents import excess
from xprov.wheel.finding import make_finding
from xprov.wheel.paths import unsafe

if TYPE_CHECKING:
    from pathlib import Path

    from xprov.wheel.finding import Finding

SUFFIX = ".tar.gz"


def read_sdist(path: Path) -> tuple[dict[str, int], list[Finding]]:
    """Return the size of each file in the sdist `path`, by name without its top folder, and what is broken of it.

    Raises `XprovError` when it cannot be opened at all.
    """
    sizes: dict[str, int] = {}
    findings: list[Finding] = []
    packed, unpacked = path.stat().st_size, 0
    try:
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                if reason := unsafe(member.name):
                    findings.append(make_finding("unsafe-name", f"the name {reason}", member=member.name))
                if member.isreg():
                    sizes[member.name.partition("/")[2] or member.name] = member.size
                unpacked += member.size
                if oversized := excess(unpacked, packed):
                    findings.append(make_finding("too-large", oversized))
                    break
    except OSError as error:
        # A truncated gzip stream is one, too.
        if error.errno is not None:
            raise XprovError(f"`{path}` cannot be read: {error.strerror}") from error
        findings.append(make_finding("damaged", f"it is no intact .tar.gz: {error}"))
    except (tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        findings.append(make_finding("damaged", f"it is no intact .tar.gz: {error}"))
    return sizes, findings


def sdist_name(file: str) -> str | None:
    """Return the distribution that the name of an sdist says, normalized; None where it says none."""
    match = re.fullmatch(r"(.+)-\d[^-]*", file.removesuffix(SUFFIX))
    return re.sub(r"[-_.]+", "-", match[1]).lower() if match else None
