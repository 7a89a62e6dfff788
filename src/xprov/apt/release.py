"""What a Release file says, as far as it decides whom to ask for what.

It is read here without its signature: from what it says xprov only concludes where apt should look, and apt verifies.
"""

import re

from xprov.records import dataclass

# The forms in which apt can read an index, the ones that servers most often keep first. The plain one is listed
# everywhere and kept nowhere, so it is looked for only where nothing else is listed.
_COMPRESSIONS = (".xz", ".gz", ".bz2", ".zst", ".lz4", ".lzma")
_HASH_FIELDS = ("SHA256", "SHA512", "SHA1", "MD5Sum")
_BY_HASH_FOLDERS = ("SHA256", "SHA512")


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A suite as one host describes it; `indices` are the names of its package indices, each with its hash.

    Fields: https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files.
    """

    origin: str
    label: str
    by_hash: str | None
    indices: tuple[tuple[str, str], ...]

    @property
    def identity(self) -> tuple[str, str]:
        """What tells one archive from another, on whatever host."""
        return (self.origin, self.label)

    def index_paths(self, component: str, architecture: str) -> tuple[str, ...]:
        """Return where below the suite's folder the package index may lie, the likeliest first; () if not listed.

        A component is sometimes written with a prefix that the paths lack (`updates/main` is `main`, FACTS.md).
        """
        base = f"{component.rpartition('/')[2]}/binary-{architecture}/Packages"
        hashes = dict(self.indices)
        packed = [f"{base}{ending}" for ending in _COMPRESSIONS if f"{base}{ending}" in hashes]
        names = packed or [base] * (base in hashes)
        folder = base.rpartition("/")[0]
        hashed = [f"{folder}/by-hash/{self.by_hash}/{hashes[name]}" for name in names[:1]] if self.by_hash else []
        # A name that is listed may be missing while another form is there: hence all of them.
        return (*names, *hashed)


def parse_release(content: bytes) -> Release | None:
    """Return what a Release or InRelease file says; None where this is no such file (an error page, say)."""
    fields = _fields(content.decode("utf-8", "replace"))
    hashes = next((name for name in _HASH_FIELDS if fields.get(name.lower(), "").strip()), None)
    if hashes is None:
        return None
    by_hash = fields.get("acquire-by-hash", "").lower() == "yes" and hashes in _BY_HASH_FOLDERS
    return Release(
        origin=fields.get("origin", ""),
        label=fields.get("label", ""),
        by_hash=hashes if by_hash else None,
        indices=tuple(_indices(fields[hashes.lower()])),
    )


def _indices(listing: str) -> list[tuple[str, str]]:
    rows = (line.split() for line in listing.splitlines())
    return [(row[2], row[0]) for row in rows if len(row) == 3 and "Packages" in row[2]]  # noqa: PLR2004 - hash, size, name


def _fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for match in re.finditer(r"^([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*(?:\n[ \t].*)*)", text, re.MULTILINE):
        fields.setdefault(match[1].lower(), match[2].strip())
    return fields
