"""The files that say where packages are, and which repositories have what a system's own lack.

Sources: dnf.conf(5) and yum.conf(5), "[repository] OPTIONS"; EPEL's "Getting started", and the wikis of AlmaLinux,
Rocky Linux and CentOS on PowerTools and CRB.
"""

from __future__ import annotations

import configparser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = Path("/etc/yum.repos.d")

# The repository with headers and development files, by the number of the release: it is there and turned off.
_DEVELOPMENT = {"8": "powertools", "9": "crb", "10": "crb"}
_LIKE_RED_HAT = frozenset({"almalinux", "centos", "rocky"})

# Of CentOS 7 it has gone from the mirrors, as CentOS 7 itself has.
_EPEL_7 = "https://archives.fedoraproject.org/pub/archive/epel/7/x86_64/Packages/e/epel-release-7-14.noarch.rpm"


def read_repositories(folder: Path = FOLDER) -> dict[str, str]:
    """Return the files of `folder` that say where packages are, by name; none where there is no such folder."""
    return {
        path.name: path.read_text(encoding="utf-8", errors="surrogateescape") for path in sorted(folder.glob("*.repo"))
    }


def enabled(files: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the repositories in `files` that are in use. A file that cannot be read has none."""
    return frozenset(name for text in files.values() for name in _enabled(text))


def _enabled(text: str) -> Iterator[str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    for name in parser.sections():
        if parser.get(name, "enabled", fallback="1").strip().lower() in {"1", "true", "yes", "on"}:
            yield name


def repository_hint(suite: str, manager: str, used: frozenset[str]) -> str:
    """Return where a library may be that the repositories in use lack: commands to type, or how to look for it.

    `suite` is the system, `almalinux:8`; `used` are the names of the repositories.
    """
    distribution, _, version = suite.partition(":")
    commands = list(_commands(distribution, version, manager, {name.lower() for name in used}))
    if not commands:
        return f"`{manager} search` looks for it by another name"
    return f"further repositories may have it: {', and '.join(f'`{command}`' for command in commands)}"


def _commands(distribution: str, version: str, manager: str, used: set[str]) -> Iterator[str]:
    development = _DEVELOPMENT.get(version, "")
    if distribution == "rhel" and development:
        yield f"subscription-manager repos --enable codeready-builder-for-rhel-{version}-$(arch)-rpms"
    if distribution == "ol" and development:
        yield f"{manager} config-manager --set-enabled ol{version}_codeready_builder"
    if distribution not in _LIKE_RED_HAT:
        return
    if development and development not in used:
        yield (
            f"{manager} install -y 'dnf-command(config-manager)' &&"
            f" {manager} config-manager --set-enabled {development}"
        )
    if "epel" not in used:
        yield f"{manager} install -y {_EPEL_7 if version == '7' else 'epel-release'}"
