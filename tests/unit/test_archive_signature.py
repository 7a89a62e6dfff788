"""Signatures: what is accepted, and each way of tampering refused. Keys are made here; the clock is an argument."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from pathlib import Path

import pysequoia
import pytest

from xprov.archive import gpgv
from xprov.archive.keyring import Keyring
from xprov.archive.signature import MAX_SIZE, verify_cleartext, verify_detached
from xprov.archive.suites import find_suite, suites
from xprov.errors import UsageError, VerificationError

NOW = datetime.now(timezone.utc)
TEXT = b"Origin: Debian\nSuite: stable\n- a line with a dash\nSHA256:\n"


@cache
def key(owner: str) -> pysequoia.Tsk:
    return pysequoia.Tsk.generate(f"{owner} <{owner}@example.org>", validity_seconds=365 * 86400)


def certificate(owner: str) -> pysequoia.Cert:
    return key(owner).extract_certificate()


def keyring(*owners: str) -> Keyring:
    return Keyring.load(b"".join(bytes(certificate(owner)) for owner in owners), name="the keys of a test")


def clearsign(owner: str, text: bytes = TEXT) -> bytes:
    return pysequoia.sign(key(owner).signer(), text, mode=pysequoia.SignatureMode.CLEAR)


def detach(owners: Sequence[str], text: bytes = TEXT) -> bytes:
    mode = pysequoia.SignatureMode.DETACHED
    packets = [pysequoia.sign(key(owner).signer(), text, mode=mode, armor=False) for owner in owners]
    return pysequoia.armor(b"".join(packets), pysequoia.ArmorKind.Signature).encode()


def signed_by_two(first: str, second: str) -> bytes:
    """Return a cleartext message with two signatures, as Debian's are."""
    blocks = [clearsign(owner).partition(b"-----BEGIN PGP SIGNATURE-----") for owner in (first, second)]
    packets = [bytes(pysequoia.Sig.from_bytes(mark + rest)) for _, mark, rest in blocks]
    return blocks[0][0] + pysequoia.armor(b"".join(packets), pysequoia.ArmorKind.Signature).encode()


def refused(content: bytes, *owners: str, now: datetime = NOW) -> str:
    with pytest.raises(VerificationError) as caught:
        verify_cleartext(content, keyring(*owners), now=now)
    assert caught.value.hint
    return caught.value.message


def test_what_is_signed_is_returned_with_its_signer() -> None:
    verified = verify_cleartext(clearsign("debian"), keyring("debian"), now=NOW)

    assert verified.content == TEXT
    assert verified.fingerprints == (certificate("debian").fingerprint,)


@pytest.mark.parametrize("order", [("debian", "stranger"), ("stranger", "debian")])
def test_one_good_signature_of_several_is_enough(order: tuple[str, str]) -> None:
    verified = verify_cleartext(signed_by_two(*order), keyring("debian"), now=NOW)

    assert verified.fingerprints == (certificate("debian").fingerprint,)


def test_both_signers_are_told() -> None:
    verified = verify_cleartext(signed_by_two("debian", "second"), keyring("debian", "second"), now=NOW)

    assert set(verified.fingerprints) == {certificate("debian").fingerprint, certificate("second").fingerprint}


def test_an_altered_byte_is_refused() -> None:
    assert "does not fit its signature" in refused(clearsign("debian").replace(b"stable", b"stabIe"), "debian")


@pytest.mark.parametrize(
    "tampered",
    [
        b"Suite: evil\n" + clearsign("debian"),
        b"\n" + clearsign("debian"),
        clearsign("debian") + b"Suite: evil\n",
        clearsign("debian") + clearsign("debian"),
        clearsign("debian") + clearsign("stranger", b"Suite: evil\n"),
        clearsign("stranger", b"Suite: evil\n") + clearsign("debian"),
        clearsign("debian").replace(
            b"-----BEGIN PGP SIGNATURE", b"-----END PGP SIGNATURE-----\n-----BEGIN PGP SIGNATURE"
        ),
        clearsign("debian").rpartition(b"-----END")[0],
    ],
    ids=["before", "blank before", "after", "twice", "second", "first", "ended early", "cut"],
)
def test_text_outside_of_what_is_signed_is_refused(tampered: bytes) -> None:
    assert re.search("outside of what is signed|not signed", refused(tampered, "debian"))


def test_a_key_of_another_archive_is_refused_and_named() -> None:
    message = refused(clearsign("ubuntu"), "debian")

    assert "not among the keys of a test" in message
    assert any(str(packet.fingerprint).upper() in message for packet in _packets("ubuntu"))


def test_an_expired_key_is_refused_though_it_signed_in_time() -> None:
    message = refused(clearsign("debian"), "debian", now=NOW + timedelta(days=366))

    assert "expired on" in message
    assert "debian@example.org" in message


def test_an_expired_signer_does_not_spoil_a_live_one() -> None:
    old = Keyring.join(Keyring.shipped("debian", eol=True), keyring("debian"))

    assert verify_cleartext(clearsign("debian"), old, now=NOW).content == TEXT


def test_a_revoked_key_is_refused() -> None:
    revocation = certificate("revoked").revoke(key("revoked").certifier())
    revoked = pysequoia.Cert.from_bytes(bytes(certificate("revoked")) + bytes(revocation))

    with pytest.raises(VerificationError, match="was revoked"):
        verify_cleartext(clearsign("revoked"), Keyring.load(bytes(revoked)), now=NOW)


@pytest.mark.parametrize("content", [b"", TEXT, b"<html>log in</html>", b"\xff\xfe\x00"])
def test_what_is_not_signed_is_refused(content: bytes) -> None:
    assert "not signed" in refused(content, "debian")


