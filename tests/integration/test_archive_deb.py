"""Real packages, read by xprov and by dpkg-deb: the same files, but for the merge and the filter."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.in_step import source_of
from tests.integration.images import cache_folder
from tests.mirror import find_mirror
from tests.unit.deb_builder import Item, deb_bytes, tar_bytes

from xprov.archive.deb import Limits, open_data, read_control
from xprov.archive.tree import Deb, unpack
from xprov.errors import VerificationError
from xprov.target import find_target
from xprov.view.layout import is_kept, merged
from xprov.view.scan import linked, scan

ARMHF = find_target("armhf")
PACKAGES = ("libc6-dev", "libasound2-dev", "libdbus-1-dev", "libssl-dev", "zlib1g-dev", "zlib1g", "libc6")
SUITES = ("bookworm", "trixie")

Facts = dict[str, tuple[str, bytes | str]]
"""By path: the kind, and the content or the place that a link names."""


def run(*words: str, folder: Path | None = None) -> None:
    subprocess.run(words, check=True, cwd=folder, stdin=subprocess.DEVNULL)


def download(suite: str) -> tuple[Path, ...]:
    """Return PACKAGES of `suite`, as apt downloads and verifies them for armhf."""
    words = (find_mirror().archive, suite, *PACKAGES)
    key = hashlib.sha256("\0".join(words).encode()).hexdigest()[:12]
    folder = cache_folder() / "debs" / f"{suite}-{ARMHF.debian}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            fill(folder, source_of(suite, ARMHF.debian).line)
            (folder / "done").touch()
    return tuple(sorted(folder.glob("*.deb")))


def fill(folder: Path, line: str) -> None:
    apt = folder.with_name(f"{folder.name}.apt")
    shutil.rmtree(apt, ignore_errors=True)
    (apt / "state/lists/partial").mkdir(parents=True)
    (apt / "archives/partial").mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"{line}\n")
    settings = (
        *(f"APT::Architecture={ARMHF.debian}", f"APT::Architectures={ARMHF.debian}", "APT::Sandbox::User="),
        *(f"Dir::State={apt}/state", f"Dir::State::status={apt}/status", f"Dir::Cache={apt}"),
        *(f"Dir::Etc::sourcelist={apt}/sources.list", "Dir::Etc::sourceparts=/dev/null", "Acquire::Languages=none"),
    )
    options = [word for setting in settings for word in ("-o", setting)]
    run("apt-get", "-qq", *options, "update")
    run("apt-get", "-qq", *options, "download", *PACKAGES, folder=folder)
    shutil.rmtree(apt)


def facts(root: Path) -> Iterator[tuple[str, str, bytes | str]]:
    for folder, names, files in os.walk(root):
        for name in (*names, *files):
            place = Path(folder, name)
            path = str(place.relative_to(root))
            if place.is_symlink():
                yield path, "link", merged(linked(path, str(place.readlink())))
            else:
                yield path, *(("folder", b"") if place.is_dir() else ("file", place.read_bytes()))


def as_dpkg_has_it(deb: Path, place: Path, *, keep_all: bool) -> Facts:
    """Return what dpkg-deb unpacks, with its paths merged and what no build reads left out."""
    run("dpkg-deb", "--extract", str(deb), str(place))
    return {
        merged(path): (kind, content)
        for path, kind, content in facts(place)
        if kind != "folder" and (keep_all or is_kept(merged(path), ARMHF))
    }


def named(path: Path) -> Deb:
    return Deb(package=path.name.split("_", 1)[0], sha256=hashlib.sha256(path.read_bytes()).hexdigest(), path=path)


@pytest.mark.archive
@pytest.mark.parametrize("keep_all", [False, True], ids=["filtered", "all"])
@pytest.mark.parametrize("suite", SUITES)
def test_real_packages_are_unpacked_as_dpkg_deb_does(suite: str, keep_all: bool, tmp_path: Path) -> None:  # noqa: FBT001
    debs = download(suite)
    assert len(debs) == len(PACKAGES)
    for deb in debs:
        tree = unpack(named(deb), tmp_path / "trees", ARMHF, keep_all=keep_all)

        found = {path: (kind, content) for path, kind, content in facts(tree.root) if kind != "folder"}
        expected = as_dpkg_has_it(deb, tmp_path / deb.name, keep_all=keep_all)
        assert found.keys() == expected.keys(), deb.name
        assert found == expected, deb.name


@pytest.mark.archive
@pytest.mark.parametrize("suite", SUITES)
def test_a_view_can_be_scanned_from_the_trees(suite: str, tmp_path: Path) -> None:
    trees = [unpack(named(deb), tmp_path / "trees", ARMHF) for deb in download(suite)]

    entries = {entry.path: entry for entry in scan(trees, ARMHF)}

    header, library = entries["usr/include/openssl/ssl.h"], entries[f"usr/lib/{ARMHF.triplet}/libz.so.1"]
    assert header.source.is_file()
    assert library.final is not None
    assert library.final.is_file()


@pytest.mark.archive
@pytest.mark.parametrize("suite", SUITES)
def test_the_stanza_of_a_real_package_is_read(suite: str) -> None:
    for deb in download(suite):
        assert f"Package: {named(deb).package}\n".encode() in read_control(deb)


def zst_package(place: Path, content: bytes, *, cut: int = 0) -> Path:
    zstd = shutil.which("zstd")
    if zstd is None:
        pytest.skip("the program zstd is not installed")
    packed = subprocess.run([zstd, "-q", "-c"], input=content, stdout=subprocess.PIPE, check=True).stdout
    deb = place / "example.deb"
    deb.write_bytes(deb_bytes(packed[: len(packed) - cut], suffix=".zst"))
    return deb


def read(deb: Path, limits: Limits) -> dict[str, bytes]:
    with open_data(deb, limits) as reader:
        return {member.path: b"".join(reader.content()) for member in reader}


def test_zst_is_read(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    deb = zst_package(tmp_path, tar_bytes([Item(path="usr/lib/large.a", content=content)]))

    assert read(deb, Limits()) == {"usr/lib/large.a": content}


def test_zst_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    deb = zst_package(tmp_path, tar_bytes([Item(path="a", content=bytes(range(256)) * 4_000)]), cut=8)

    with pytest.raises(VerificationError, match="is broken"):
        read(deb, Limits())


def test_zst_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    deb = zst_package(tmp_path, tar_bytes([Item(path="zeros", content=bytes(32 << 20))]))

    with pytest.raises(VerificationError, match=r"is broken|unpacks to more"):
        read(deb, Limits(ratio_from=1 << 20))
