"""Verify with gpgv: where there is no OpenPGP library, and by keys that it does not use (Ubuntu's until 18.04).

gpgv's exit status is not read: it is 2 where one of two signatures is by a stranger, and 0 where the key has expired
or the data was hashed with SHA-1. What counts is `--status-fd` (GnuPG, doc/DETAILS, "Format of the status-fd output").

Content and signature are always two files, one signature a run: gpgv 2.0 (CentOS 7) cannot write what it verified
(`--output` came with 2.1.16), and of several signatures with different hashes it looks at the first alone.
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

    from xprov.archive.certificates import Key
    from xprov.archive.packets import Signature

# GnuPG 2.0 was installed beside 1.4, under a name of its own.
_PROGRAMS = ("gpgv", "gpgv2")
PACKAGES = {"apt-get": "gpgv", "dnf": "gnupg2", "yum": "gnupg2", "apk": "gpgv"}
"""What has the program, by package manager."""

_PREFIX = "[GNUPG:] "
_REFUSALS = frozenset({"BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG"})
# RFC 9580, 9.5: SHA256, SHA384, SHA512. What is weaker proves nothing any more.
_STRONG_HASHES = frozenset({"8", "9", "10"})
_VALIDSIG_WORDS = 10
_UNKNOWN_ALGORITHM = 4
# How much later than this machine's clock a signature may be dated.
_CLOCK_TOLERANCE = timedelta(days=1)


def program() -> Path | None:
    """Return where gpgv is, or None."""
    return next(filter(None, map(find, _PROGRAMS)), None)


def verify(
    content: bytes, signatures: Iterable[tuple[Signature, Iterable[Key]]], *, gpgv: Path, now: datetime
) -> tuple[str, ...]:
    """Return the fingerprints of the primary keys by which signatures of `content` are good: () if there is none.

    Each signature comes with the keys that may have made it; `gpgv` is the program. Raises `ToolMissingError` when it
    is too old for all of them.
    """
    with tempfile.TemporaryDirectory(prefix="xprov-gpgv-") as name:
        folder = Path(name)
        (folder / "content").write_bytes(content)
        said = [_status(gpgv, folder, signature, keys) for signature, keys in signatures]
    signers = good_signers("".join(said), now=now)
    if not signers and all(map(_is_beyond_it, said)):
        raise ToolMissingError(
            f"`{gpgv.name}` is too old here for the keys that the release file is signed by (EdDSA, from GnuPG 2.1 on)",
            hint="`pip install pysequoia`, or install a newer GnuPG",
        )
    return signers


def _is_beyond_it(status: str) -> bool:
    """Return whether gpgv does not know the algorithm of a signature: 4, the sixth word of `ERRSIG`.

    GnuPG 2.0 writes it with the part of it that found out, in the upper bits (gpg-error.h).
    """
    told = [
        arguments[5] for group in _groups(status) for name, arguments in group if name == "ERRSIG" and arguments[5:]
    ]
    return any(code.isdigit() and int(code) & 0xFFFF == _UNKNOWN_ALGORITHM for code in told)


def _status(gpgv: Path, folder: Path, signature: Signature, keys: Iterable[Key]) -> str:
    (folder / "keys.gpg").write_bytes(b"".join(key.certificate for key in keys))
    (folder / "signature").write_bytes(signature.whole)
    options: list[str | Path] = ["--homedir", folder, "--status-fd", "1", "--keyring", folder / "keys.gpg"]
    # GnuPG 2.0 does not say where what it says of a signature begins.
    return f"{_PREFIX}NEWSIG\n" + run([gpgv, *options, folder / "signature", folder / "content"], check=False).stdout


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