def test_a_frame_without_a_signature_is_refused() -> None:
    content = re.sub(rb"(?s)(SIGNATURE-----\n).*(-----END)", rb"\1\n\2", clearsign("debian"))

    assert "no signature that can be read" in refused(content, "debian")


def test_a_huge_line_is_refused_unread() -> None:
    assert "no release file's size" in refused(b"-----BEGIN PGP SIGNED MESSAGE-----\n" + b"x" * MAX_SIZE, "debian")


def test_a_detached_signature_is_verified() -> None:
    verified = verify_detached(TEXT, detach(["stranger", "debian"]), keyring("debian"), now=NOW)

    assert verified.content == TEXT
    assert verified.fingerprints == (certificate("debian").fingerprint,)


@pytest.mark.parametrize(
    ("content", "signature"),
    [
        (TEXT + b"x", detach(["debian"])),
        (TEXT, detach(["stranger"])),
        (TEXT, detach(["debian"], b"another")),
        (TEXT, bytes(certificate("debian"))),
        (TEXT, b""),
        (TEXT, b"<html>"),
    ],
    ids=["altered", "stranger", "of another text", "a key", "empty", "no signature"],
)
def test_a_detached_signature_that_proves_nothing_is_refused(content: bytes, signature: bytes) -> None:
    with pytest.raises(VerificationError):
        verify_detached(content, signature, keyring("debian"), now=NOW)


def test_keys_load_in_every_form(tmp_path: Path) -> None:
    armored = str(certificate("debian")) + "\n" + str(certificate("second"))
    folded = "".join(f"\n {line or '.'}" for line in armored.splitlines())
    (tmp_path / "key.asc").write_text(armored)

    for source in (armored.encode(), folded.encode(), armored.replace("\n", "\r\n").encode(), tmp_path / "key.asc"):
        assert Keyring.load(source).keys == keyring("debian", "second").keys


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nzzzz\n", b"\x00" * 64])
def test_what_holds_no_key_is_said(content: bytes) -> None:
    with pytest.raises(UsageError, match="the key given inline"):
        Keyring.load(content)


def test_a_file_of_keys_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"`.*key\.gpg` cannot be read: No such file"):
        Keyring.load(tmp_path / "key.gpg")


def test_every_known_suite_has_keys_of_its_own_distribution_alone() -> None:
    for suite in suites():
        owners = {key.owner.split()[0] for key in Keyring.of(suite).keys}
        assert owners <= ({"Ubuntu"} if suite.distribution == "ubuntu" else {"Debian", "Jessie"}), suite.name


def test_retired_keys_are_for_suites_that_have_ended() -> None:
    bookworm, buster = find_suite("debian", "bookworm"), find_suite("debian", "buster")
    assert bookworm
    assert buster

    assert not any("buster" in key.owner for key in Keyring.of(bookworm).keys)
    assert any("buster" in key.owner for key in Keyring.of(buster).keys)


def test_the_shipped_keys_are_those_that_are_written_down() -> None:
    written = files("xprov.archive").joinpath("keys/README.md").read_text(encoding="utf-8")

    shipped = (*Keyring.shipped("debian", eol=True).keys, *Keyring.shipped("ubuntu").keys)

    assert re.findall(r"`([0-9A-F]{40})`", written) == [key.fingerprint.upper() for key in shipped]


def test_a_distribution_without_keys_is_said() -> None:
    with pytest.raises(UsageError, match="no keys of `suse`"):
        Keyring.shipped("suse")


GOOD = (
    "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 3B4FE6ACC0B21F32 An owner\n"
    "[GNUPG:] VALIDSIG 790BC727 2016-04-21 1461281109 0 4 0 1 10 01 790BC727\n"
)
UNKNOWN = (
    "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG 40976EAF437D05B5 17 10 01 1461281109 9 -\n[GNUPG:] NO_PUBKEY 40976EAF437D05B5\n"
)


@pytest.mark.parametrize("status", [GOOD, UNKNOWN + GOOD, GOOD + UNKNOWN])
def test_gpgv_is_believed_on_a_good_signature_beside_an_unknown_one(status: str) -> None:
    assert gpgv.good_signers(status, now=NOW) == ("790bc727",)


@pytest.mark.parametrize(
    "status",
    [
        "",
        UNKNOWN,
        GOOD.replace("GOODSIG", "EXPKEYSIG"),
        GOOD.replace("GOODSIG", "REVKEYSIG"),
        GOOD.replace("GOODSIG", "EXPSIG"),
        GOOD.replace(" 10 01 ", " 2 01 "),
        GOOD.replace("1461281109", "9461281109"),
        GOOD.replace("[GNUPG:] VALIDSIG", "VALIDSIG"),
        GOOD + "[GNUPG:] NEWSIG\n[GNUPG:] BADSIG 3B4FE6ACC0B21F32 An owner\n",
        GOOD.replace("[GNUPG:] VALIDSIG", "[GNUPG:] NEWSIG\n[GNUPG:] VALIDSIG"),
    ],
    ids=["nothing", "unknown", "expired", "revoked", "old", "sha1", "future", "no status", "bad", "of two"],
)
def test_gpgv_is_not_believed(status: str) -> None:
    assert gpgv.good_signers(status, now=NOW) == ()


def _packets(owner: str) -> list[pysequoia.packet.Packet]:
    pile = pysequoia.packet.PacketPile.from_bytes(bytes(certificate(owner)))
    return [packet for packet in pile if packet.fingerprint]
