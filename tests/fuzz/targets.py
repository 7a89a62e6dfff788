"""What reads bytes that others have made, as functions of bytes: each ends, with nothing but `XprovError` raised.

`seeds` are sound inputs of each, to be changed; `WORDS` are what its format is made of.
"""

import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from functools import cache
from itertools import islice

import pysequoia
from tests.unit.deb_builder import CONTROL, Item, ar_member, folder, hard_link, link, tar_bytes

from xprov.archive.ar import read_deb_members
from xprov.archive.candidate import parse_candidate
from xprov.archive.deb import DebReader, Limits
from xprov.archive.inflate import inflate
from xprov.archive.keyring import Keyring
from xprov.archive.release import Asked, read_release
from xprov.archive.signature import verify_cleartext, verify_detached
from xprov.archive.stanzas import names_in, pieces, providers_of, stanzas_of
from xprov.archive.tarstream import TarStream
from xprov.errors import XprovError

Target = Callable[[bytes], object]

NOW = datetime(2026, 7, 20, 12, 0, tzinfo=timezone.utc)
# Little enough that a bomb is noticed.
_LIMITS = Limits(total=4 << 20, members=500)


def ar(data: bytes) -> None:
    """Read the container of a package."""
    with suppress(XprovError):
        members = read_deb_members(io.BytesIO(data), "x.deb")
        for member in (members.control, members.data):
            assert 0 <= member.offset <= member.offset + member.size <= len(data)


def tar(data: bytes) -> None:
    """Read what a package is unpacked to, and the content of each file."""
    pieces_of_it = (data[at : at + 700] for at in range(0, len(data), 700))
    reader = DebReader(TarStream(pieces_of_it, "x.deb", _LIMITS.total), "x.deb", _LIMITS)
    size = 0
    with suppress(XprovError):
        for member in reader:
            assert not member.path.startswith("/")
            assert ".." not in member.path.split("/")
            size += sum(map(len, reader.content()))
    assert size <= len(data)


def packed(data: bytes) -> None:
    """Decompress a member of a package; the first byte says how."""
    name = ("data.tar", "data.tar.gz", "data.tar.xz")[data[0] % 3 if data else 0]
    with suppress(XprovError):
        size = 0
        for piece in inflate(io.BytesIO(data[1:]), name, "x.deb", _LIMITS.total):
            size += len(piece)
            if size > _LIMITS.total:
                break


def stanzas(data: bytes) -> None:
    """Cut an index into stanzas, find the names in it, and understand them."""
    chunks = [data[at : at + 50] for at in range(0, len(data), 50)]
    with suppress(XprovError):
        cut = list(pieces(chunks))
        assert b"".join(cut) == b"\n\n" + data
        for piece in cut:
            for name in islice(dict.fromkeys(names_in(piece)), 20):
                list(providers_of(piece, name))
                for stanza in stanzas_of(piece, name):
                    with suppress(XprovError):
                        _require_harmless(stanza)


def _require_harmless(stanza: bytes) -> None:
    candidate = parse_candidate(stanza)
    assert candidate.size > 0
    assert len(candidate.sha256) == 64
    assert ".." not in candidate.filename.split("/")
    assert not candidate.filename.startswith("/")


def release(data: bytes) -> None:
    """Read a release file whose signature was right."""
    with suppress(XprovError):
        found = read_release(data, Asked(suite="bookworm", origin="Debian"), now=NOW)
        assert found.origin == "Debian"
        assert not any(".." in path.split("/") or path.startswith("/") for path in found.sha256)
        for architecture in found.architectures[:3]:
            found.index_for("main", architecture)


def signed(data: bytes) -> None:
    """Verify a release file, with its signature in it or behind it. Only what the key has signed may come out."""
    with suppress(XprovError):
        assert verify_cleartext(data, _keyring(), now=datetime.now(timezone.utc)).content.rstrip() == _TEXT.rstrip()
    content, _, signature = data.partition(b"\0\0")
    with suppress(XprovError):
        assert verify_detached(content, signature, _keyring(), now=datetime.now(timezone.utc)).content == _TEXT


def keys(data: bytes) -> None:
    """Read keys that a user's sources name."""
    with suppress(XprovError):
        assert Keyring.load(data).keys


_TEXT = b"Origin: Debian\nSuite: stable\n- a line with a dash\nSHA256:\n"


@cache
def _key() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate("fuzz <fuzz@example.org>", validity_seconds=365 * 86400)


@cache
def _keyring() -> Keyring:
    return Keyring.load(bytes(_key().extract_certificate()))


def _tars() -> list[bytes]:
    items = [
        folder("./"),
        folder("./usr"),
        Item(path="./usr/" + "n" * 150, content=b"x" * 600),
        Item(path="./usr/é", content=b"", mode=0o755),
        link("./usr/link", "../usr/é"),
        hard_link("./usr/hard", "./usr/é"),
    ]
    return [tar_bytes(items, form=form) for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)]


