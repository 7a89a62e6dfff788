"""An index becomes a small file once, and gives the stanzas of a name, whatever it was compressed by."""

import gzip
import hashlib
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from xprov.apt.dpkg import Relation
from xprov.archive.candidate import parse_candidate
from xprov.archive.index import Archive, Index, build_index, open_index
from xprov.errors import VerificationError, XprovError

SHA256 = "00ff" * 16

MAIN = f"""\
Package: libfoo-dev
Architecture: armhf
Version: 1.10-1
Depends: libfoo1 (= 1.10-1), libc-dev
Conflicts: libfoo-old-dev
Breaks: bar (<< 2)
Priority: optional
Filename: pool/main/f/foo/libfoo-dev_1.10-1_armhf.deb
Size: 1234
SHA256: {SHA256}

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
""".encode()

FOO, LIBC, TZDATA = MAIN.rstrip().split(b"\n\n")
COMPRESSIONS = pytest.mark.parametrize("compress", [lzma.compress, gzip.compress, bytes], ids=["xz", "gz", "plain"])

Build = Callable[[bytes], Index]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    """Build an index in the folder `indices`; it is closed at the end."""
    with ExitStack() as opened:
        yield lambda content: opened.enter_context(_build(tmp_path, content))


def _build(folder: Path, content: bytes, sha256: str | None = None) -> Index:
    packed = folder / "packed"
    packed.write_bytes(content)
    return build_index(folder / "indices", sha256 or hashlib.sha256(content).hexdigest(), packed)


def _files(folder: Path) -> list[str]:
    return [path.name for path in (folder / "indices").iterdir()]


@COMPRESSIONS
def test_a_name_gives_its_stanza_however_the_index_is_compressed(build: Build, compress: type[bytes]) -> None:
    index = build(compress(MAIN))

    assert index.stanzas("libfoo-dev") == (FOO,)
    assert index.stanzas("tzdata") == (TZDATA,)
    assert index.stanzas("of") == ()


@pytest.mark.parametrize("name", ["", "libfoo", "libfoo-dev2", "zzz", "libfoo-dev\t000000", "\n", "\udcff"])
def test_a_name_that_is_not_there_gives_nothing(build: Build, name: str) -> None:
    index = build(MAIN)

    assert index.stanzas(name) == ()
    assert index.providers(name) == ()


def test_names_that_are_provided_are_found_on_every_line(build: Build) -> None:
    index = build(MAIN)

    assert [index.providers(name) for name in ("libc-dev", "libc-dev-bin", "libc6-dev-armhf", "libfoo-dev")] == [
        *[("libc6-dev",)] * 3,
        (),
    ]


def test_a_stanza_that_begins_with_another_field_is_found_whole(build: Build) -> None:
    odd = b"Provides: c\nVersion: 1\nPackage:b\nArchitecture: all"

    index = build(b"\n\n\n".join([FOO, odd, TZDATA]))

    assert index.stanzas("b") == (odd,)
    assert index.providers("c") == ("b",)
    assert index.stanzas("libfoo-dev") == (FOO,)
    assert index.stanzas("tzdata") == (TZDATA,)


def test_a_stanza_of_no_package_is_part_of_no_other(build: Build) -> None:
    index = build(b"\n\n".join([b"Origin: x", FOO, b"Provides: nothing", TZDATA]))

    assert index.stanzas("libfoo-dev") == (FOO,)
    assert index.providers("nothing") == ()


