"""Verify what an archive signs: InRelease, or Release with Release.gpg. Only what is returned here may be parsed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xprov.archive import gpgv, sequoia
from xprov.archive.armor import ArmorError, is_armored, unarmor
from xprov.archive.packets import Kind, PacketError, Tag, read_packets, read_signature
from xprov.errors import ToolMissingError, VerificationError
from xprov.installing import how_to_install
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from xprov.archive.certificates import Key
    from xprov.archive.keyring import Keyring
    from xprov.archive.packets import Signature

# A hundred times the greatest one of Debian and Ubuntu (0.26 MB): what is larger is no release file.
MAX_SIZE = 32 * 1024 * 1024
# Debian's have three. Each is a run of gpgv.
_MAX_SIGNATURES = 32
# gpgv hashes no more of a line of text (GnuPG, g10/textfilter.c: 19995); Debian's longest has 400 bytes.
_MAX_LINE = 16 * 1024

_MESSAGE = b"-----BEGIN PGP SIGNED MESSAGE-----"
_FRAME = [_MESSAGE, b"-----BEGIN PGP SIGNATURE-----", b"-----END PGP SIGNATURE-----"]
_ARMOR = "SIGNATURE"
_OTHER_MIRROR = "try again later, or another mirror (--mirror)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """Signed bytes, and the fingerprints (lower-case hex) of the primary keys that signed them well."""

    content: bytes
    fingerprints: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Claim:
    """What is to be verified: bytes, the signatures of them, and the keys that count today."""

    content: bytes
    signatures: tuple[Signature, ...]
    keyring: Keyring
    now: datetime

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of the keys that signed, as the signatures say."""
        return tuple(dict.fromkeys(signature.issuers[0] for signature in self.signatures if signature.issuers))

    def live(self, names: Iterable[str]) -> tuple[Key, ...]:
        """Return the certificates that have a key of these names that may sign today."""
        found = ((key, key.signer(name)) for name in names for key in self.keyring.find(name))
        kept = {key.fingerprint: key for key, signer in found if signer and signer.is_live(self.now)}
        return tuple(kept.values())


class StrangerError(VerificationError):
    """Something is signed by keys that are not known, whether well or not."""


def verify_cleartext(content: bytes, keyring: Keyring, *, now: datetime) -> Verified:
    """Return what is signed in `content`, an InRelease file. One good signature of several is enough.

    A key that has expired by `now`, or that is revoked, counts for nothing, whenever it signed.

    Raises `VerificationError` when no key of `keyring` signed it well, or when anything stands outside of what is
    signed; `ToolMissingError` when only gpgv could tell, and it is not installed.
    """
    _check_frame(content)
    text, signatures = _split(content)
    return _verify(_Claim(content=text, signatures=signatures, keyring=keyring, now=now))


def verify_detached(content: bytes, signature: bytes, keyring: Keyring, *, now: datetime) -> Verified:
    """Return `content`, a Release file, when `signature`, its Release.gpg, holds a good signature of `keyring`.

    Raises as `verify_cleartext` does.
    """
    _check_size(content)
    _check_size(signature)
    return _verify(_Claim(content=content, signatures=_signatures(signature), keyring=keyring, now=now))


def _check_size(content: bytes) -> None:
    if len(content) > MAX_SIZE:
        raise VerificationError(
            f"the release file has {len(content)} bytes, which is no release file's size", hint=_OTHER_MIRROR
        )


def _check_frame(content: bytes) -> None:
    """Refuse what is not one cleartext message from the first byte to the last (RFC 9580, 7)."""
    _check_size(content)
    if not content.startswith(_MESSAGE):
        raise VerificationError(
            "the release file is not signed: it does not begin as an OpenPGP message",
            hint=f"a proxy or a log-in page may have answered in place of the mirror; {_OTHER_MIRROR}",
        )
    # Text that is signed has its leading dashes escaped, so these can only be the frame.
    marks = [mark.rstrip() for mark in re.findall(rb"(?m)^-----[^\n]*", content)]
    if marks != _FRAME or content.rpartition(_FRAME[-1])[2].strip():
        raise VerificationError("the release file has text outside of what is signed", hint=_OTHER_MIRROR)


def _split(content: bytes) -> tuple[bytes, tuple[Signature, ...]]:
    """Return the text of a cleartext message as it was signed, and the signatures (RFC 9580, 7.1 and 7.2).

    Whatever is made of the frame here: it is this text, byte for byte, that is verified, and that is parsed.
    """
    head, mark, signature = content.partition(b"\n" + _FRAME[1])
    _, blank, text = head.replace(b"\r\n", b"\n").partition(b"\n\n")
    if not blank:
        raise VerificationError("the release file is signed in a form that is not known", hint=_OTHER_MIRROR)
    lines = (line.removeprefix(b"- ").rstrip(b" \t\r") for line in text.split(b"\n"))
    return b"\n".join(lines), _signatures(mark + signature)


