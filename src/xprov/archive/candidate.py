"""A package that an archive has, and what it may stand beside or stand in for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from xprov.apt.dpkg import (
    InstalledPackage,
    Relation,
    meets,
    package_from_fields,
    parse_relations,
    provides_enough,
)
from xprov.errors import VerificationError
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

# apt's own order of what provides the same (pkgcache.h, `State::VerPriority`); a missing one is 0.
_PRIORITIES = ("", "required", "important", "standard", "optional", "extra")

_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_SIZE = re.compile(r"[1-9][0-9]{0,14}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A package that an archive has. `conflicts` holds Breaks too; `priority` is 1 (required) to 5 (extra), or 0.

    `filename` is relative to the archive's base and leads nowhere else, `size` is in bytes, `sha256` in 64 hexadecimal
    digits. `origin` is whatever label the caller gave to the part of the archive that has it.
    """

    package: InstalledPackage
    conflicts: tuple[Relation, ...] = ()
    essential: bool = False
    important: bool = False
    priority: int = 0
    filename: str = ""
    size: int = 0
    sha256: str = ""
    origin: str = ""

    @property
    def name(self) -> str:
        return self.package.name

    @property
    def names(self) -> frozenset[str]:
        """All names that it answers to: its own, and those that it provides."""
        return frozenset((self.name, *(offer.name for offer in self.package.provides)))


def parse_candidate(stanza: bytes, origin: str = "") -> Candidate:
    """Return the package that a stanza is about.

    Raises `XprovError` when a field that every one has is missing, `VerificationError` when what is said of its file
    is no place in an archive, no size or no hash.
    """
    from debian.deb822 import Deb822  # noqa: PLC0415 - slow to import

    # What is not UTF-8 is none of the fields that are read here.
    fields = Deb822(stanza.decode("utf-8", "replace"))
    conflicts = (clause[0] for kind in ("Conflicts", "Breaks") for clause in parse_relations(fields.get(kind, "")))
    priority, package = fields.get("Priority", "").lower(), package_from_fields(fields)
    filename, size, sha256 = _file(package.name, fields)
    return Candidate(
        package=package,
        conflicts=tuple(conflicts),
        essential=fields.get("Essential") == "yes",
        important="yes" in (fields.get("Important"), fields.get("Protected")),
        priority=_PRIORITIES.index(priority) if priority in _PRIORITIES else 0,
        filename=filename,
        size=size,
        sha256=sha256,
        origin=origin,
    )


def _file(package: str, fields: Mapping[str, str]) -> tuple[str, int, str]:
    """Return where the package's file is, how large, and its hash, in lower case."""
    filename, size, sha256 = (fields.get(name, "") for name in ("Filename", "Size", "SHA256"))
    wrong = {
        "Filename": not _is_below_base(filename),
        "Size": not _SIZE.fullmatch(size),
        "SHA256": not _SHA256.fullmatch(sha256),
    }
    for name in (name for name, is_wrong in wrong.items() if is_wrong):
        said = f"an impossible `{name}`: {fields[name]!r:.100}" if name in fields else f"no `{name}`"
        raise VerificationError(f"the package index has {said} of `{package}`")
    return filename, int(size), sha256.lower()


def _is_below_base(filename: str) -> bool:
    """Return whether a path is relative, and leads nowhere else: by itself, as part of an address, or as a file's."""
    segments = unquote(filename.removeprefix("./")).split("/")
    return filename.isprintable() and not set("?#\\") & set(filename) and not {"", ".", ".."} & set(segments)


def rank(candidate: Candidate, name: str) -> tuple[bool, bool, bool, int, str]:
    """Order what satisfies the same wish as apt does (depcache.cc, `CompareProviders`), and then by name."""
    return (
        candidate.name != name,
        not candidate.essential,
        not candidate.important,
        candidate.priority,
        candidate.name,
    )


def serves(candidate: Candidate, wanted: Relation) -> bool:
    """Return whether `candidate` satisfies `wanted`, by its own name or by one that it provides (Debian Policy 7.5).

    `:any` takes packages that are `Multi-Arch: allowed` alone; `:native` is the target, the one architecture there is.
    """
    package = candidate.package
    if wanted.qualifier == "any" and package.multi_arch != "allowed":
        return False
    if wanted.qualifier not in ("", "any", "native") and package.architecture not in (wanted.qualifier, "all"):
        return False
    if package.name == wanted.name and meets(package.version, wanted):
        return True
    return any(offer.name == wanted.name and provides_enough(offer, wanted) for offer in package.provides)


def conflict(one: Candidate, other: Candidate) -> bool:
    """Return whether one refuses the other. What a package says of a name that it provides itself is about others."""
    return one.name != other.name and (_refuses(one, other) or _refuses(other, one))


def _refuses(one: Candidate, other: Candidate) -> bool:
    return any(relation.name in other.names and serves(other, relation) for relation in one.conflicts)
