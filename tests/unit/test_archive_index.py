"""An index becomes a small file once, and gives the stanzas of a name, whatever it was compressed by."""

import gzip
import hashlib
import lzma
from pathlib import Path

import pytest

from xprov.apt.dpkg import Relation
from xprov.archive.candidate import parse_candidate
from xprov.archive.index import Archive, Index, build_index, open_index
from xprov.errors import VerificationError, XprovError

MAIN = b"""\
Package: libfoo-dev
Architecture: armhf
Version: 1.10-1
Depends: libfoo1 (= 1.10-1), libc-dev
Conflicts: libfoo-old-dev
Breaks: bar (<< 2)
Priority: optional
Filename: pool/main/f/foo/libfoo-dev_1.10-1_armhf.deb
Size: 1234
SHA256: 00ff

Package: libc6-dev
Architecture: armhf
Version: 2.36-9
Provides: libc-dev (= 2.36),
 libc-dev-bin:any , libc6-dev-armhf
Description: text that says
 Package: of something else

Package: tzdata
Architecture: all
Version: 2024a
"""


def build(folder: Path, content: bytes) -> Index:
    return build_index(folder, hashlib.sha256(content).hexdigest(), content)


@pytest.mark.parametrize("compress", [lzma.compress, gzip.compress, bytes], ids=["xz", "gz", "plain"])
def test_a_name_gives_its_stanza_however_the_index_is_compressed(tmp_path: Path, compress: type[bytes]) -> None:
    index = build(tmp_path, compress(MAIN))

    assert index.stanzas("libfoo-dev") == (MAIN.split(b"\n\n")[0],)
    assert index.stanzas("tzdata")[0].strip() == MAIN.split(b"\n\n")[2].strip()
    assert index.stanzas("of") == ()


def test_names_that_are_provided_are_found_on_every_line(tmp_path: Path) -> None:
    index = build(tmp_path, MAIN)

    assert [index.providers(name) for name in ("libc-dev", "libc-dev-bin", "libc6-dev-armhf", "libfoo-dev")] == [
        *[("libc6-dev",)] * 3,
        (),
    ]


def test_stanzas_are_parted_where_the_stream_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xprov.archive.index._CHUNK", 7)

    index = build(tmp_path, MAIN)

    assert index.stanzas("libc6-dev") == (MAIN.split(b"\n\n")[1],)


def test_an_index_without_packages_is_one(tmp_path: Path) -> None:
    assert build(tmp_path, gzip.compress(b"")).stanzas("libfoo-dev") == ()


def test_the_file_is_reused_for_the_same_hash_alone(tmp_path: Path) -> None:
    build_index(tmp_path, "aa", MAIN).close()

    reused = build_index(tmp_path, "aa", b"what is not looked at")

    assert len(reused.stanzas("tzdata")) == 1
    assert open_index(tmp_path, "bb") is None
    assert [path.name for path in tmp_path.iterdir()] == ["aa.1.sqlite"]


@pytest.mark.parametrize("left", [0, 50, 5000])
def test_a_file_that_was_cut_off_is_built_again(tmp_path: Path, left: int) -> None:
    build_index(tmp_path, "aa", MAIN).close()
    file = tmp_path / "aa.1.sqlite"
    file.write_bytes(file.read_bytes()[:left])

    assert open_index(tmp_path, "aa") is None
    assert len(build_index(tmp_path, "aa", MAIN).stanzas("tzdata")) == 1


@pytest.mark.parametrize("content", [lzma.compress(MAIN)[:-9], gzip.compress(MAIN)[:-9], b"\x1f\x8bnonsense"])
def test_an_index_that_cannot_be_decompressed_leaves_no_file(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(VerificationError, match="cannot be decompressed"):
        build(tmp_path, content)

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(XprovError, match="/file"):
        build(tmp_path / "file", MAIN)


def test_a_stanza_gives_what_is_needed_to_choose_and_to_fetch() -> None:
    candidate = parse_candidate(MAIN.split(b"\n\n")[0])

    assert candidate.name == "libfoo-dev"
    assert candidate.conflicts == (
        Relation(name="libfoo-old-dev"),
        Relation(name="bar", operator="<<", version="2"),
    )
    assert candidate.priority == 4
    assert (candidate.filename, candidate.size, candidate.sha256) == (
        "pool/main/f/foo/libfoo-dev_1.10-1_armhf.deb",
        1234,
        "00ff",
    )


def test_a_stanza_without_a_version_is_an_error() -> None:
    with pytest.raises(XprovError, match="no field 'Version'"):
        parse_candidate(b"Package: a\nArchitecture: all\n")


def archive(folder: Path, *contents: bytes) -> Archive:
    return Archive([build(folder, content) for content in contents])


def stanza(name: str, version: str, fields: str = "") -> bytes:
    return f"Package: {name}\nArchitecture: armhf\nVersion: {version}\n{fields}\n".encode()


def test_the_highest_version_of_several_indices_wins_in_debians_order(tmp_path: Path) -> None:
    indices = [stanza("a", "1.9"), stanza("a", "1.10") + stanza("a", "1.10~rc1"), stanza("a", "1.2")]

    found = archive(tmp_path, *indices).look_up("a")

    assert [candidate.package.version for candidate in found] == ["1.10"]


def test_of_the_same_version_the_first_index_counts(tmp_path: Path) -> None:
    found = archive(tmp_path, stanza("a", "1", "Filename: one\n"), stanza("a", "1", "Filename: two\n")).look_up("a")

    assert [candidate.filename for candidate in found] == ["one"]


def test_real_packages_come_with_those_that_provide_the_name(tmp_path: Path) -> None:
    found = archive(tmp_path, stanza("b", "1", "Provides: a\n"), stanza("a", "1")).look_up("a")

    assert [candidate.name for candidate in found] == ["a", "b"]


def test_what_a_higher_version_has_ceased_to_provide_is_not_provided(tmp_path: Path) -> None:
    found = archive(tmp_path, stanza("b", "1", "Provides: a\n"), stanza("b", "2"))

    assert found.look_up("a") == ()
