"""What apk says when it fails, as the error that it means. Pure. The words are those of apk-tools 2.14 and 3.0."""

from __future__ import annotations

import re

from xprov.errors import NetworkError, UnsatisfiableError, VerificationError, XprovError
from xprov.program_output import listed, telling

_NOT_FOUND = re.compile(r"^\s*(\S+) \(no such package\):", re.MULTILINE)

_FULL = re.compile(r"No space left on device")
_UNVERIFIED = re.compile(r"(UNTRUSTED|BAD) signature|integrity error|BAD archive")
_UNREACHED = re.compile(
    r"temporary error|remote server returned error|DNS: |TLS: |HTTP \d{3}: |HTTP: |Connection "
    r"|network (error|connection aborted)|Host is unreachable|Network unreachable|timed out|unable to fetch"
)

# How many lines are passed on.
_LINES = 8


def not_found(text: str) -> tuple[str, ...]:
    """Return what was asked for, or needed, and no repository has."""
    return tuple(dict.fromkeys(_NOT_FOUND.findall(text)))


def failure(text: str) -> XprovError:
    """Return the error that `text` means, which apk wrote before it failed."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    if told := telling(_FULL, lines):
        return XprovError(f"the disk is full: {told[0]}", hint="free some space and run xprov again")
    if told := telling(_UNVERIFIED, lines):
        return VerificationError(
            f"apk refuses what it fetched:\n{listed(told[:_LINES])}",
            hint="/etc/apk/keys has to hold the key of who signed the repository (package `alpine-keys`)",
        )
    # What a repository that did not answer has is not found, either.
    if told := telling(_UNREACHED, lines):
        return NetworkError(
            f"apk could not reach the package hosts:\n{listed(told[:_LINES])}",
            hint="`http_proxy` and `https_proxy` name a proxy, /etc/apk/repositories the hosts",
        )
    if "unable to select packages" in text:
        return UnsatisfiableError(
            f"apk cannot install what is needed:\n{listed(lines[-_LINES:])}",
            hint="`apk add` by hand shows all of it; `apk upgrade` brings the system up to its repositories",
        )
    return XprovError(f"apk could not install the packages:\n{listed(lines[-_LINES:])}")