def _signatures(content: bytes) -> tuple[Signature, ...]:
    """Return the signatures of data, armoured or not; other packets beside them are passed over."""
    try:
        binary = unarmor(content, _ARMOR) if is_armored(content, _ARMOR) else content
        found = [read_signature(packet) for packet in read_packets(binary) if packet.tag == Tag.SIGNATURE]
    except (ArmorError, PacketError):
        raise VerificationError("the signature of the release file cannot be read", hint=_OTHER_MIRROR) from None
    if len(found) > _MAX_SIGNATURES:
        raise VerificationError(f"the release file has {len(found)} signatures", hint=_OTHER_MIRROR)
    return tuple(signature for signature in found if signature and signature.is_of_data)


def _verify(claim: _Claim) -> Verified:
    _check_lines(claim)
    signers = tuple(_by_library(claim)) if sequoia.is_here() else ()
    if not signers:
        signers = _by_gpgv(claim)
    if not signers:
        raise _refusal(claim)
    return Verified(content=claim.content, fingerprints=tuple(dict.fromkeys(signers)))


def _check_lines(claim: _Claim) -> None:
    """Refuse what a signature of text does not tell from other text: such a one is good for any kind of line ends.

    Where it was made for an InRelease, someone in between may hand it out as a Release.gpg.
    """
    if not any(signature.kind == Kind.TEXT for signature in claim.signatures):
        return
    if re.search(rb"\r(?!\n)", claim.content) or max(map(len, claim.content.split(b"\n"))) > _MAX_LINE:
        raise VerificationError("the release file has lines that its signature does not cover", hint=_OTHER_MIRROR)


def _by_library(claim: _Claim) -> Iterator[str]:
    for signature in claim.signatures:
        keys = claim.live(signature.issuers)
        names = sequoia.good_signers(claim.content, signature, keys, now=claim.now) if keys else ()
        yield from (key.fingerprint for key in claim.live(names))


def _by_gpgv(claim: _Claim) -> tuple[str, ...]:
    """Let gpgv judge by the keys that the library uses nothing of, or by all where there is none."""
    judged = [(signature, _left_to_gpgv(claim, signature)) for signature in claim.signatures]
    signatures = [(signature, keys) for signature, keys in judged if keys]
    if not signatures:
        return ()
    program = gpgv.program()
    if program is None:
        raise _nothing_verifies()
    return gpgv.verify(claim.content, signatures, gpgv=program, now=claim.now)


def _left_to_gpgv(claim: _Claim, signature: Signature) -> list[Key]:
    has_library = sequoia.is_here()
    return [key for key in claim.live(signature.issuers) if not (has_library and sequoia.is_sound(key))]


def _nothing_verifies() -> ToolMissingError:
    install = how_to_install(gpgv.PACKAGES)
    if sequoia.is_here():
        return ToolMissingError(
            "`gpgv` is not installed, and this suite is signed by a key that nothing else here can verify",
            hint=f"install it ({install}), or take a newer suite",
        )
    return ToolMissingError(
        "nothing here can verify signatures: `gpgv` is not installed, nor is the Python package `pysequoia`",
        hint=f"install gpgv ({install}); or `pip install pysequoia`, which many machines have no wheel of",
    )


def _refusal(claim: _Claim) -> VerificationError:
    known = [name for name in claim.asked if claim.keyring.find(name)]
    if not claim.asked:
        return VerificationError("the release file holds no signature that can be read", hint=_OTHER_MIRROR)
    if not known:
        return StrangerError(
            f"the release file is signed by {_listed(claim.asked)}, which is not among {claim.keyring.name}",
            hint="if you trust that key, name a file that holds it with --keyring",
        )
    if not claim.live(known):
        told = ", ".join(_ended(name, claim.keyring) for name in known)
        return VerificationError(
            f"no key that signed the release file may be trusted any more: {told}",
            hint="take a newer suite, or a newer xprov, which brings newer keys; check this machine's clock",
        )
    return VerificationError(
        f"the release file does not fit its signature by {_listed(known)}: it was altered, or signed too weakly",
        hint=_OTHER_MIRROR,
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name.upper()}`" for name in names)


def _ended(name: str, keyring: Keyring) -> str:
    key = keyring.find(name)[0]
    signer = key.signer(name)
    if signer is None or signer.revoked or signer.expires is None:
        return f"`{name.upper()}` ({key.owner}) was revoked"
    return f"`{name.upper()}` ({key.owner}) expired on {signer.expires:%Y-%m-%d}"
