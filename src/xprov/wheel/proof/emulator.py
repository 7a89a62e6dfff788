"""QEMU's user emulation: this machine's, or else the static one of Debian, by the same archive client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xprov import process
from xprov.archive.suites import find_suite
from xprov.errors import NetworkError, ToolMissingError, UnsatisfiableError, VerificationError
from xprov.measure import fetch_trees
from xprov.wheel.proof.root import side_parts

if TYPE_CHECKING:
    from pathlib import Path

    from xprov.suite_archives import Archives
    from xprov.target import Target

# Where Debian has programs that need nothing of the machine they run on, and the ending of their names there. Static
# ones were a package of their own until bookworm, and are all of them from trixie on.
_SOURCES = (("bookworm", "qemu-user-static", "-static"), ("trixie", "qemu-user", ""))


def find_emulator(target: Target, host: Target, archives: Archives) -> Path | None:
    """Return the program that runs those of `target` on `host`, fetched where there is none; None where none is needed.

    Raises `ToolMissingError` when there is none here and none can be fetched.
    """
    if target.debian == host.debian:
        return None
    for ending in ("-static", ""):
        if found := process.find(f"qemu-{target.qemu}{ending}"):
            return found
    return _fetched(target, host, archives)


def _fetched(target: Target, host: Target, archives: Archives) -> Path:
    reasons: list[str] = []
    for codename, package, ending in _SOURCES:
        suite = find_suite("debian", codename)
        if suite is None or host.debian not in suite.architectures:
            continue
        program = f"usr/bin/qemu-{target.qemu}{ending}"
        try:
            with archives.output.step(f"Fetching {package} of {suite.name}"):
                resolution = archives.resolution(
                    suite, host, (package,), stop=package.__ne__, without=side_parts(suite)
                )
                (tree,) = fetch_trees(resolution, host, archives.cache, only=program)
        except (NetworkError, UnsatisfiableError, VerificationError) as error:
            reasons.append(error.message)
            continue
        if program in tree.paths:
            return tree.root / program
        reasons.append(f"{package} of {suite.name} has no `{program}`")
    said = "; ".join(reasons) or f"Debian has none for {host.debian}"
    raise ToolMissingError(
        f"there is no QEMU for {target.debian} here, and none could be fetched: {said}",
        hint="install `qemu-user-static`, or look without running anything: `--static`",
    )
