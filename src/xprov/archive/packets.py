"""OpenPGP packets, as far as public keys and signatures need them (RFC 9580, 4.2 and 5.2; version 3: RFC 4880, 5.2.2).

Nothing is verified here: what signatures say of themselves is read, to know whose key is asked for.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from enum import IntEnum
from typing import TYPE_CHECKING

from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

# More than a keyring of all of Debian's developers has.
_MANY_PACKETS = 500_000


class PacketError(Exception):
    """Bytes are not what OpenPGP would have written; the message says in what."""


class Tag(IntEnum):
    """Kinds of packets (RFC 9580, 5); others are of no interest here."""

    SIGNATURE = 2
    SECRET_KEY = 5
    PUBLIC_KEY = 6
    USER_ID = 13
    PUBLIC_SUBKEY = 14
    USER_ATTRIBUTE = 17


class Kind(IntEnum):
    """What a signature means (RFC 9580, 5.2.1)."""

    BINARY = 0x00
    TEXT = 0x01
    GENERIC_CERTIFICATION = 0x10
    POSITIVE_CERTIFICATION = 0x13
    SUBKEY_BINDING = 0x18
    DIRECT_KEY = 0x1F
    KEY_REVOCATION = 0x20
    SUBKEY_REVOCATION = 0x28


class _Subpacket(IntEnum):
    CREATED = 2
    KEY_VALIDITY = 9
    ISSUER_KEY_ID = 16
    ISSUER_FINGERPRINT = 33


@dataclass(frozen=True, kw_only=True, slots=True)
class Packet:
    """One packet: its kind, its content, and all of it as it stood there."""

    tag: int
    body: bytes
    whole: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """What a signature says of itself, unverified.

    `kind` is a number of `Kind`, or another one; `issuers` are fingerprints and key IDs in lower-case hex, the
    fingerprints first; `key_validity` is how long after its making the key that is signed may be used, None for ever.
    """

    kind: int
    created: datetime | None
    issuers: tuple[str, ...]
    key_validity: timedelta | None
    whole: bytes

    @property
    def is_of_data(self) -> bool:
        return self.kind in (Kind.BINARY, Kind.TEXT)


def read_packets(content: bytes) -> Iterator[Packet]:
    """Yield the packets that `content` is made of. Raises `PacketError` where it is not."""
    at = 0
    for _ in range(_MANY_PACKETS):
        if at == len(content):
            return
        tag, start, size = _header(content, at)
        end = start + size
        if end > len(content):
            raise PacketError("it ends in the middle of a packet")
        yield Packet(tag=tag, body=content[start:end], whole=content[at:end])
        at = end
    raise PacketError(f"it has more than {_MANY_PACKETS} packets")


def read_signature(packet: Packet) -> Signature | None:
    """Return what a signature packet says; None of a version that is not known. Raises `PacketError`."""
    match packet.body[:1]:
        case b"\x03":
            return _old_signature(packet)
        case b"\x04":
            return _signature(packet, width=2)
        case b"\x06":
            return _signature(packet, width=4)
        case _:
            return None


def _old_signature(packet: Packet) -> Signature:
    """Return what a signature of version 3 says, which old programs made upon data."""
    created, key_id = _time(_number(packet.body, 3, 4)), _slice(packet.body, 7, 8).hex()
    kind = _number(packet.body, 2, 1)
    return Signature(kind=kind, created=created, issuers=(key_id,), key_validity=None, whole=packet.whole)


def _signature(packet: Packet, *, width: int) -> Signature:
    """Return what a signature says whose areas of subpackets have lengths of `width` octets."""
    body = packet.body
    size = _number(body, 4, width)
    hashed = _subpackets(_slice(body, 4 + width, size))
    rest = 4 + width + size
    unhashed = _subpackets(_slice(body, rest + width, _number(body, rest, width)))
    # The times only from what is signed; whose key it is comes out in the end, whoever named it.
    stated = dict(hashed)
    return Signature(
        kind=_number(body, 1, 1),
        created=_time(int.from_bytes(stated[_Subpacket.CREATED], "big")) if _Subpacket.CREATED in stated else None,
        issuers=_issuers([*hashed, *unhashed]),
        key_validity=_validity(stated.get(_Subpacket.KEY_VALIDITY, b"")),
        whole=packet.whole,
    )


def _header(content: bytes, at: int) -> tuple[int, int, int]:
    """Return a packet's kind, where its body begins, and how long that is."""
    first = _number(content, at, 1)
    if not first & 0x80:
        raise PacketError("it is no OpenPGP data")
    if first & 0x40:
        start, size = _length(content, at + 1)
        return first & 0x3F, start, size
    width = 1 << (first & 3)
    if width > 4:  # noqa: PLR2004 - 1, 2, 4 octets
        raise PacketError("a packet has no length")
    return first >> 2 & 0xF, at + 1 + width, _number(content, at + 1, width)


def _length(content: bytes, at: int, *, of_subpacket: bool = False) -> tuple[int, int]:
    """Return where what has this length begins, and the length. Only data may come in parts, of packets.

    Of subpackets the octets that would say so are of a length of two.
    """
    first = _number(content, at, 1)
    match first:
        case _ if first < 192:  # noqa: PLR2004 - RFC 9580, 4.2.1
            return at + 1, first
        case 255:
            return at + 5, _number(content, at + 1, 4)
        case _ if first < 224 or of_subpacket:  # noqa: PLR2004 - RFC 9580, 4.2.1 and 5.2.3.7
            return at + 2, (first - 192 << 8) + _number(content, at + 1, 1) + 192
        case _:
            raise PacketError("a packet comes in parts")


def _subpackets(area: bytes) -> list[tuple[int, bytes]]:
    """Return type and content of each subpacket (RFC 9580, 5.2.3.7)."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(area):
        start, size = _length(area, at, of_subpacket=True)
        content = _slice(area, start, size)
        if not content:
            raise PacketError("a signature has an empty subpacket")
        found.append((content[0] & 0x7F, content[1:]))
        at = start + size
    return found


def _issuers(subpackets: list[tuple[int, bytes]]) -> tuple[str, ...]:
    # The first octet of a fingerprint's subpacket is the key's version.
    prints = [content[1:].hex() for kind, content in subpackets if kind == _Subpacket.ISSUER_FINGERPRINT]
    names = [content.hex() for kind, content in subpackets if kind == _Subpacket.ISSUER_KEY_ID]
    return tuple(dict.fromkeys(name for name in (*prints, *names) if name))


def _validity(content: bytes) -> timedelta | None:
    seconds = int.from_bytes(content[:4], "big")
    return timedelta(seconds=seconds) if seconds else None


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds & 0xFFFFFFFF, timezone.utc)


def _number(content: bytes, at: int, width: int) -> int:
    return int.from_bytes(_slice(content, at, width), "big")


def _slice(content: bytes, at: int, size: int) -> bytes:
    found = content[at : at + size]
    if len(found) != size:
        raise PacketError("it ends in the middle of a packet")
    return found
