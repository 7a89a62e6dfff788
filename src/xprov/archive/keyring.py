"""OpenPGP keys that an archive's release files may be signed with: those shipped with xprov, and those of a user."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from pysequoia import Cert
    from pysequoia.packet import Packet

    from xprov.archive.suites import Suite

_ARMOR = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
_KEY_ID_LENGTH = 16

_shipping = threading.Lock()


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """A primary key or a subkey: its fingerprint in lower-case hex, and until when it may sign (None: for ever)."""

    fingerprint: str
    expires: datetime | None
    revoked: bool

    def is_live(self, now: datetime) -> bool:
        return not self.revoked and (self.expires is None or now < self.expires)

    def is_called(self, name: str) -> bool:
        """Return whether `name`, a fingerprint or a key ID of 16 digits, is of this key."""
        return name == (self.fingerprint if len(name) > _KEY_ID_LENGTH else self.fingerprint[-_KEY_ID_LENGTH:])


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One certificate, in binary form, and its keys, the primary one first.

    `sound` is whether its signature upon itself meets today's rules. Where it does not (SHA-1: Ubuntu's key of
    2012), the OpenPGP library uses nothing of the key, and gpgv judges.
    """

    certificate: bytes
    owner: str
    signers: tuple[Signer, ...]
    sound: bool

    @property
    def fingerprint(self) -> str:
        return self.signers[0].fingerprint

    def signer(self, name: str) -> Signer | None:
        """Return the key of this certificate that is called `name` (a fingerprint or a key ID), or None."""
        return next((signer for signer in self.signers if signer.is_called(name.lower())), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Keyring:
    """The keys of one archive; `name` says in messages whose they are."""

    name: str
    keys: tuple[Key, ...]

    @classmethod
    def load(cls, source: Path | bytes, *, name: str | None = None) -> Keyring:
        """Return the keys in a file, or in bytes: binary or ASCII-armoured, also as the value of `Signed-By`.

        Raises `UsageError` when the file cannot be read, or holds no key.
        """
        shown = name or (f"`{source}`" if isinstance(source, Path) else "the key given inline")
        keys = tuple(_keys(_read(source, shown), shown))
        if not keys:
            raise UsageError(f"{shown} holds no OpenPGP key", hint="write one with `gpg --export --armor`")
        return cls(name=shown, keys=keys)

    @classmethod
    def shipped(cls, distribution: str, *, eol: bool = False) -> Keyring:
        """Return the keys of `distribution` (`debian`, `ubuntu`) that come with xprov, for `eol` the retired too.

        Raises `UsageError` for a distribution that has none. Where they come from: keys/README.md.
        """
        # The parts of a suite are read at the same time, with the same keys: who comes second waits for the first.
        with _shipping:
            return _shipped(distribution, eol=eol)

    @classmethod
    def of(cls, suite: Suite) -> Keyring:
        """Return the shipped keys that `suite` may be signed with. Raises `UsageError` where there are none."""
        return cls.shipped(suite.distribution, eol=suite.eol)

    @classmethod
    def join(cls, *keyrings: Keyring) -> Keyring:
        """Return one keyring with the keys of several (`Signed-By` may name more than one file)."""
        names = dict.fromkeys(keyring.name for keyring in keyrings)
        return cls(name=", ".join(names), keys=tuple(key for keyring in keyrings for key in keyring.keys))

    def find(self, name: str) -> tuple[Key, ...]:
        """Return the certificates that have a key called `name` (a fingerprint or a key ID)."""
        return tuple(key for key in self.keys if key.signer(name))


@cache
def _shipped(distribution: str, *, eol: bool) -> Keyring:
    folder = files("xprov.archive").joinpath("keys")
    present = [folder.joinpath(name) for name in (f"{distribution}.pgp", f"{distribution}-eol.pgp")[: 1 + eol]]
    found = [path.read_bytes() for path in present if path.is_file()]
    if not found:
        raise UsageError(f"xprov has no keys of `{distribution}`", hint="name a file of them with --keyring")
    name = f"the keys of {distribution.capitalize()} that come with xprov"
    return Keyring.join(*(Keyring.load(content, name=name) for content in found))


def _read(source: Path | bytes, shown: str) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes()
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror}") from error


def _keys(content: bytes, shown: str) -> Iterator[Key]:
    import pysequoia  # noqa: PLC0415 - slow to load, and most commands never need it

    for block in _blocks(content):
        try:
            found = [_key(certificate) for certificate in pysequoia.Cert.split_bytes(block)]
        except RuntimeError:
            raise UsageError(
                f"{shown} cannot be read as OpenPGP keys", hint="write them with `gpg --export --armor`"
            ) from None
        yield from found


def _blocks(content: bytes) -> Iterator[bytes]:
    """Yield the armoured blocks one by one, since only the first of a text would be read; binary content as it is."""
    if _ARMOR not in content:
        yield content
        return
    # In a deb822 field each line is indented, and an empty one is a dot.
    text = re.sub(rb"(?m)^[ \t]+", b"", content)
    text = re.sub(rb"(?m)^\.[ \t]*(?=\r?$)", b"", text)
    for part in text.split(_ARMOR)[1:]:
        yield _ARMOR + part


def _key(certificate: Cert) -> Key:
    from pysequoia.packet import PacketPile  # noqa: PLC0415 - see _keys

    content = bytes(certificate)
    packets: list[Packet] = list(PacketPile.from_bytes(content))
    sound, expires = _expiry(certificate, packets)
    primary = Signer(fingerprint=certificate.fingerprint, expires=expires, revoked=certificate.is_revoked)
    owner = next((packet.user_id for packet in packets if packet.user_id), "")
    return Key(certificate=content, owner=owner, signers=(primary, *_subkeys(packets, primary)), sound=sound)


def _expiry(certificate: Cert, packets: list[Packet]) -> tuple[bool, datetime | None]:
    try:
        return True, certificate.expiration
    except RuntimeError:
        # "No binding signature": none that the library's policy accepts. What they say can still take trust away.
        own = [packet for packet in packets if packet.issuer_key_id == certificate.fingerprint[-_KEY_ID_LENGTH:]]
        return False, _ends(packets[0], [packet for packet in own if "Certification" in str(packet.signature_type)])


def _subkeys(packets: Iterable[Packet], primary: Signer) -> Iterator[Signer]:
    """Yield the subkeys: the library tells the primary key's expiry alone."""
    for subkey, signatures in _grouped(packets):
        made = [packet for packet in signatures if "Binding" in str(packet.signature_type)]
        revoked = any("Revocation" in str(packet.signature_type) for packet in signatures)
        ends = [end for end in (_ends(subkey, made), primary.expires) if end]
        yield Signer(
            fingerprint=subkey.fingerprint or "",
            expires=min(ends, default=None),
            revoked=revoked or primary.revoked,
        )


def _grouped(packets: Iterable[Packet]) -> list[tuple[Packet, list[Packet]]]:
    groups: list[tuple[Packet, list[Packet]]] = []
    for packet in packets:
        if str(packet.tag) == "Tag.PublicSubkey":
            groups.append((packet, []))
        elif groups:
            groups[-1][1].append(packet)
    return groups


def _ends(key: Packet, bindings: list[Packet]) -> datetime | None:
    """Return until when a primary key or a subkey may sign, by the newest of the signatures that bind it."""
    dated = [(packet.signature_created, packet) for packet in bindings if packet.signature_created]
    if not dated or key.key_created is None:
        return None
    newest = max(dated, key=lambda pair: pair[0])[1]
    return key.key_created + newest.key_validity_period if newest.key_validity_period else None
