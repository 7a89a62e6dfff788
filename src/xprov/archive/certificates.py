"""OpenPGP certificates: whose keys they are, and until when these may sign (RFC 9580, 10.1).

Read without an OpenPGP library, which not every machine has. Nothing is verified here: whoever names a file of keys
trusts it, and what verifies a signature (`sequoia`, `gpgv`) verifies what binds the parts of the certificate, too.
"""

from __future__ import annotations

import hashlib
from dataclasses import field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from xprov.archive.packets import Kind, Packet, PacketError, Signature, Tag, read_packets, read_signature
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KEY_ID_LENGTH = 16
_V4, _V6 = 4, 6
# What belongs to a certificate. What else a program's own files have between (trust, markers) is left out.
_PARTS = (Tag.PUBLIC_KEY, Tag.PUBLIC_SUBKEY, Tag.USER_ID, Tag.USER_ATTRIBUTE, Tag.SIGNATURE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """A primary key or a subkey: its fingerprint in lower-case hex, and until when it may sign (None: for ever)."""

    fingerprint: str
    expires: datetime | None
    revoked: bool

    @property
    def key_id(self) -> str:
        """The key ID in lower-case hex: the end of a fingerprint, of a key of version 6 its beginning."""
        is_v6 = len(self.fingerprint) == hashlib.sha256().digest_size * 2
        return self.fingerprint[:_KEY_ID_LENGTH] if is_v6 else self.fingerprint[-_KEY_ID_LENGTH:]

    def is_live(self, now: datetime) -> bool:
        return not self.revoked and (self.expires is None or now < self.expires)

    def is_called(self, name: str) -> bool:
        """Return whether `name`, a fingerprint or a key ID of 16 digits, is of this key."""
        return name == (self.fingerprint if len(name) > _KEY_ID_LENGTH else self.key_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One certificate, in binary form, and its keys, the primary one first."""

    certificate: bytes
    owner: str
    signers: tuple[Signer, ...]

    @property
    def fingerprint(self) -> str:
        return self.signers[0].fingerprint

    def signer(self, name: str) -> Signer | None:
        """Return the key of this certificate that is called `name` (a fingerprint or a key ID), or None."""
        return next((signer for signer in self.signers if signer.is_called(name.lower())), None)


def read_certificates(content: bytes) -> Iterator[Key]:
    """Yield the certificates in binary `content`; those of versions that nothing verifies any more are passed over.

    Raises `PacketError` where it is no such thing.
    """
    packets: list[Packet] = []
    for packet in read_packets(content):
        if packet.tag == Tag.SECRET_KEY:
            raise PacketError("it holds a secret key")
        if packet.tag == Tag.PUBLIC_KEY:
            yield from _certificate(packets)
            packets = []
        elif not packets and packet.tag in _PARTS:
            raise PacketError("it does not begin with a key")
        if packet.tag in _PARTS:
            packets.append(packet)
    yield from _certificate(packets)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """A key of a certificate, and the signatures that come after it and before the next."""

    fingerprint: str
    made: datetime
    signatures: list[Signature] = field(default_factory=list)

    def own(self, *kinds: int, by: str | None = None) -> list[Signature]:
        """Return the signatures of these kinds, those alone that may be `by` that key; the newest comes last."""
        signer = Signer(fingerprint=by or "", expires=None, revoked=False)
        found = [
            signature
            for signature in self.signatures
            if signature.kind in kinds
            and (by is None or not signature.issuers or any(map(signer.is_called, signature.issuers)))
        ]
        return sorted(found, key=lambda signature: signature.created or _LONG_AGO)


_LONG_AGO = datetime.fromtimestamp(0, timezone.utc)


def _certificate(packets: list[Packet]) -> Iterator[Key]:
    parts = list(_parts(packets))
    if not parts:
        return
    primary = _primary(parts)
    owners = (packet.body.decode("utf-8", errors="replace") for packet in packets if packet.tag == Tag.USER_ID)
    yield Key(
        certificate=b"".join(packet.whole for packet in packets),
        owner=next(owners, ""),
        signers=(primary, *(_subkey(part, primary) for part in parts[1:])),
    )


def _parts(packets: Iterable[Packet]) -> Iterator[_Part]:
    """Yield the keys of a certificate; none where the primary one is of a version that is not known."""
    part: _Part | None = None
    for packet in packets:
        if packet.tag in (Tag.PUBLIC_KEY, Tag.PUBLIC_SUBKEY):
            if part:
                yield part
            part = _part(packet)
            if part is None and packet.tag == Tag.PUBLIC_KEY:
                return
        elif packet.tag == Tag.SIGNATURE and part and (signature := read_signature(packet)):
            part.signatures.append(signature)
    if part:
        yield part


def _part(packet: Packet) -> _Part | None:
    body = packet.body
    if not body or body[0] not in (_V4, _V6):
        return None
    if len(body) < 6 or len(body) > 0xFFFF:  # noqa: PLR2004 - version, four octets of time, algorithm; two of length
        raise PacketError("a key has an impossible length")
    if body[0] == _V4:
        # RFC 9580, 5.5.4: the name of a key, which it is found by. What it vouches for is not hashed by this.
        digest = hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False).hexdigest()
    else:
        digest = hashlib.sha256(b"\x9b" + len(body).to_bytes(4, "big") + body).hexdigest()
    return _Part(fingerprint=digest, made=datetime.fromtimestamp(int.from_bytes(body[1:5], "big"), timezone.utc))


def _primary(parts: list[_Part]) -> Signer:
    """Return what the primary key says of itself: by a signature upon the key, else by the newest upon a name.

    A revocation counts wherever it stands: people append it.
    """
    part = parts[0]
    upon_key = part.own(Kind.DIRECT_KEY, by=part.fingerprint)[-1:]
    upon_name = part.own(*range(Kind.GENERIC_CERTIFICATION, Kind.POSITIVE_CERTIFICATION + 1), by=part.fingerprint)[-1:]
    lifetimes = [signature.key_validity for signature in (*upon_key, *upon_name) if signature.key_validity]
    return Signer(
        fingerprint=part.fingerprint,
        expires=_end(part, next(iter(lifetimes), None)),
        revoked=any(each.own(Kind.KEY_REVOCATION, by=part.fingerprint) for each in parts),
    )


def _subkey(part: _Part, primary: Signer) -> Signer:
    newest = part.own(Kind.SUBKEY_BINDING)[-1:]
    ends = (_end(part, newest[0].key_validity if newest else None), primary.expires)
    return Signer(
        fingerprint=part.fingerprint,
        expires=min((end for end in ends if end), default=None),
        revoked=primary.revoked or bool(part.own(Kind.SUBKEY_REVOCATION)),
    )


def _end(part: _Part, lifetime: timedelta | None) -> datetime | None:
    return part.made + lifetime if lifetime else None
