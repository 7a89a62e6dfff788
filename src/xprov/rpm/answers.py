"""What dnf, microdnf and yum say when they fail, as the error that it means. Pure.

The words are those of dnf 4 and 5 (librepo's and libdnf's among them), of microdnf and of yum 3.4.3.
"""

from __future__ import annotations

import re

from xprov.errors import NetworkError, UnsatisfiableError, VerificationError, XprovError
from xprov.program_output import listed, telling

_NOT_FOUND = re.compile(
    r"No match for argument: (?P<dnf>\S+)|No package matches '(?P<microdnf>[^']+)'|No package (?P<yum>\S+) available"
)

# Each kind of failure by the lines that tell it, the one first that explains the others: what a repository that did
# not answer has is not found, either.
_FULL = re.compile(r"No space left on device|more space needed on the|needs \S+ more space on the", re.IGNORECASE)
_UNVERIFIED = re.compile(
    r"GPG check FAILED|Public key for .+ is not (installed|trusted)|(Package|package) .*(is )?not signed"
    r"|The GPG keys listed for|public key unavailable|GPG signature verification error|OpenPGP check .* failed"
    r"|[Cc]hecksum doesn't match|incorrect checksum|does not match intended download|[Bb]ad GPG signature"
)
_UNREACHED = re.compile(
    r"Curl error|Status code: \d+|Cannot download|Failed to download|Error downloading packages|cannot update repo"
    r"|No more mirrors to try|All mirrors were tried|Cannot find a valid baseurl|Could not retrieve mirrorlist"
    r"|Cannot retrieve (repository metadata|metalink)|Could not resolve host"
)
_UNMET = re.compile(
    r"nothing provides|conflicting requests|cannot install (both|the best)|Requires: |conflicts with|is filtered out"
)

# A mirror that was left for the next one is nothing that failed.
_PASSING = re.compile(r"^\[MIRROR\]|Trying other mirror")

# How many lines are passed on.
_LINES = 6


def not_found(text: str) -> tuple[str, ...]:
    """Return what was asked for and no repository has, as far as `text` tells."""
    names = (next(filter(None, found.groups())) for found in _NOT_FOUND.finditer(text))
    return tuple(dict.fromkeys(names))


def failure(name: str, text: str) -> XprovError:
    """Return the error that `text` means, which the program `name` wrote before it failed."""
    lines = [line for line in map(str.strip, text.splitlines()) if line and not _PASSING.search(line)]
    if told := telling(_FULL, lines):
        return XprovError(
            f"the disk is full: {told[0]}", hint=f"free some space (`{name} clean all`) and run xprov again"
        )
    if told := telling(_UNVERIFIED, lines):
        return VerificationError(
            f"{name} refuses what it fetched:\n{listed(told[:_LINES])}",
            hint="the repository's `gpgkey` has to be the key of who signed its packages; nothing was installed",
        )
    if told := telling(_UNREACHED, lines):
        return NetworkError(
            f"{name} could not reach the package hosts:\n{listed(told[:_LINES])}",
            hint="`http_proxy` and `https_proxy` name a proxy, the files in /etc/yum.repos.d the hosts",
        )
    if told := [f"no package provides {wanted}" for wanted in not_found(text)] or telling(_UNMET, lines):
        return UnsatisfiableError(
            f"{name} cannot install what is needed:\n{listed(told[:_LINES])}",
            hint=f"`{name} install` by hand shows all of it",
        )
    return XprovError(f"{name} could not install the packages:\n{listed(lines[-_LINES:])}")
