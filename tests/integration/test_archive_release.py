"""Release files of the real archive verified with the keys that are shipped; by gpgv alone all is as by the library."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from pathlib import Path

import pytest
from tests.mirror import find_mirror

from xprov.archive import sequoia
from xprov.archive.keyring import Keyring
from xprov.archive.release import Asked, read_release
from xprov.archive.signature import verify_cleartext, verify_detached
from xprov.archive.suites import find_suite
from xprov.errors import ToolMissingError, VerificationError
from xprov.net import Client

NOW = datetime.now(timezone.utc)
TEXT = b"Suite: bionic\nSHA256:\n"
SUITES = ("bullseye", "bookworm", "trixie")

needs_gpg = pytest.mark.skipif(
    not (shutil.which("gpg") and shutil.which("gpgv")), reason="no gpg and gpgv on this machine"
)


@pytest.fixture(params=["the library", "gpgv", "gpgv1"], autouse=True)
def verifier(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Verify as a machine does that has the library; that has gpgv alone; and an old one (GnuPG 1.4 knows no EdDSA)."""
    name = str(request.param)
    if name == "the library":
        return name
    program = shutil.which(name)
    if program is None:
        if os.environ.get("XPROV_TESTS_REQUIRE"):
            pytest.fail(f"XPROV_TESTS_REQUIRE is set and {name} is missing", pytrace=False)
        pytest.skip(f"no {name} on this machine")
    monkeypatch.setitem(sys.modules, "pysequoia", None)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/gpgv").symlink_to(program)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return name


@cache
def fetched(suite: str, name: str) -> bytes:
    mirror = find_mirror()
    base = mirror.security if suite.endswith("-security") else mirror.archive
    if base is None:
        pytest.skip("the apt of this machine reads no security archive")
    content = Client().get(f"{base}/dists/{suite}/{name}")
    if content is None:
        pytest.skip(f"the archive of this machine has no {suite}")
    return content


def keys_of(codename: str) -> Keyring:
    suite = find_suite("debian", codename)
    assert suite
    return Keyring.of(suite)


@pytest.mark.archive
@pytest.mark.parametrize("suite", [*SUITES, *(f"{suite}-security" for suite in SUITES)])
def test_the_real_archive_is_verified_with_the_shipped_keys(suite: str) -> None:
    label = "Debian-Security" if suite.endswith("-security") else "Debian"

    verified = verify_cleartext(fetched(suite, "InRelease"), keys_of(suite.partition("-")[0]), now=NOW)
    # A mirror that lags is no fault of what is tested here.
    asked = Asked(suite=suite, origin="Debian", label=label)
    release = read_release(verified.content, asked, now=NOW, allow_expired=True)

    assert len(verified.fingerprints) > 1
    for component in release.components:
        assert component.startswith("updates/") == (label == "Debian-Security")
    found = release.index_for(release.components[0], "armhf")
    assert found
    # Security suites have one form alone.
    assert found[-1].path == "main/binary-armhf/Packages.xz"
    assert found[0].by_hash


# Two files, of which a mirror may have one of yesterday: those of suites that change no more.
@pytest.mark.archive
@pytest.mark.parametrize("suite", ["bullseye", "bookworm"])
def test_the_detached_signature_of_the_real_archive_is_verified(suite: str) -> None:
    content = fetched(suite, "Release")

    assert verify_detached(content, fetched(suite, "Release.gpg"), keys_of(suite), now=NOW).content == content


