"""Which files maturin packs: all below the package's folders, less what it is told to leave out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xprov.project.facts import Project

LEAVES_TARGET_OUT = (1, 16)
"""The first maturin that leaves cargo's target folder out of wheels, wherever it lies (its Changelog, #3320)."""

_REQUIREMENT = re.compile(r"\s*maturin\b", re.IGNORECASE)
# Releases from there on that a project may allow, besides those that it names.
_LATER = ("1.16.0", "1.16.99", "1.99", "2.0")


def is_packed(path: Path, project: Project) -> bool:
    """Return whether a file would go into the wheel, if it were there."""
    if not any(path.is_relative_to(package) for package in project.layout.packages):
        return False
    return not any(matches(pattern, _relative(path, project)) for pattern in _excluded(project))


def package_of(path: Path, project: Project) -> Path | None:
    """Return the folder of the package that `path` lies in."""
    return next((package for package in project.layout.packages if path.is_relative_to(package)), None)


def matches(pattern: str, path: str) -> bool:
    """Return whether a pattern of `exclude` matches a file, as gitignore(5) has it for a file alone.

    maturin does not look at the folders above: `dist` and `dist/` match nothing that is in `dist`.
    """
    anchored = "/" in pattern.rstrip("/")
    if pattern.endswith("/"):
        return False
    body = _as_regex(pattern.removeprefix("/"))
    return re.fullmatch(body if anchored else f"(?:.*/)?{body}", path) is not None


def pinned_old(project: Project) -> bool:
    """Return whether the project allows no maturin that leaves cargo's target folder out."""
    specifier = _specifier(project)
    if specifier is None:
        return False
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - few projects need it asked
    from packaging.version import Version  # noqa: PLC0415

    try:
        allowed = SpecifierSet(specifier)
    except InvalidSpecifier:
        return False
    named = re.findall(r"[0-9]+(?:\.[0-9]+)*", specifier)
    later = [*_LATER, *(version for version in named if Version(version).release >= LEAVES_TARGET_OUT)]
    return not any(allowed.contains(release) for release in later)


def _specifier(project: Project) -> str | None:
    """Return what stands behind `maturin` in `requires` of `[build-system]`: `>=1.9,<2`."""
    pyproject = project.layout.pyproject
    for requirement in pyproject.texts("build-system", "requires") if pyproject else ():
        if _REQUIREMENT.match(requirement):
            bare = requirement.partition(";")[0]
            return re.sub(r"^\s*maturin\s*(\[[^\]]*\])?", "", bare, flags=re.IGNORECASE).strip()
    return None


def _excluded(project: Project) -> Iterator[str]:
    patterns: Any = project.maturin("exclude")
    for pattern in patterns if isinstance(patterns, list) else ():
        if isinstance(pattern, str):
            yield pattern
        elif isinstance(pattern, dict) and "wheel" in str(pattern.get("format", "wheel")):
            yield str(pattern.get("path", ""))


def _relative(path: Path, project: Project) -> str:
    return path.relative_to(project.layout.folder).as_posix() if path.is_relative_to(project.layout.folder) else ""


def _as_regex(pattern: str) -> str:
    parts = re.split(r"(\*\*/|/\*\*|\*|\?)", pattern)
    special = {"**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}
    return "".join(special.get(part, re.escape(part)) for part in parts)
