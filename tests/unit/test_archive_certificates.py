"""Certificates read without a library: what pysequoia says of the same ones is what is read."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from functools import cache
from importlib.resources import files

import pysequoia
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysequoia.packet import PacketPile

from xprov.archive.certificates import Key, read_certificates
from xprov.archive.packets import PacketError, Tag, read_packets, read_signature

SHIPPED = ("debian.pgp", "debian-eol.pgp", "ubuntu.pgp")
DAY = 86400


def shipped() -> Iterator[tuple[Key, pysequoia.Cert]]:
    for name in SHIPPED:
        content = files("xprov.archive").joinpath(f"keys/{name}").read_bytes()
        yield from zip(read_certificates(content), pysequoia.Cert.split_bytes(content), strict=True)


def made(*, days: int | None = None, profile: pysequoia.Profile | None = None) -> pysequoia.Tsk:
    return pysequoia.Tsk.generate("Ann <ann@example.org>", validity_seconds=days and days * DAY, profile=profile)


def read(certificate: bytes) -> Key:
    (key,) = read_certificates(certificate)
    return key


def test_the_shipped_keys_are_those_that_the_library_reads() -> None:
    for key, theirs in shipped():
        assert key.fingerprint == theirs.fingerprint
        assert key.signers[0].revoked == theirs.is_revoked
        packets = list(PacketPile.from_bytes(bytes(theirs)))
        assert [signer.fingerprint for signer in key.signers] == [
            each.fingerprint for each in packets if each.fingerprint
        ]
        assert key.owner == next(each.user_id for each in packets if each.user_id)


def test_the_shipped_keys_end_when_the_library_says() -> None:
    ends = {key.owner: (key.signers[0].expires, _end(theirs)) for key, theirs in shipped()}

    assert len(ends) == 20
    # The library says nothing of a key that it does not use.
    assert {owner for owner, (ours, theirs) in ends.items() if ours != theirs} == {
        "Ubuntu Archive Automatic Signing Key (2012) <ftpmaster@ubuntu.com>"
    }


def _end(certificate: pysequoia.Cert) -> datetime | str | None:
    try:
        return certificate.expiration
    except RuntimeError:
        return "unknown"


@pytest.mark.parametrize("days", [1, 400])
def test_a_key_ends_when_it_was_made_to(days: int) -> None:
    certificate = made(days=days).extract_certificate()

    assert read(bytes(certificate)).signers[0].expires == certificate.expiration


@pytest.mark.parametrize(("profile", "digits"), [(pysequoia.Profile.RFC4880, 40), (pysequoia.Profile.RFC9580, 64)])
def test_a_key_is_found_by_the_names_that_signatures_give_it(profile: pysequoia.Profile, digits: int) -> None:
    secret = made(days=2, profile=profile)
    certificate = secret.extract_certificate()
    detached = pysequoia.SignatureMode.DETACHED
    (packet,) = read_packets(pysequoia.sign(secret.signer(), b"data", mode=detached, armor=False))

    key, signature = read(bytes(certificate)), read_signature(packet)

    assert key.fingerprint == certificate.fingerprint
    assert len(key.fingerprint) == digits
    assert key.signers[0].expires == certificate.expiration
    assert signature
    assert {key.signer(name) for name in signature.issuers} <= set(key.signers[1:])


def test_a_key_that_is_prolonged_ends_later() -> None:
    secret = made(days=1)
    later = datetime(2100, 1, 1, tzinfo=timezone.utc)

    prolonged = secret.extract_certificate().set_expiration(later, secret.certifier())

    assert read(bytes(prolonged)).signers[0].expires == later


def test_a_revocation_counts_where_people_put_it() -> None:
    secret = made()
    certificate = secret.extract_certificate()
    revocation = bytes(certificate.revoke(secret.certifier()))

    assert not read(bytes(certificate)).signers[0].revoked
    assert all(signer.revoked for signer in read(bytes(certificate) + revocation).signers)
    # It is no certificate of another key.
    assert not read(bytes(made().extract_certificate()) + revocation).signers[0].revoked


def test_packets_that_are_no_part_of_a_certificate_are_left_out() -> None:
    certificate = bytes(made().extract_certificate())
    trust = b"\xb0\x02\x00\x03"
    parts = list(read_packets(certificate))

    assert read(b"".join(part.whole + trust for part in parts)).certificate == certificate


def test_a_key_of_an_old_version_is_passed_over_with_all_that_belongs_to_it() -> None:
    old = _packet(Tag.PUBLIC_KEY, b"\x03" + bytes(20)) + _packet(Tag.USER_ID, b"old")
    certificate = bytes(made().extract_certificate())

    assert [key.owner for key in read_certificates(old + certificate + old)] == ["Ann <ann@example.org>"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"no key", "no OpenPGP data"),
        (bytes(made()), "a secret key"),
        (b"\xcd\x03Ann", "does not begin with a key"),
        (b"\xc6\x05\x04", "the middle of a packet"),
        (b"\xc6\xff\xff\xff\xff\xff\x04", "the middle of a packet"),
        (b"\xc6\xe1\x04", "in parts"),
        (b"\x9b\x04", "no length"),
        (b"\xc6\x02\x04\x00", "impossible length"),
    ],
)
def test_what_is_no_certificate_is_said(content: bytes, told: str) -> None:
    with pytest.raises(PacketError, match=told):
        list(read_certificates(content))


@given(st.lists(st.tuples(st.integers(1, 15), st.binary(max_size=9000)), max_size=6), st.booleans())
def test_packets_of_every_length_are_read(parts: list[tuple[int, bytes]], old: bool) -> None:  # noqa: FBT001
    content = b"".join((_old_packet if old else _packet)(tag, body) for tag, body in parts)

    assert [(packet.tag, packet.body) for packet in read_packets(content)] == parts
    assert b"".join(packet.whole for packet in read_packets(content)) == content


@given(st.binary(max_size=200))
def test_other_bytes_are_an_error_or_nothing(content: bytes) -> None:
    for begun in (b"", _certificate()):
        with suppress(PacketError):
            list(read_certificates(begun + content))


@cache
def _certificate() -> bytes:
    return bytes(made().extract_certificate())


def _packet(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 192:
        length = bytes([size])
    elif size < 8384:
        length = bytes([(size - 192 >> 8) + 192, size - 192 & 0xFF])
    else:
        length = b"\xff" + size.to_bytes(4, "big")
    return bytes([0xC0 | tag]) + length + body


def _old_packet(tag: int, body: bytes) -> bytes:
    kind, width = next((kind, 1 << kind) for kind in range(3) if len(body) < 1 << (8 << kind))
    return bytes([0x80 | tag << 2 | kind]) + len(body).to_bytes(width, "big") + body
