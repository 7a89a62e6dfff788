"""`xprov suites` beside an archive on loopback: the table, and the measurement that is written into recipes."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.archive_builder import Package, Server, SigningKey, Suite, serve, write_suite
from tests.integration.unpacked import unpack
from tests.unit.commands import Xprov
from tests.unit.elf_builder import Shared
from tests.unit.recipes import write_recipe

from xprov.archive.locations import parts_of
from xprov.archive.suites import Suite as KnownSuite
from xprov.catalog import load_catalog
from xprov.measure import measure_floor
from xprov.recipe import read_recipe
from xprov.suite_choice import candidates
from xprov.target import find_target

pytestmark = pytest.mark.skipif(
    not (shutil.which("gpg") and shutil.which("dpkg-deb")), reason="no gpg and dpkg-deb to build an archive with"
)

# What `libfoo` needs of glibc in a suite, and what its package says that it needs.
NEEDS = {"bullseye": ("2.29", "2.31"), "bookworm": ("2.34", "2.36")}
ABSENT = ("focal", "xenial")
FOLDER = "usr/lib/arm-linux-gnueabihf"


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """The archive, how it is named to `xprov suites`, and the one recipe for what it has."""

    server: Server
    words: tuple[str, ...]
    recipe: Path


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """Serve all suites, but two, of which bullseye and bookworm have a library, with a floor of its own in each."""
    key = SigningKey.make(tmp_path / "key")
    for suite in candidates():
        if suite.codename not in ABSENT:
            _write(tmp_path / "hosts", suite, key)
    (tmp_path / "key.pgp").write_bytes(key.public)
    recipe = write_recipe(tmp_path / "recipes", "foo", ('modules = ["foo-1.0"]\n', ""), ('"pkg-config"', '"link"'))
    with serve(tmp_path / "hosts") as server:
        mirror = ("--mirror", f"{server.uri}/debian", "--keyring", str(tmp_path / "key.pgp"))
        yield Archive(server=server, words=(*mirror, "--recipes", str(recipe.parent)), recipe=recipe)


@pytest.fixture
def xprov(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Xprov:
    """Return the program with a cache of its own."""
    monkeypatch.setenv("XPROV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return Xprov(capsys=capsys)


def _write(hosts: Path, suite: KnownSuite, key: SigningKey) -> None:
    name = suite.distribution.capitalize()
    packages = _packages(suite.codename) if suite.codename in NEEDS else []
    base = Suite(name=suite.codename, packages=packages, origin=name, label=name, listed=("armhf",))
    write_suite(hosts / "debian", base, key)
    if suite.distribution == "debian":
        # Without it the real one would be asked.
        security = next(part.name for part in parts_of(suite) if part.security)
        empty = Suite(name=security, packages=[], origin=name, label="Debian-Security", listed=("armhf",))
        write_suite(hosts / "debian-security", empty, key)


def _packages(codename: str) -> list[Package]:
    needed, said = NEEDS[codename]
    library = Shared(soname="libfoo.so", needed=["libc.so.6"], versions={"libc.so.6": [f"GLIBC_{needed}"]})
    return [
        Package(
            name="libfoo-dev",
            version=f"1.0+{codename}",
            architecture="armhf",
            fields={"Depends": f"libc6 (>= {said})"},
            files={f"{FOLDER}/libfoo.so": library.content(), "usr/include/foo.h": b""},
        ),
        Package(name="libc6", version="2.99", architecture="armhf"),
    ]


def test_the_table_has_the_versions_of_the_archives_that_answer(archive: Archive, xprov: Xprov) -> None:
    seen = xprov("suites", "foo", "--target", "armhf", *archive.words)

    lines = {line.split()[0]: line.split() for line in seen.out.splitlines()}
    assert seen.code == 0
    assert lines["debian:bookworm"] == ["debian:bookworm", "2.36", "1.0+bookworm", "<=", "2.36", "manylinux_2_36"]
    assert lines["debian:bullseye"] == ["debian:bullseye", "2.31", "1.0+bullseye", "<=", "2.31", "manylinux_2_31"]
    assert lines["ubuntu:focal"] == ["ubuntu:focal", "2.31", "-", "<=", "2.31", "manylinux_2_31"]
    assert lines["ubuntu:jammy"] == ["ubuntu:jammy", "2.35", "-", "-", "-", "not", "to", "be", "had", "there"]


def test_archives_that_do_not_answer_are_named_once(archive: Archive, xprov: Xprov) -> None:
    seen = xprov("suites", "foo", "--target", "armhf", *archive.words)

    (warning,) = [line for line in seen.err.splitlines() if line.startswith("warning: ")]
    assert "no answer for ubuntu:focal, ubuntu:xenial: " in warning


def test_measuring_writes_what_the_elf_files_need_into_the_recipe(archive: Archive, xprov: Xprov) -> None:
    before = archive.recipe.read_bytes()

    seen = xprov("suites", "--measure", "--target", "armhf", *archive.words)

    assert seen.code == 0
    assert archive.recipe.read_bytes() == before + (
        b"\n[floors]\n# Measured by `xprov suites --measure`.\n"
        b'"debian:bullseye" = { armhf = "2.29" }\n"debian:bookworm" = { armhf = "2.34" }\n'
    )
    assert f"foo: 2 floors, {archive.recipe} rewritten" in seen.err
    assert "not measured: ubuntu:resolute armhf foo, debian:trixie armhf foo, " in seen.err
    assert ", ubuntu:focal armhf, " in seen.err


def test_what_was_measured_is_shown_in_place_of_what_packages_say(archive: Archive, xprov: Xprov) -> None:
    xprov("suites", "--measure", "--target", "armhf", *archive.words)

    said = xprov("suites", "foo", "--target", "armhf", "--json", *archive.words).json

    rows = {row["suite"]: row for row in said["suites"]}
    assert (rows["debian:bookworm"]["floor"], rows["debian:bookworm"]["floor_from"]) == ("2.34", "measured")
    assert rows["debian:bookworm"]["lowest_tag"] == "manylinux_2_34"


def test_a_library_that_is_gone_from_the_packages_fails_alone(archive: Archive, xprov: Xprov) -> None:
    text = archive.recipe.read_text()
    write_recipe(
        archive.recipe.parent,
        "bar",
        ("libbar-dev", "libfoo-dev"),
        ('modules = ["bar-1.0"]\n', ""),
        ('"pkg-config"', '"link"'),
    )

    seen = xprov("suites", "--measure", "--target", "armhf", *archive.words, "-v")

    assert seen.code == 0
    assert "the packages of `bar` have no libbar.so for armhf" in seen.err
    assert read_recipe(archive.recipe).floor_hint("debian:bookworm", "armhf") == (2, 34)
    assert archive.recipe.read_text().startswith(text)


def test_offline_the_cache_answers(archive: Archive, xprov: Xprov) -> None:
    xprov("suites", "foo", "--target", "armhf", *archive.words)
    asked = len(archive.server.requests)

    said = xprov("suites", "foo", "--target", "armhf", "--offline", "--json", *archive.words).json

    rows = {row["suite"]: row for row in said["suites"]}
    assert rows["debian:bookworm"]["versions"] == {"foo": "1.0+bookworm"}
    assert len(archive.server.requests) == asked


def test_offline_without_a_cache_the_recipes_answer(archive: Archive, xprov: Xprov) -> None:
    said = xprov("suites", "foo", "--target", "armhf", "--offline", "--json", *archive.words).json

    rows = {row["suite"]: row for row in said["suites"]}
    assert (rows["debian:bookworm"]["versions"], rows["debian:bookworm"]["floor"]) == ({}, "2.36")
    assert archive.server.requests == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "error: say which library"),
        (("foo",), "error: say for which target"),
        (("foo", "--target", "armv9"), "error: there is no target `armv9`"),
        (("fo", "--target", "armhf"), "error: there is no recipe for a library `fo`"),
    ],
)
def test_what_is_missing_is_asked_for(archive: Archive, xprov: Xprov, words: tuple[str, ...], message: str) -> None:
    seen = xprov("suites", *words, *archive.words)

    assert (seen.code, seen.out) == (2, "")
    assert message in seen.err


def test_when_nothing_answers_nothing_is_written(archive: Archive, xprov: Xprov) -> None:
    before = archive.recipe.read_bytes()

    seen = xprov("suites", "--measure", "--target", "armhf", "--offline", *archive.words)

    assert seen.code == 3
    assert archive.recipe.read_bytes() == before


@pytest.mark.archive
def test_the_hints_of_the_recipes_are_what_the_real_archive_needs(tmp_path: Path) -> None:
    target = find_target("armhf")
    unpacked = unpack("bookworm", target)
    recipes = load_catalog([]).recipes()

    floors = {
        recipe.library: measure_floor(
            recipe, unpacked.library_trees(*recipe.packages_for("debian", "bookworm")), target, tmp_path
        )
        for recipe in recipes
    }

    assert {library: floor and floor.version for library, floor in floors.items()} == {
        recipe.library: recipe.floor_hint("debian:bookworm", "armhf") for recipe in recipes
    }
