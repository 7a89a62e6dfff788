"""`xprov lock` and `xprov setup --locked` beside archives on loopback, and beside the real one."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.archive_builder import Package, Server, SigningKey, Suite, serve, write_suite
from tests.unit.commands import Seen, Xprov
from tests.unit.elf_builder import Shared
from tests.unit.recipes import write_recipe

from xprov.lockfile import read_lock

needs_builder = pytest.mark.skipif(
    not (shutil.which("gpg") and shutil.which("dpkg-deb")), reason="no gpg and dpkg-deb to build an archive with"
)

TRIPLETS = {"armhf": "arm-linux-gnueabihf", "arm64": "aarch64-linux-gnu"}
PARTS = ("bullseye", "bullseye-updates", "bullseye-security", "bookworm", "bookworm-updates", "bookworm-security")
# What the libraries of a suite need of glibc.
NEEDS = {"bullseye": "2.29", "bookworm": "2.34"}


@dataclass(kw_only=True, slots=True)
class Project:
    """A project with a recipe folder, the archive that it is served by, and what is typed to use both."""

    folder: Path
    hosts: Path
    key: SigningKey
    server: Server
    snapshots: Server
    xprov: Xprov
    monkeypatch: pytest.MonkeyPatch

    @property
    def file(self) -> Path:
        return self.folder / "xprov.lock"

    def __call__(self, *words: str) -> Seen:
        before, sep, behind = " ".join(words).partition(" -- ")
        mirror = ("--mirror", f"{self.server.uri}/debian", "--keyring", str(self.folder / "key.pgp"))
        options = (*mirror, "--snapshot", self.snapshots.uri, "--recipes", str(self.folder / "recipes"))
        self.server.requests.clear()
        return self.xprov(*before.split(), *options, *((sep.strip(), *behind.split()) if sep else ()))

    def publish(self, part: str, *packages: Package) -> None:
        """Make a part of the suite anew, with `packages`."""
        security = part.endswith("-security")
        root = self.hosts / ("debian-security" if security else "debian")
        shutil.rmtree(root / "dists" / part, ignore_errors=True)
        label = "Debian-Security" if security else "Debian"
        suite = Suite(name=part, packages=packages, origin="Debian", label=label, listed=tuple(TRIPLETS))
        write_suite(root, suite, self.key)

    def start_afresh(self, name: str) -> None:
        """Go on with another home and cache, as another machine would, that forgets what it knows of the archive."""
        self.monkeypatch.setenv("XPROV_HOME", str(self.folder / name / "home"))
        self.monkeypatch.setenv("XPROV_CACHE_DIR", str(self.folder / name / "cache"))

    def debs(self, library: str) -> list[Path]:
        return sorted((self.hosts / "debian/pool").rglob(f"lib{library}*.deb"))


def _packages(library: str, codename: str, target: str, version: str = "1.0") -> tuple[Package, ...]:
    """Return the packages of a library: one to build with, and the one that it needs at run time."""
    folder, soname = f"usr/lib/{TRIPLETS[target]}", f"lib{library}.so.1"
    needs = {"libc.so.6": [f"GLIBC_{NEEDS[codename]}"]}
    content = Shared(
        target=target, soname=soname, needed=["libc.so.6"], versions=needs, defined=[f"{library}_new"]
    ).content()
    pc = f"Name: {library}\nDescription: of a test\nVersion: {version}\nLibs: -L/{folder} -l{library}\nCflags:\n"
    runtime = Package(
        name=f"lib{library}1",
        version=f"{version}+{codename}",
        architecture=target,
        files={f"{folder}/{soname}": content + version.encode()},
    )
    return runtime, Package(
        name=f"lib{library}-dev",
        version=f"{version}+{codename}",
        architecture=target,
        fields={"Depends": f"lib{library}1 (= {version}+{codename})"},
        files={
            f"{folder}/lib{library}.so": content,
            f"{folder}/pkgconfig/{library}-1.0.pc": pc.encode(),
            f"usr/include/{library}.h": f"void {library}_new(void);\n".encode(),
        },
    )


def _of(codename: str) -> list[Package]:
    return [
        package for library in ("foo", "bar") for target in TRIPLETS for package in _packages(library, codename, target)
    ]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SigningKey]:
    """Return an archive with two libraries for two targets in two suites, and the key that it is signed by."""
    folder = tmp_path_factory.mktemp("built")
    key = SigningKey.make(folder / "key")
    for part in PARTS:
        packages = _of(part) if part in NEEDS else []
        host, label = ("debian-security", "Debian-Security") if part.endswith("-security") else ("debian", "Debian")
        suite = Suite(name=part, packages=packages, origin="Debian", label=label, listed=tuple(TRIPLETS))
        write_suite(folder / "hosts" / host, suite, key)
    return folder / "hosts", key


@pytest.fixture
def project(
    built: tuple[Path, SigningKey], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Project]:
    """Return a project in a folder of its own, with an archive that may be changed."""
    shutil.copytree(built[0], tmp_path / "hosts")
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "key.pgp").write_bytes(built[1].public)
    for library in ("foo", "bar"):
        write_recipe(tmp_path / "recipes", library)
    monkeypatch.chdir(tmp_path)
    with serve(tmp_path / "hosts") as server, serve(tmp_path / "snapshots") as snapshots:
        made = Project(
            folder=tmp_path,
            hosts=tmp_path / "hosts",
            key=built[1],
            server=server,
            snapshots=snapshots,
            xprov=Xprov(capsys=capsys),
            monkeypatch=monkeypatch,
        )
        made.start_afresh("first")
        yield made


def _forget_the_archive(project: Project) -> None:
    """Let what is known of the archive be asked for again, as an hour later."""
    for file in (Path(os.environ["XPROV_CACHE_DIR"]) / "releases").iterdir():
        file.unlink()


@needs_builder
def test_a_locked_setup_asks_for_packages_alone(project: Project) -> None:
    assert project("lock armhf --suite bullseye -- foo bar").code == 0
    project.start_afresh("second")

    seen = project("setup armhf --locked --json")

    assert seen.code == 0, seen.err
    assert [library["name"] for library in seen.json["libraries"]] == ["bar", "foo"]
    asked = [path for path, _ in project.server.requests]
    assert len(asked) == 4
    assert [path for path in asked if not path.endswith("_armhf.deb")] == []


@needs_builder
def test_two_runs_write_the_same_and_so_does_a_setup(project: Project) -> None:
    project("lock armhf --suite bullseye -- foo bar")
    first = project.file.read_bytes()

    again = project("lock armhf --suite bullseye -- bar foo")
    project.file.unlink()
    project("setup armhf foo bar --suite bullseye --lock")

    assert "is as it was" in again.err
    assert project.file.read_bytes() == first
    assert project.server.uri.encode() not in first


@needs_builder
def test_a_setup_that_has_what_the_lock_says_has_nothing_to_do(project: Project) -> None:
    project("setup armhf bar foo --suite bullseye --lock")

    seen = project("setup armhf --locked")

    assert "all of it is there already" in seen.err
    assert project.server.requests == []


@needs_builder
def test_several_targets_are_locked_at_once_and_others_stay(project: Project) -> None:
    assert project("lock armhf arm64 --suite bullseye -- foo").code == 0

    assert project("lock arm64 --suite bookworm -- bar").code == 0

    lock = read_lock(project.file)
    assert [(name, locked.libraries, locked.suite.codename) for name, locked in sorted(lock.targets.items())] == [
        ("arm64", ("bar",), "bookworm"),
        ("armhf", ("foo",), "bullseye"),
    ]


@needs_builder
def test_a_renewal_takes_the_newest_of_the_same_suites(project: Project) -> None:
    project("lock armhf arm64 --suite bullseye -- foo")
    before = project.file.read_bytes()
    project.publish("bullseye-security", *_packages("foo", "bullseye", "armhf", "1.1"))
    _forget_the_archive(project)

    check = project("lock --check")
    as_json = project("lock --check armhf --json")
    assert project.file.read_bytes() == before
    renewed = project("lock")

    rows = [re.split(r"\s{2,}", line) for line in check.out.splitlines()[1:]]
    assert check.code == 1
    assert rows == [
        ["armhf", "libfoo-dev", "1.0+bullseye", "1.1+bullseye", "bullseye-security: security update"],
        ["armhf", "libfoo1", "1.0+bullseye", "1.1+bullseye", "bullseye-security: security update"],
    ]
    assert (as_json.code, as_json.json["current"]) == (1, False)
    assert [row["security"] for row in as_json.json["targets"][0]["differences"]] == [True, True]
    assert renewed.code == 0
    assert {package.version for package in read_lock(project.file).targets["armhf"].packages} == {"1.1+bullseye"}
    assert project("lock --check").code == 0


@needs_builder
def test_a_check_that_could_not_read_all_says_so(project: Project) -> None:
    project("lock armhf --suite bullseye -- foo")
    shutil.rmtree(project.hosts / "debian/dists/bullseye-updates")
    _forget_the_archive(project)

    seen = project("lock --check")
    as_json = project("lock --check --json")

    assert seen.code == 0
    assert "going on without `bullseye-updates`" in seen.err
    assert "has the newest of what could be read" in seen.err
    assert (as_json.json["current"], as_json.json["complete"]) == (True, False)


@needs_builder
def test_what_the_lock_says_is_set_up_when_the_archive_has_something_newer(project: Project) -> None:
    project("lock armhf --suite bullseye -- foo")
    project.publish("bullseye-security", *_packages("foo", "bullseye", "armhf", "1.1"))
    project.start_afresh("second")

    seen = project("setup armhf foo --locked --json")

    assert {package["version"] for package in seen.json["packages"]} == {"1.0+bullseye"}


@needs_builder
def test_a_package_that_has_left_the_pool_comes_from_the_snapshot_of_its_release(project: Project) -> None:
    project("lock armhf --suite bullseye -- foo")
    released = read_lock(project.file).targets["armhf"].released["bullseye"]
    project.start_afresh("second")
    gone = next(path for path in project.debs("foo1") if path.name.endswith("bullseye_armhf.deb"))
    kept = project.folder / "snapshots" / re.sub("[-:]", "", released) / gone.relative_to(project.hosts / "debian")
    kept.parent.mkdir(parents=True)
    gone.rename(kept)

    seen = project("setup armhf --locked")

    assert seen.code == 0, seen.err
    assert project.snapshots.requests == [(f"/{kept.relative_to(project.folder / 'snapshots')}", 200)]


@needs_builder
def test_a_package_that_is_nowhere_is_named(project: Project) -> None:
    project("lock armhf --suite bullseye -- foo")
    project.start_afresh("second")
    for path in project.debs("foo1"):
        path.unlink()

    seen = project("setup armhf --locked")

    assert seen.code == 3
    assert "`libfoo1:armhf` could not be fetched" in seen.err


@needs_builder
@pytest.mark.parametrize("content", [b"another", None])
def test_a_file_that_is_not_the_locked_one_is_refused(project: Project, content: bytes | None) -> None:
    project("lock armhf --suite bullseye -- foo")
    project.start_afresh("second")
    path = next(path for path in project.debs("foo1") if path.name.endswith("bullseye_armhf.deb"))
    path.write_bytes(content or path.read_bytes()[:-1] + b"x")

    seen = project("setup armhf --locked")

    assert seen.code == 4
    assert "`libfoo1:armhf` is not what the archive says it is" in seen.err
    assert not (project.folder / "second/home/armhf").exists()


@needs_builder
def test_a_library_that_is_not_locked_is_named(project: Project) -> None:
    project("lock armhf --suite bullseye -- foo")

    other = project("setup armhf bar --locked")
    target = project("setup arm64 --locked")

    assert (other.code, target.code) == (4, 4)
    assert "`xprov.lock` has for armhf no bar" in other.err
    assert "`xprov lock armhf -- foo bar`" in other.err
    assert "`xprov.lock` has nothing for arm64" in target.err


@needs_builder
def test_a_recipe_that_names_other_packages_than_are_locked_is_told_of(project: Project) -> None:
    project("lock armhf --suite bullseye -- foo")
    write_recipe(project.folder / "recipes", "foo", ('["libfoo-dev"]', '["libfoo-dev", "libbar-dev"]'))

    seen = project("setup armhf --locked")

    assert seen.code == 4
    assert "it lacks libbar-dev" in seen.err
    assert project.server.requests == []


@needs_builder
def test_a_lock_of_the_libraries_is_no_lock_of_a_full_view(project: Project) -> None:
    project("lock armhf --suite bullseye --view libs -- foo")

    seen = project("setup armhf --locked --view full")

    assert seen.code == 4
    assert "`xprov lock armhf --view full`" in seen.err


@needs_builder
def test_libraries_that_need_more_than_the_toolchain_has_are_refused_as_without_a_lock(project: Project) -> None:
    project("lock armhf --suite bullseye --glibc 2.31 -- foo")

    assert project("setup armhf --locked --glibc 2.29").code == 0
    seen = project("setup armhf --locked --glibc 2.28")

    assert seen.code == 5
    assert "need glibc 2.29" in seen.err


@needs_builder
def test_a_suite_that_only_seems_to_fit_is_not_locked(project: Project) -> None:
    floors = '[floors]\n"debian:bookworm" = { armhf = "2.30" }\n"debian:bullseye" = { armhf = "2.29" }\n'
    write_recipe(project.folder / "recipes", "foo", ('link = ["foo"]\n', f'link = ["foo"]\n\n{floors}'))

    seen = project("lock armhf --glibc 2.30 -- foo")

    assert seen.code == 0, seen.err
    assert "debian:bookworm's libraries need glibc 2.34" in seen.err
    assert read_lock(project.file).targets["armhf"].suite.name == "debian:bullseye"


@needs_builder
def test_offline_a_full_cache_is_enough_and_what_it_lacks_is_named(project: Project) -> None:
    project("lock armhf --suite bullseye -- foo")
    project("setup armhf --locked")
    shutil.rmtree(project.folder / "first/home")

    there = project("setup armhf --locked --offline")
    asked = list(project.server.requests)
    project.start_afresh("second")
    empty = project("setup armhf --locked --offline")

    assert (there.code, asked) == (0, [])
    assert empty.code == 3
    assert "libfoo-dev:armhf 1.0+bullseye" in empty.err
    assert "libfoo1:armhf 1.0+bullseye" in empty.err


@needs_builder
def test_a_library_that_was_there_and_is_not_locked_goes_with_a_word(project: Project) -> None:
    project("setup armhf foo --suite bullseye --lock")
    project("setup armhf bar --suite bullseye")

    seen = project("setup armhf --locked --json")

    assert "not in the lock, and no longer there after this: bar" in seen.err
    assert [library["name"] for library in seen.json["libraries"]] == ["foo"]


@needs_builder
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("setup armhf foo --lock --locked", "leave one of the two out"),
        ("setup armhf foo --lock --method multiarch", "a lock is for method `sysroot`"),
        ("setup armhf", "missing argument 'LIBRARY...'"),
        ("setup armhf --locked", "there is no `"),
        ("lock -- foo", "say for which target"),
        ("lock --check -- foo", "`--check` looks at what is locked"),
        ("lock armhf", "there is no `"),
        ("lock arm46 -- foo", "there is no target `arm46`"),
    ],
)
def test_words_that_do_not_go_together_are_wrong_usage(project: Project, words: str, said: str) -> None:
    seen = project(words)

    assert seen.code == 2
    assert said in seen.err
    assert project.server.requests == []


@needs_builder
def test_another_file_can_be_the_lock(project: Project) -> None:
    place = project.folder / "locks/arm.lock"

    project(f"lock armhf --suite bullseye --lock-file {place} -- foo")
    seen = project(f"setup armhf --locked --lock-file {place}")

    assert seen.code == 0, seen.err
    assert not project.file.exists()


@pytest.mark.archive
def test_the_real_archive_gives_the_same_packages_to_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    xprov = Xprov(capsys=capsys)
    provisions = []
    for name, words in (("one", ("alsa", "--suite", "bookworm", "--lock")), ("two", ("--locked",))):
        monkeypatch.setenv("XPROV_HOME", str(tmp_path / name / "home"))
        monkeypatch.setenv("XPROV_CACHE_DIR", str(tmp_path / name / "cache"))
        seen = xprov("setup", "armhf", *words, "--json")
        assert seen.code == 0, seen.err
        provisions.append(seen.json)

    one, two = ([(package["name"], package["sha256"]) for package in found["packages"]] for found in provisions)
    assert one == two
    assert list((tmp_path / "two/cache/releases").iterdir()) == []
    assert list((tmp_path / "two/cache/indices").iterdir()) == []
