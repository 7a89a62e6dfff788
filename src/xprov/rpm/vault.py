"""CentOS after its end: the hosts that its own files name are gone, and the vault has what they had.

Source: the CentOS project's announcement that `mirrorlist.centos.org` and `mirror.centos.org` end with CentOS 7, on 30
June 2024; `vault.centos.org` has the same folders below the same names. What CentOS 7 has for arm64 and ppc64el is in a
folder of its own, `altarch`, where some of its files do not say so.
"""

from __future__ import annotations

import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VAULT = "vault.centos.org"
_MIRROR = "mirror.centos.org"
# A list of mirrors that nobody answers for, and the address beside it, which is there as a comment.
_LIST = re.compile(r"^[ \t]*mirrorlist\s*=\s*https?://mirrorlist\.centos\.org\b.*\n?", re.MULTILINE)
_COMMENT = re.compile(rf"^[ \t]*#[ \t]*(?=baseurl\s*=\s*https?://{re.escape(_MIRROR)}/)", re.MULTILINE)
_ADDRESS = re.compile(r"^[ \t]*baseurl\s*=", re.MULTILINE)
_GONE = re.compile(rf"^([ \t]*baseurl\s*=\s*https?://){re.escape(_MIRROR)}/", re.MULTILINE)
_SECTION = re.compile(r"^(?=\[)", re.MULTILINE)

_SEVEN = re.compile(rf"({re.escape(_VAULT)})/centos/(7|\$releasever)/")
_ALTERNATIVE = frozenset({"arm64", "ppc64el"})


def vaulted(files: Mapping[str, str], architecture: str) -> dict[str, str] | None:
    """Return `files` with the vault in the place of hosts that are gone, or None where none of them names one.

    `architecture` is Debian's name of the machine's.
    """
    changed = {name: _of_vault(text, architecture) for name, text in files.items()}
    return None if changed == files else changed


def _of_vault(text: str, architecture: str) -> str:
    return "".join(_repository(section, architecture) for section in _SECTION.split(text))


def _repository(text: str, architecture: str) -> str:
    """Return one repository's section. An address that somebody has given it stays."""
    found = _LIST.sub("", text)
    if found != text and not _ADDRESS.search(text):
        found = _COMMENT.sub("", found)
    moved = _GONE.sub(rf"\1{_VAULT}/", found)
    return _SEVEN.sub(r"\1/altarch/\2/", moved) if moved != found and architecture in _ALTERNATIVE else moved


@contextmanager
def written(files: Mapping[str, str]) -> Iterator[Path]:
    """Write `files` into a folder that is there for the block alone, and give its path."""
    with tempfile.TemporaryDirectory(prefix="xprov-") as place:
        for name, text in files.items():
            (Path(place) / name).write_text(text, encoding="utf-8", errors="surrogateescape")
        yield Path(place)