def _ars() -> list[bytes]:
    inner = tar_bytes([Item(path="./control", content=CONTROL)])
    names = [("control.tar.xz", "data.tar.xz"), ("control.tar.gz", "data.tar"), ("control.tar", "data.tar.zst")]
    return [
        b"!<arch>\n" + ar_member("debian-binary", b"2.0\n") + ar_member(one, inner[:99]) + ar_member(two, b"odd")
        for one, two in names
    ]


_STANZAS = (
    b"Package: libfoo-dev\nArchitecture: armhf\nVersion: 1:2.0~rc1-3+b1\nMulti-Arch: same\nPriority: optional\n"
    b"Depends: libfoo1 (= 1:2.0~rc1-3+b1), libbar-dev (>> 2) | bar:any, baz [armhf] <!nocheck>\n"
    b"Provides: libfoo2-dev (= 2), foo-abi-2,\n libfoo-virtual\nConflicts: old (<< 1)\n"
    b"Filename: pool/main/f/foo/libfoo-dev_2.0_armhf.deb\nSize: 12345\nSHA256: " + b"ab" * 32 + b"\n"
)
_RELEASE = (
    b"Origin: Debian\nLabel: Debian\nSuite: oldstable\nCodename: bookworm\nDate: Sat, 11 Jul 2026 10:16:37 UTC\n"
    b"Valid-Until: Sat, 18 Jul 2027 10:16:37 UTC\nAcquire-By-Hash: yes\nArchitectures: all amd64 armhf\n"
    b"Components: main updates/main\nSHA256:\n " + b"a" * 64 + b" 850 main/binary-armhf/Packages.xz\n "
    b"" + b"b" * 64 + b" 1168 main/binary-armhf/Packages.gz\n"
)


def _messages() -> list[bytes]:
    clear = pysequoia.sign(_key().signer(), _TEXT, mode=pysequoia.SignatureMode.CLEAR)
    detached = pysequoia.sign(_key().signer(), _TEXT, mode=pysequoia.SignatureMode.DETACHED)
    return [clear, _TEXT + b"\0\0" + detached]


def _certificates() -> list[bytes]:
    certificate = _key().extract_certificate()
    folded = "".join(f"\n {line or '.'}" for line in str(certificate).splitlines())
    return [bytes(certificate), str(certificate).encode(), folded.encode()]


TARGETS: Mapping[str, Target] = {
    "ar": ar,
    "tar": tar,
    "packed": packed,
    "stanzas": stanzas,
    "release": release,
    "signed": signed,
    "keys": keys,
}


_SEEDS: Mapping[str, Callable[[], Sequence[bytes]]] = {
    "ar": _ars,
    "tar": _tars,
    "packed": lambda: [b"\0plain", b"\1" + gzip.compress(b"x" * 5000), b"\2" + lzma.compress(b"x" * 5000)],
    "stanzas": lambda: [_STANZAS, _STANZAS + b"\n" + _STANZAS.replace(b"libfoo-dev", b"second")],
    "release": lambda: [_RELEASE],
    "signed": _messages,
    "keys": _certificates,
}


@cache
def seeds(name: str) -> Sequence[bytes]:
    """Return sound inputs of a target."""
    return _SEEDS[name]()


WORDS: Mapping[str, Sequence[bytes]] = {
    "ar": (b"!<arch>\n", b"`\n", b"-1        ", b"9999999999", b"/", b"debian-binary   ", b"0x10"),
    "tar": (
        b"ustar\0",
        b"../",
        b"\x80\0\0\0\0\0\0\0\0\0\0\1",
        b"L",
        b"x",
        b"g",
        b"GNU.sparse.map=1",
        b"1",
        b"2",
        b"77777",
    ),
    "packed": (b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"\0\0\0\0"),
    "stanzas": (
        b"\n\n",
        b"\nPackage:",
        b"\nProvides:",
        b"\n ",
        b" | ",
        b" (>= ",
        b")",
        b"<",
        b"[",
        b"../",
        b"Size: 0\n",
    ),
    "release": (b"\n ", b"SHA256:", b"Date:", b"..", b"/", b"99999999999999999999", b"UTC", b"\r", b"\xff", b"+9999"),
    "signed": (
        b"-----BEGIN PGP SIGNED MESSAGE-----\n",
        b"-----END PGP SIGNATURE-----\n",
        b"\n\n",
        b"- ",
        b"\r\n",
        b"\0\0",
    ),
    "keys": (b"-----BEGIN PGP PUBLIC KEY BLOCK-----", b"\n.", b"\n ", b"=AAAA", b"\x99\xff\xff", b"\0"),
}