@COMPRESSIONS
def test_stanzas_are_parted_where_the_stream_is_cut(
    build: Build, compress: type[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xprov.archive.chunks._CHUNK", 7)
    monkeypatch.setattr("xprov.archive.chunks._READ", 5)

    index = build(compress(MAIN))

    assert index.stanzas("libc6-dev") == (LIBC,)
    assert index.providers("libc-dev-bin") == ("libc6-dev",)


def test_each_of_many_names_is_found_among_all(build: Build) -> None:
    names = [f"p{number * 7 % 601}" for number in range(601)]

    index = build(b"".join(stanza(name, "1", f"Provides: all, v-{name}\n") for name in names))

    assert [len(index.stanzas(name)) for name in names] == [1] * len(names)
    assert all(index.stanzas(name)[0].startswith(f"Package: {name}\n".encode()) for name in names)
    assert [index.providers(f"v-{name}") for name in names] == [(name,) for name in names]
    assert index.providers("all") == tuple(names)


def test_a_package_that_provides_its_own_name_is_one_package(build: Build) -> None:
    index = build(stanza("a", "1", "Provides: a (= 2), a (= 3)\n"))

    assert len(index.stanzas("a")) == 1
    assert index.providers("a") == ("a",)


def test_an_index_without_packages_is_one(build: Build) -> None:
    assert build(gzip.compress(b"")).stanzas("libfoo-dev") == ()


@pytest.mark.parametrize("parts", [(gzip.compress(FOO), gzip.compress(MAIN[len(FOO) :]), b"\0" * 512)])
def test_streams_one_behind_the_other_are_one_index(build: Build, parts: tuple[bytes, ...]) -> None:
    index = build(b"".join(parts))

    assert index.stanzas("libfoo-dev") == (FOO,)
    assert index.stanzas("tzdata") == (TZDATA,)


def test_the_file_is_reused_for_the_same_hash_alone(tmp_path: Path) -> None:
    _build(tmp_path, MAIN, "aa").close()

    with _build(tmp_path, b"what is not looked at", "aa") as reused:
        assert len(reused.stanzas("tzdata")) == 1
    assert open_index(tmp_path / "indices", "bb") is None
    assert _files(tmp_path) == ["aa.2.index"]


def test_a_file_that_was_cut_off_or_not_written_out_is_built_again(tmp_path: Path) -> None:
    _build(tmp_path, MAIN, "aa").close()
    file = tmp_path / "indices" / "aa.2.index"
    whole = file.read_bytes()

    for left in range(len(whole)):
        file.write_bytes(whole[:left])
        assert open_index(file.parent, "aa") is None
    for content in (whole + b"\0", whole[1:], bytes(len(whole)), bytes(len(whole) - 24) + whole[-24:]):
        file.write_bytes(content)
        assert open_index(file.parent, "aa") is None

    with _build(tmp_path, MAIN, "aa") as index:
        assert len(index.stanzas("tzdata")) == 1


def test_a_changed_byte_is_never_taken_for_the_archives_word(tmp_path: Path) -> None:
    _build(tmp_path, MAIN, "aa").close()
    file = tmp_path / "indices" / "aa.2.index"
    whole = file.read_bytes()

    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        index = open_index(file.parent, "aa")
        if index is not None:
            with index, pytest.raises(XprovError, match="damaged"):
                [index.stanzas(name) for name in ("libc6-dev", "libfoo-dev", "tzdata")]
            assert not file.exists()


@pytest.mark.parametrize(
    "content", [lzma.compress(MAIN)[:-9], gzip.compress(MAIN)[:-9], b"\x1f\x8bnonsense", lzma.compress(MAIN) + b"more"]
)
def test_an_index_that_cannot_be_decompressed_leaves_no_file(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(VerificationError, match="cannot be decompressed"):
        _build(tmp_path, content)

    assert _files(tmp_path) == []


def test_an_index_that_unpacks_to_a_gibibyte_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xprov.archive.chunks._MOST", 1 << 20)

    with pytest.raises(VerificationError, match="more than 1 MiB"):
        _build(tmp_path, gzip.compress(b"\n" * (2 << 20)))

    assert _files(tmp_path) == []


def test_a_stanza_of_many_megabytes_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match="a stanza of more than 4 MiB"):
        _build(tmp_path, gzip.compress(b"Package: " + b"x" * (5 << 20)))


def test_an_index_of_more_names_than_any_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xprov.archive.index._MOST", 5)

    with pytest.raises(VerificationError, match="more than 5 names"):
        _build(tmp_path, MAIN)


def test_an_index_that_asks_for_gibibytes_of_memory_is_refused(tmp_path: Path) -> None:
    packed = lzma.compress(MAIN)
    # The .xz file format, 2.1.1, 3.1 and 5.3.1: behind 12 bytes of the stream's header that of the block, whose
    # fifth byte says how far back the decompressor must remember, and whose last four are its checksum.
    header = packed[12 : 12 + 4 * (packed[12] + 1)]
    greedy = header[:4] + b"\x28" + header[5:-4]

    with pytest.raises(VerificationError, match=r"[Mm]emory"):
        _build(tmp_path, packed.replace(header, greedy + zlib.crc32(greedy).to_bytes(4, "little")))


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "indices").touch()

    with pytest.raises(XprovError, match="/indices"):
        _build(tmp_path, MAIN)


def test_a_fetched_file_that_is_gone_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(XprovError, match="/gone"):
        build_index(tmp_path / "indices", "aa", tmp_path / "gone")


def test_a_stanza_gives_what_is_needed_to_choose_and_to_fetch() -> None:
    candidate = parse_candidate(FOO, "security")

    assert candidate.name == "libfoo-dev"
    assert candidate.conflicts == (
        Relation(name="libfoo-old-dev"),
        Relation(name="bar", operator="<<", version="2"),
    )
    assert candidate.priority == 4
    assert (candidate.filename, candidate.size, candidate.sha256, candidate.origin) == (
        "pool/main/f/foo/libfoo-dev_1.10-1_armhf.deb",
        1234,
        SHA256,
        "security",
    )


def test_a_stanza_without_a_version_is_an_error() -> None:
    with pytest.raises(XprovError, match="no field 'Version'"):
        parse_candidate(b"Package: a\nArchitecture: all\n")


@pytest.mark.parametrize(
    "line",
    [
        *("SHA256:", f"SHA256: {SHA256[1:]}", f"SHA256: {SHA256}0", f"SHA256: {SHA256[1:]}g"),
        *("Size:", "Size: 0", "Size: -1", "Size: 1.5", "Size: ٣", f"Size: {10**30}"),
        *(
            "Filename:",
            "Filename: /etc/passwd",
            "Filename: ../a.deb",
            "Filename: pool/../../a.deb",
            "Filename: pool//a",
        ),
        *("Filename: pool/%2e%2e/a.deb", "Filename: pool/a.deb?b", "Filename: pool/.", "Filename: pool/a\x1b.deb"),
    ],
)
def test_a_file_that_no_archive_can_have_is_refused(line: str) -> None:
    with pytest.raises(VerificationError, match=rf"`{line.partition(':')[0]}`.* of `a`"):
        parse_candidate(stanza("a", "1", f"{line}\n"))


@pytest.mark.parametrize("name", ["Filename", "Size", "SHA256"])
def test_a_package_of_which_nothing_is_said_about_its_file_is_refused(name: str) -> None:
    lines = [line for line in FOO.splitlines() if not line.startswith(name.encode())]

    with pytest.raises(VerificationError, match=f"no `{name}` of `libfoo-dev`"):
        parse_candidate(b"\n".join(lines))


def stanza(name: str, version: str, fields: str = "") -> bytes:
    given = {line.split(":")[0] for line in fields.splitlines()}
    file = {"Filename": "a.deb", "Size": "1", "SHA256": SHA256}
    others = "".join(f"{key}: {value}\n" for key, value in file.items() if key not in given)
    return f"Package: {name}\nArchitecture: armhf\nVersion: {version}\n{others}{fields}\n".encode()


def archive(build: Build, *contents: bytes) -> Archive:
    return Archive([(f"part {number}", build(content)) for number, content in enumerate(contents)])


def test_the_highest_version_of_several_indices_wins_in_debians_order(build: Build) -> None:
    indices = [stanza("a", "1.9"), stanza("a", "1.10") + stanza("a", "1.10~rc1"), stanza("a", "1.2")]

    found = archive(build, *indices).look_up("a")

    assert [(candidate.package.version, candidate.origin) for candidate in found] == [("1.10", "part 1")]


def test_of_the_same_version_the_first_index_counts(build: Build) -> None:
    found = archive(build, stanza("a", "1", "Filename: one\n"), stanza("a", "1", "Filename: two\n")).look_up("a")

    assert [(candidate.filename, candidate.origin) for candidate in found] == [("one", "part 0")]


def test_real_packages_come_with_those_that_provide_the_name(build: Build) -> None:
    found = archive(build, stanza("b", "1", "Provides: a\n"), stanza("a", "1")).look_up("a")

    assert [candidate.name for candidate in found] == ["a", "b"]


def test_what_a_higher_version_has_ceased_to_provide_is_not_provided(build: Build) -> None:
    found = archive(build, stanza("b", "1", "Provides: a\n"), stanza("b", "2"))

    assert found.look_up("a") == ()
