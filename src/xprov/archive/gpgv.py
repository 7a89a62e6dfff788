"""Verify with gpgv, for the keys that the OpenPGP library does not use (Ubuntu up to 18.04 is signed by one).

gpgv's exit status is not read: it is 2 where one of two signatures is by a stranger, and 0 where the key has expired
or the data was hashed with SHA-1. What counts is `--status-fd` (GnuPG, doc/DETAILS, "Format of the status-fd output").
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.errors import ToolMissingError
from xprov.process import find, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PREFIX = "[GNUPG:] "
_REFUSALS = frozenset({"BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG"})
# RFC 9580, 9.5: SHA256, SHA384, SHA512. What is weaker proves nothing any more.
_STRONG_HASHES = frozenset({"8", "9", "10"})
_VALIDSIG_WORDS = 10
# How much later than this machine's clock a signature may be dated.
_CLOCK_TOLERANCE = timedelta(days=1)


def verify(
    content: bytes, certificates: Iterable[bytes], *, detached: bytes | None, now: datetime
) -> tuple[bytes | None, tuple[str, ...]]:
    """Return the signed bytes, and the fingerprints of the primary keys whose signature is good: () if there is none.

    `content` is a cleartext message, or, with a `detached` signature, what that signs.
    Raises `ToolMissingError` when gpgv is not installed.
    """
    if find("gpgv") is None:
        raise ToolMissingError(
            "`gpgv` is not installed, and this suite is signed by a key that nothing else here can verify",
            hint="install it (`apt-get install gpgv`, `dnf install gnupg2`, `apk add gpgv`), or take a newer suite",
        )
    with tempfile.TemporaryDirectory(prefix="xprov-gpgv-") as name:
        folder = Path(name)
        (folder / "keys.gpg").write_bytes(b"".join(certificates))
        (folder / "content").write_bytes(content)
        words: list[str | Path] = ["gpgv", "--homedir", folder, "--status-fd", "1", "--keyring", folder / "keys.gpg"]
        if detached is None:
            words += ["--output", folder / "signed", folder / "content"]
        else:
            (folder / "signature").write_bytes(detached)
            words += [folder / "signature", folder / "content"]
        status = run(words, check=False).stdout
        signed = folder / "signed"
        written = signed.read_bytes() if signed.is_file() else None
    return (content if detached is not None else written), good_signers(status, now=now)


def good_signers(status: str, *, now: datetime) -> tuple[str, ...]:
    """Return the fingerprints, in lower-case hex, of the primary keys that signed well, by what gpgv said.

    A signature that does not fit the content spoils the others: gpgv saw altered bytes.
    """
    groups = list(_groups(status))
    if any(name == "BADSIG" for group in groups for name, _ in group):
        return ()
    return tuple(signer for group in groups if (signer := _signer(group, now)))


def _groups(status: str) -> Iterator[list[tuple[str, list[str]]]]:
    """Yield what was said of each signature, as pairs of a keyword and its arguments."""
    group: list[tuple[str, list[str]]] = []
    for line in status.splitlines():
        if not line.startswith(_PREFIX):
            continue
        keyword, *arguments = line[len(_PREFIX) :].split() or [""]
        if keyword == "NEWSIG":
            yield group
            group = []
        group.append((keyword, arguments))
    yield group


def _signer(group: list[tuple[str, list[str]]], now: datetime) -> str | None:
    said = dict(group)
    valid = said.get("VALIDSIG", [])
    if "GOODSIG" not in said or _REFUSALS & said.keys() or len(valid) < _VALIDSIG_WORDS:
        return None
    made = datetime.fromtimestamp(int(valid[2]), timezone.utc) if valid[2].isdigit() else None
    if valid[7] not in _STRONG_HASHES or made is None or made > now + _CLOCK_TOLERANCE:
        return None
    return valid[9].lower()
