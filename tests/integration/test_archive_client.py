"""A suite that is opened from what the cache has: no host is asked."""

import hashlib
import lzma
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

import pysequoia
import pytest

from xprov.archive.client import Reading, open_suite
from xprov.archive.index import build_index
from xprov.archive.kept import write_kept
from xprov.archive.locations import Access
from xprov.archive.suites import find_suite
from xprov.cache import Cache
from xprov.errors import NetworkError, UnsatisfiableError, UsageError
from xprov.target import find_target

NOW = datetime.now(timezone.utc)
MIRROR = "http://mirror.example.org/ubuntu"
SUITE = find_suite("ubuntu", "jammy")


@cache
def key() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate("test <test@example.org>")


def stanza(version: str) -> bytes:
    return (
        f"Package: libfoo-dev\nArchitecture: armhf\nVersion: {version}\nFilename: pool/{version}.deb\nSize: 5\n"
        f"SHA256: {'ab' * 32}\n\n"
    ).encode()


@dataclass(kw_only=True)
class Kept:
    """A cache, and what was warned of when it was read."""

    cache: Cache
    keyring: Path
    warnings: list[str] = field(default_factory=list)

    def keep(self, part: str, version: str | None, **fields: str) -> None:
        """Put a release file of `part` into the cache, with the index that it names unless `version` is None."""
        index = lzma.compress(stanza(version or "1"))
        sha256 = hashlib.sha256(index).hexdigest()
        said = {"Origin": "Ubuntu", "Suite": part, "Codename": "jammy", "Date": date(-1), **fields}
        rows = f"SHA256:\n {sha256} {len(index)} {fields.pop('Path', 'main/binary-armhf/Packages.xz')}\n"
        text = "".join(f"{name}: {value}\n" for name, value in said.items() if name != "Path") + rows
        signed = pysequoia.sign(key().signer(), text.encode(), mode=pysequoia.SignatureMode.CLEAR)
        for folder in self.cache.kinds:
            folder.mkdir(parents=True, exist_ok=True)
        # What the module of releases calls it.
        name = hashlib.sha256(f"{MIRROR} {part}".encode()).hexdigest()
        write_kept(self.cache.releases / name, signed)
        if version is not None:
            (self.cache.path / "packed").write_bytes(index)
            build_index(self.cache.indices, sha256, self.cache.path / "packed").close()

    def read(self, *, without: tuple[str, ...] = ()) -> Mapping[str, str]:
        """Return the parts that were had, and the version of the library."""
        reading = Reading(
            access=Access(mirror=MIRROR, keyring=self.keyring, offline=True),
            own=(),
            host_suite="",
            cache=self.cache,
            now=datetime.now(timezone.utc),
            warn=self.warnings.append,
            progress=lambda _text: None,
            without=without,
        )
        assert SUITE
        with open_suite(SUITE, find_target("armhf"), reading) as opened:
            (found,) = opened.archive.look_up("libfoo-dev")
            return {"parts": " ".join(part.part.name for part in opened.parts), "version": found.package.version}


def date(days: float) -> str:
    return (NOW + timedelta(days=days)).strftime("%a, %d %b %Y %H:%M:%S UTC")


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    (tmp_path / "key.pgp").write_bytes(bytes(key().extract_certificate()))
    return Kept(cache=Cache(path=tmp_path / "cache"), keyring=tmp_path / "key.pgp")


def test_all_parts_are_read_together_and_the_highest_version_counts(kept: Kept) -> None:
    kept.keep("jammy", "1.0")
    kept.keep("jammy-updates", "1.2")
    kept.keep("jammy-security", "1.1")

    assert kept.read() == {"parts": "jammy jammy-updates jammy-security", "version": "1.2"}
    assert kept.warnings == []


def test_a_part_that_is_passed_over_is_not_asked_for(kept: Kept) -> None:
    kept.keep("jammy", "1.0")
    kept.keep("jammy-updates", "1.2")
    kept.keep("jammy-security", "1.1")

    assert kept.read(without=("jammy-updates",))["version"] == "1.1"
    assert kept.warnings == []


def test_offline_a_side_suite_that_is_not_there_is_left_out_and_the_base_suite_is_missed(kept: Kept) -> None:
    kept.keep("jammy", "1.0")

    assert kept.read() == {"parts": "jammy", "version": "1.0"}
    assert sorted(kept.warnings) == [
        f"going on without `{part}`: offline, and the cache has no release file of `{part}` from `{MIRROR}`"
        for part in ("jammy-security", "jammy-updates")
    ]

    for path in kept.cache.releases.iterdir():
        path.unlink()
    with pytest.raises(NetworkError, match="no release file of `jammy`") as caught:
        kept.read()
    assert caught.value.hint == "run the same once without --offline"


def test_offline_an_index_that_is_not_there_is_named(kept: Kept) -> None:
    kept.keep("jammy", None)

    with pytest.raises(NetworkError, match="no package index of `jammy` for armhf"):
        kept.read()


def test_offline_what_has_expired_is_all_there_is(kept: Kept) -> None:
    kept.keep("jammy", "1.0", **{"Valid-Until": date(-0.5)})

    assert kept.read()["version"] == "1.0"


def test_a_suite_without_the_architecture_is_told_from_one_that_is_not_there(kept: Kept) -> None:
    kept.keep("jammy", "1.0", Path="main/binary-amd64/Packages.xz")

    with pytest.raises(UnsatisfiableError, match=f"`jammy` has no packages for armhf at `{MIRROR}`"):
        kept.read()


def test_what_is_kept_is_verified_each_time(kept: Kept) -> None:
    kept.keep("jammy", "1.0")
    kept.keep("jammy-updates", "1.2")
    updates = kept.cache.releases / hashlib.sha256(f"{MIRROR} jammy-updates".encode()).hexdigest()
    updates.write_bytes(updates.read_bytes().replace(b"Origin: Ubuntu", b"Origin: Ubunty"))

    assert kept.read()["version"] == "1.0"


def test_a_keyring_that_is_gone_is_said(kept: Kept) -> None:
    kept.keep("jammy", "1.0")
    kept.keyring.unlink()

    with pytest.raises(UsageError, match=r"key\.pgp` cannot be read"):
        kept.read()


def test_an_index_is_closed_whatever_happens(kept: Kept) -> None:
    kept.keep("jammy", None)
    kept.keep("jammy-updates", "1.2")

    # pytest is told of files that are left open.
    with pytest.raises(NetworkError):
        kept.read()