@pytest.mark.archive
def test_debian_is_not_taken_from_keys_of_ubuntu() -> None:
    with pytest.raises(VerificationError, match="not among the keys of Ubuntu"):
        verify_cleartext(fetched("bookworm", "InRelease"), Keyring.shipped("ubuntu"), now=NOW)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gpg:
    """A home of gpg with one key; `options` come with each command."""

    home: Path
    options: tuple[str, ...] = ()

    def __call__(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        command = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--pinentry-mode", "loopback"]
        command += [*self.options, *arguments]
        return subprocess.run(command, check=True, input=stdin, capture_output=True).stdout

    @classmethod
    def make(cls, home: Path, *options: str, expires: str = "never", algorithm: str = "rsa2048") -> "Gpg":
        home.mkdir(mode=0o700)
        made = cls(home=home, options=options)
        made("--passphrase", "", "--quick-generate-key", "old archive <old@example.org>", algorithm, "sign", expires)
        return made

    @property
    def keyring(self) -> Keyring:
        return Keyring.load(self("--export"))


SHA1 = ("--cert-digest-algo", "SHA1", "--allow-weak-digest-algos")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Gpg:
    """Make a key such as Ubuntu's of 2012: good for SHA-512, with a signature upon itself that has SHA-1."""
    return Gpg.make(tmp_path_factory.mktemp("gpg") / "home", *SHA1)


@needs_gpg
def test_a_key_signed_upon_itself_with_sha1_is_verified_by_gpgv(old: Gpg, verifier: str) -> None:
    assert verifier != "the library" or not sequoia.is_sound(old.keyring.keys[0])

    verified = verify_cleartext(old("--digest-algo", "SHA512", "--clearsign", stdin=TEXT), old.keyring, now=NOW)

    assert verified.content.rstrip() == TEXT.rstrip()
    assert verified.fingerprints == (old.keyring.keys[0].fingerprint,)


@needs_gpg
def test_gpgv_verifies_a_detached_signature_too(old: Gpg) -> None:
    signature = old("--digest-algo", "SHA512", "--armor", "--detach-sign", stdin=TEXT)

    assert verify_detached(TEXT, signature, old.keyring, now=NOW).content == TEXT
    with pytest.raises(VerificationError, match="does not fit"):
        verify_detached(TEXT + b"x", signature, old.keyring, now=NOW)


@needs_gpg
def test_gpgv_refuses_an_altered_byte(old: Gpg) -> None:
    altered = old("--digest-algo", "SHA512", "--clearsign", stdin=TEXT).replace(b"bionic", b"xenial")

    with pytest.raises(VerificationError, match="does not fit"):
        verify_cleartext(altered, old.keyring, now=NOW)


@needs_gpg
@pytest.mark.parametrize("line_end", [b"\r", b"\r\r\n"])
def test_a_signature_of_text_is_not_believed_on_other_line_ends(tmp_path: Path, line_end: bytes) -> None:
    """Someone in between can hand out what was signed as InRelease as a Release, with fields hidden in one line."""
    archive = Gpg.make(tmp_path / "home")
    signed = archive("--clearsign", stdin=TEXT)
    signature = signed[signed.index(b"-----BEGIN PGP SIGNATURE") :]
    other = TEXT.removesuffix(b"\n").replace(b"\n", line_end)

    with pytest.raises(VerificationError, match="lines that its signature does not cover"):
        verify_detached(other, signature, archive.keyring, now=NOW)


@needs_gpg
def test_the_end_of_a_line_that_gpgv_does_not_hash_is_refused(old: Gpg) -> None:
    line = b"Description: " + b"x" * 30_000
    signed = old("--digest-algo", "SHA512", "--clearsign", stdin=line + b"\n" + TEXT)

    with pytest.raises(VerificationError, match="lines that its signature does not cover"):
        verify_cleartext(signed.replace(line, line + b"evil"), old.keyring, now=NOW)


@needs_gpg
def test_data_signed_with_sha1_is_refused(old: Gpg, tmp_path: Path) -> None:
    sound = Gpg.make(tmp_path / "home")

    for key in (old, sound):
        weak = key("--digest-algo", "SHA1", "--allow-weak-digest-algos", "--clearsign", stdin=TEXT)
        with pytest.raises(VerificationError, match="too weakly"):
            verify_cleartext(weak, key.keyring, now=NOW)


@needs_gpg
def test_an_expired_key_with_sha1_upon_itself_is_refused(tmp_path: Path) -> None:
    past = ("--faked-system-time", "20200101T000000!", *SHA1)
    expired = Gpg.make(tmp_path / "home", *past, expires="1y")

    with pytest.raises(VerificationError, match="expired on 2020-12-31"):
        verify_cleartext(expired("--digest-algo", "SHA512", "--clearsign", stdin=TEXT), expired.keyring, now=NOW)


@needs_gpg
def test_an_expired_subkey_of_a_live_key_is_refused(tmp_path: Path) -> None:
    archive = Gpg.make(tmp_path / "home", "--faked-system-time", "20200101T000000!")
    primary = archive.keyring.keys[0].fingerprint
    archive("--passphrase", "", "--quick-add-key", primary, "rsa2048", "sign", "1y")

    key = archive.keyring.keys[0]
    signed = archive("--local-user", f"{key.signers[1].fingerprint}!", "--clearsign", stdin=TEXT)

    assert key.signers[0].expires is None
    with pytest.raises(VerificationError, match="expired on 2020-12-31"):
        verify_cleartext(signed, archive.keyring, now=NOW)


@needs_gpg
def test_a_gpgv_that_does_not_know_the_kind_of_key_is_said_to_be_old(tmp_path: Path, verifier: str) -> None:
    archive = Gpg.make(tmp_path / "home", algorithm="ed25519")
    signed = archive("--clearsign", stdin=TEXT)

    if verifier == "gpgv1":
        with pytest.raises(ToolMissingError, match="`gpgv` is too old here"):
            verify_cleartext(signed, archive.keyring, now=NOW)
    else:
        assert verify_cleartext(signed, archive.keyring, now=NOW).content.rstrip() == TEXT.rstrip()


@needs_gpg
def test_without_gpgv_its_lack_is_said(old: Gpg, monkeypatch: pytest.MonkeyPatch) -> None:
    content, keyring = old("--digest-algo", "SHA512", "--clearsign", stdin=TEXT), old.keyring
    monkeypatch.setenv("PATH", "")

    with pytest.raises(ToolMissingError, match="gpgv"):
        verify_cleartext(content, keyring, now=NOW)
