"""What apk is asked. Pure. Source: apk-add(8)."""

from collections.abc import Sequence

PKG_CONFIG = "pkgconf"
"""The package that brings pkg-config."""


def install_command(wanted: Sequence[str]) -> tuple[str, ...]:
    """Return how apk installs what provides `wanted`, from fresh indices of which nothing is kept, without asking."""
    return ("apk", "add", "--no-cache", "--no-progress", *wanted)
