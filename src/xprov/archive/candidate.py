"""A package that an archive has, and what it may stand beside or stand in for."""

from __future__ import annotations

from dataclasses import dataclass

from xprov.apt.dpkg import (
    InstalledPackage,
    Relation,
    meets,
    package_from_fields,
    parse_relations,
    provides_enough,
)

# apt's own order of what provides the same (pkgcache.h, `State::VerPriority`); a missing one is 0.
_PRIORITIES = ("", "required", "important", "standard", "optional", "extra")


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A package that an archive has. `conflicts` holds Breaks too; `priority` is 1 (required) to 5 (extra), or 0.

    `filename` is relative to the archive's base, `size` in bytes, `sha256` in hexadecimal digits.
    """

    package: InstalledPackage
    conflicts: tuple[Relation, ...] = ()
    essential: bool = False
    important: bool = False
    priority: int = 0
    filename: str = ""
    size: int = 0
    sha256: str = ""

    @property
    def name(self) -> str:
        return self.package.name

    @property
    def names(self) -> frozenset[str]:
        """All names that it answers to: its own, and those that it provides."""
        return frozenset((self.name, *(offer.name for offer in self.package.provides)))


def parse_candidate(stanza: bytes) -> Candidate:
    """Return the package that a stanza is about. Raises `XprovError` when a field that every one has is missing."""
    from debian.deb822 import Deb822  # noqa: PLC0415 - slow to import

    fields = Deb822(stanza.decode("utf-8", "surrogateescape"))
    conflicts = (clause[0] for kind in ("Conflicts", "Breaks") for clause in parse_relations(fields.get(kind, "")))
    priority, size = fields.get("Priority", "").lower(), fields.get("Size", "0")
    return Candidate(
        package=package_from_fields(fields),
        conflicts=tuple(conflicts),
        essential=fields.get("Essential") == "yes",
        important="yes" in (fields.get("Important"), fields.get("Protected")),
        priority=_PRIORITIES.index(priority) if priority in _PRIORITIES else 0,
        filename=fields.get("Filename", ""),
        size=int(size) if size.isdecimal() else 0,
        sha256=fields.get("SHA256", ""),
    )


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
