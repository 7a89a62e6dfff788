"""Verify what an archive signs: InRelease, or Release with Release.gpg. Only what is returned here may be parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xprov.archive import gpgv
from xprov.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pysequoia import Cert, Decrypted

    from xprov.archive.keyring import Key, Keyring

# A hundred times the greatest one of Debian and Ubuntu (0.26 MB): what is larger is no release file.
MAX_SIZE = 32 * 1024 * 1024

_MESSAGE = b"-----BEGIN PGP SIGNED MESSAGE-----"
_FRAME = [_MESSAGE, b"-----BEGIN PGP SIGNATURE-----", b"-----END PGP SIGNATURE-----"]
_OTHER_MIRROR = "try again later, or another mirror (--mirror)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """Signed bytes, and the fingerprints (lower-case hex) of the primary keys that signed them well."""

    content: bytes
    fingerprints: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Store:
    """The keys as the OpenPGP library asks for them; `asked` is by whom the content says it is signed."""

    keyring: Keyring
    now: datetime
    asked: list[str] = field(default_factory=list)

    def __call__(self, names: Iterable[str]) -> list[Cert]:
        from pysequoia import Cert  # noqa: PLC0415 - slow to load, and most commands never need it

        wanted = [name.lower() for name in names]
        self.asked.extend(name for name in wanted if name not in self.asked)
        return [Cert.from_bytes(key.certificate) for key in self.live(wanted) if key.sound]

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
    store = _Store(keyring=keyring, now=now)
    result = _verify(content, None, store)
    if result is not None and result.bytes is not None and (signers := _signers(result, store)):
        return Verified(content=result.bytes, fingerprints=signers)
    return _ask_gpgv(content, None, store)


def verify_detached(content: bytes, signature: bytes, keyring: Keyring, *, now: datetime) -> Verified:
    """Return `content`, a Release file, when `signature`, its Release.gpg, holds a good signature of `keyring`.

    Raises as `verify_cleartext` does.
    """
    _check_size(content)
    _check_size(signature)
    store = _Store(keyring=keyring, now=now)
    results = [_verify(content, packet, store) for packet in _packets(signature)]
    signers = [signer for result in results if result for signer in _signers(result, store)]
    if signers:
        return Verified(content=content, fingerprints=tuple(dict.fromkeys(signers)))
    return _ask_gpgv(content, signature, store)


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


def _packets(signature: bytes) -> list[bytes]:
    from pysequoia.packet import PacketPile  # noqa: PLC0415 - see _Store

    try:
        return [bytes(packet) for packet in PacketPile.from_bytes(signature)]
    except RuntimeError:
        raise VerificationError("the signature of the release file cannot be read", hint=_OTHER_MIRROR) from None


def _verify(content: bytes, signature: bytes | None, store: _Store) -> Decrypted | None:
    import pysequoia  # noqa: PLC0415 - see _Store

    try:
        packet = None if signature is None else pysequoia.Sig.from_bytes(signature)
        return pysequoia.verify(content, store, signature=packet)
    except RuntimeError:
        # Its one kind of error, of any cause; what it asked the store for tells which.
        return None


def _signers(result: Decrypted, store: _Store) -> tuple[str, ...]:
    """Return who signed, without keys that may not today: the library asks whether they might when they signed."""
    found = (store.live([signature.signing_key]) for signature in result.valid_sigs)
    return tuple(dict.fromkeys(key.fingerprint for keys in found for key in keys))


def _ask_gpgv(content: bytes, detached: bytes | None, store: _Store) -> Verified:
    """Let gpgv judge by the keys that the library uses nothing of; by others it has already spoken."""
    unsound = [key for key in store.live(store.asked) if not key.sound]
    if unsound:
        certificates = [key.certificate for key in unsound]
        signed, signers = gpgv.verify(content, certificates, detached=detached, now=store.now)
        if signed is not None and signers:
            return Verified(content=signed, fingerprints=signers)
    raise _refusal(store)


def _refusal(store: _Store) -> VerificationError:
    known = [name for name in store.asked if store.keyring.find(name)]
    if not store.asked:
        return VerificationError("the release file holds no signature that can be read", hint=_OTHER_MIRROR)
    if not known:
        return StrangerError(
            f"the release file is signed by {_listed(store.asked)}, which is not among {store.keyring.name}",
            hint="if you trust that key, name a file that holds it with --keyring",
        )
    if not store.live(known):
        told = ", ".join(_ended(name, store.keyring) for name in known)
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
