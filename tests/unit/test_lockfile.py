"""The form of `xprov.lock`: what is written, what is read, and what is said of one that is not right."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.locks import SHA256, make_lock, make_locked, make_package

from xprov.archive.locations import Access
from xprov.archive.snapshots import snapshot_urls
from xprov.archive.suites import find_suite
from xprov.environment.model import View
from xprov.errors import UsageError, VerificationError, XprovError
from xprov.lockfile import find_lock, read_lock, render_lock, update_lock
from xprov.lockfile.compare import Change, compare, is_behind
from xprov.lockfile.use import locked_resolution, locked_route, locked_target
from xprov.request import Request
from xprov.routes import Wanted
from xprov.target import find_target
from xprov.toml import parse_toml


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a lock file with one target."""
    file = tmp_path / "xprov.lock"
    update_lock(file, [make_locked()])
    return file


def test_what_is_written_is_read_again(file: Path) -> None:
    assert read_lock(file) == make_lock()


def test_the_order_of_targets_packages_and_libraries_does_not_matter() -> None:
    one = replace(make_locked(), libraries=("alsa", "dbus"), asked=("libasound2-dev", "libasound2"))
    other = replace(
        one,
        libraries=one.libraries[::-1],
        asked=one.asked[::-1],
        released=dict(list(one.released.items())[::-1]),
        packages=one.packages[::-1],
    )
    arm64 = replace(make_locked("arm64"), packages=())

    assert render_lock(make_lock(arm64, one)) == render_lock(make_lock(other, arm64))


def test_the_file_names_no_host() -> None:
    package = replace(make_package("libasound2-dev"), bases=("http://mirror.example.org/debian",))

    assert "http" not in render_lock(make_lock(make_locked("armhf", package)))


def test_a_newer_package_changes_the_lines_of_that_package_alone() -> None:
    before = render_lock(make_lock()).splitlines()
    newer = make_package("libasound2", "1.2.5-1", part="bullseye-security", sha256="0" * 64)
    after = render_lock(make_lock(make_locked("armhf", newer, make_package("libasound2-dev")))).splitlines()

    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [old.split(" ")[0] for old, _ in changed] == ["version", "part", "path", "sha256"]


def test_another_target_is_left_as_it_was(file: Path) -> None:
    before = file.read_text().partition("[target.armhf]")[2]
    arm64 = replace(make_locked("arm64"), packages=(replace(make_package("libasound2-dev"), architecture="arm64"),))

    assert update_lock(file, [arm64])

    assert file.read_text().partition("[target.armhf]")[2] == before
    assert sorted(read_lock(file).targets) == ["arm64", "armhf"]


def test_the_same_again_does_not_touch_the_file(file: Path) -> None:
    before = file.stat()

    assert not update_lock(file, [make_locked()])

    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_targets_that_are_locked_at_the_same_time_are_all_kept(file: Path) -> None:
    names = ("arm64", "armel", "i386", "amd64", "ppc64el", "s390x")
    lockers = [
        threading.Thread(target=update_lock, args=(file, [replace(make_locked(name), packages=(), asked=())]))
        for name in names
    ]
    for locker in lockers:
        locker.start()
    for locker in lockers:
        locker.join()

    assert sorted(parse_toml(file.read_text())["target"]) == sorted((*names, "armhf"))


def test_a_link_stays_one(file: Path) -> None:
    link = file.with_name("linked.lock")
    link.symlink_to(file.name)

    update_lock(link, [replace(make_locked(), glibc=None)])

    assert link.is_symlink()
    assert read_lock(file).targets["armhf"].glibc is None


def test_text_that_toml_would_take_for_something_else_is_escaped(tmp_path: Path) -> None:
    file = tmp_path / "xprov.lock"
    odd = 'pool/main/a/"b"/é_1%3a2~x.deb'
    update_lock(file, [make_locked("armhf", replace(make_package("libasound2-dev"), path=odd))])

    assert read_lock(file).targets["armhf"].packages[0].path == odd


def _edited(old: str, new: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return edit


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (_edited("version = 1", "version = 2"), "`version` is 2, and this xprov reads 1"),
        (_edited("version = 1", 'version = "1"'), "`version` must be a whole number, not a string"),
        (_edited("version = 1", "version = true"), "`version` must be a whole number, not a boolean"),
        (_edited("version = 1", "version = 1\nmirror = 'http://x'"), "`mirror` is not a key that is known here"),
        (_edited("version = 1", "<<<<<<< ours\nversion = 1"), "is not TOML"),
        (_edited("target.armhf]", "target.armv7l]"), "`target.armv7l` is another word for `armhf`"),
        (_edited("target.armhf]", "target.arm46]"), "`target.arm46` is not right: there is no target `arm46`"),
        (_edited("debian:bullseye", "debian:bulseye"), "`target.armhf.suite` is not right: there is no suite"),
        (_edited('glibc = "2.31"', 'glibc = "new"'), "`target.armhf.glibc` is not right"),
        (_edited('view = "libs"', 'view = "lib"'), "`target.armhf.view` cannot be `lib`"),
        (_edited('asked = ["', 'asked = ["libfoo", "'), "`target.armhf.asked` names `libfoo`"),
        (_edited("2025-08-09T09:16:30Z", "yesterday"), "`target.armhf.released.bullseye` cannot be `yesterday`"),
        (_edited("\nbullseye =", "\nsid ="), "`target.armhf.released.sid` is no part of debian:bullseye"),
        (_edited(f'"{SHA256}"', f'"{SHA256[1:]}"'), "`target.armhf.package[1].sha256` cannot be"),
        (_edited("size = 310300\n", ""), "`target.armhf.package[1].size` is missing"),
        (_edited("size = 310300", "size = 0"), "`target.armhf.package[1].size` cannot be 0"),
        (_edited("size = 310300", "sice = 310300"), "`target.armhf.package[1].sice` is not a key that is known here"),
        (_edited("pool/main", "../main"), "`target.armhf.package[1].path` cannot be `../main"),
        (_edited("pool/main", "pool/%2e%2e/main"), "`target.armhf.package[1].path` cannot be"),
        (_edited("pool/main", "/pool"), "`target.armhf.package[1].path` cannot be"),
        (_edited('"libasound2"', '"../x"'), "`target.armhf.package[1].name` cannot be `../x`"),
        (_edited('"libasound2"', '"libasound2-dev"'), "`target.armhf.package` has `libasound2-dev` twice"),
        (_edited('architecture = "armhf"', 'architecture = "arm64"'), "`target.armhf.package[1].architecture` cannot"),
        (_edited('part = "bullseye"', 'part = "bullseye-updates"'), "`target.armhf.package[1].part` is"),
    ],
)
def test_a_lock_that_is_not_right_names_file_and_key(file: Path, edit: Callable[[str], str], said: str) -> None:
    file.write_text(edit(file.read_text()))

    with pytest.raises(UsageError) as caught:
        read_lock(file)

    assert caught.value.message.startswith(f"`{file}`")
    assert said in caught.value.message


def test_a_lock_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no `.*xprov.lock`") as caught:
        read_lock(tmp_path / "xprov.lock")

    assert "xprov lock TARGET -- LIBRARY..." in str(caught.value.hint)


def test_a_damaged_lock_is_not_overwritten(file: Path) -> None:
    file.write_text("not a lock")

    with pytest.raises(UsageError):
        update_lock(file, [make_locked()])

    assert file.read_text() == "not a lock"


def test_a_place_that_cannot_be_written_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(XprovError, match="cannot be written"):
        update_lock(tmp_path / "file/xprov.lock", [make_locked()])


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ((".git/", "xprov.lock", "sub/"), "xprov.lock"),
        ((".git/", "sub/xprov.lock", "xprov.lock"), "sub/xprov.lock"),
        ((".git/", "xprov.toml", "sub/"), "xprov.lock"),
        ((".git/", "sub/"), "xprov.lock"),
        (("xprov.lock", "sub/.git/"), "sub/xprov.lock"),
        (("sub/",), "sub/xprov.lock"),
    ],
)
def test_the_lock_is_the_project_s(tmp_path: Path, there: tuple[str, ...], expected: str) -> None:
    for name in there:
        path = tmp_path / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.touch()

    assert find_lock(tmp_path / "sub") == tmp_path / expected


@pytest.mark.parametrize(("target", "libraries"), [("arm64", ()), ("armhf", ("alsa", "dbus"))])
def test_what_the_lock_lacks_is_named(target: str, libraries: tuple[str, ...]) -> None:
    with pytest.raises(VerificationError) as caught:
        locked_target(make_lock(), find_target(target), libraries)

    assert (libraries[-1] if libraries else target) in caught.value.message


def test_each_package_is_asked_for_where_its_part_is() -> None:
    locked = make_locked("armhf", make_package("libasound2-dev"), make_package("libasound2", part="bullseye-security"))

    found = locked_resolution(locked, ("libasound2-dev:armhf",), View.LIBS, Access(), (), "debian:bookworm")

    assert found.packages[0].url.startswith("http://ftp.debian.org/debian/pool/")
    assert found.packages[1].url.startswith("http://security.debian.org/debian-security/pool/")


def test_a_mirror_is_asked_first() -> None:
    access = Access(mirror="http://mirror.example.org/debian/")

    found = locked_resolution(make_locked(), ("libasound2-dev",), View.LIBS, access, (), "debian:bookworm")

    assert {package.url.partition("/pool")[0] for package in found.packages} == {"http://mirror.example.org/debian"}


def test_libc_is_left_out_where_the_view_needs_none() -> None:
    locked = replace(make_locked("armhf", make_package("libasound2-dev"), make_package("libc6-dev")), view=View.FULL)

    def names(view: View) -> list[str]:
        found = locked_resolution(locked, ("libasound2-dev",), view, Access(), (), "debian:bookworm")
        return [package.name for package in found.packages]

    assert names(View.LIBS) == ["libasound2-dev"]
    assert names(View.FULL) == ["libasound2-dev", "libc6-dev"]


@pytest.mark.parametrize(
    ("packages", "view", "said"),
    [
        (("libasound2-dev", "libfoo-dev"), View.LIBS, "it lacks libfoo-dev"),
        (("libfoo-dev",), View.LIBS, "it lacks libfoo-dev; they no longer name libasound2-dev"),
        (("libasound2-dev",), View.FULL, "the full view that is wanted needs libc too"),
    ],
)
def test_a_lock_for_something_else_is_refused(packages: tuple[str, ...], view: View, said: str) -> None:
    with pytest.raises(VerificationError) as caught:
        locked_resolution(make_locked(), packages, view, Access(), (), "debian:bookworm")

    assert said in caught.value.message


@pytest.mark.parametrize(
    ("locked", "asked", "strict"), [((2, 31), None, True), (None, None, False), (None, (2, 28), True)]
)
def test_a_lock_keeps_to_the_glibc_that_it_was_made_for(
    locked: tuple[int, int] | None, asked: tuple[int, int] | None, *, strict: bool
) -> None:
    request = Request(target=find_target("armhf"), libraries=("alsa",), glibc=asked)

    route = locked_route(replace(make_locked(), glibc=locked), request, Wanted(version=(2, 28), said_by=""))

    assert (route.strict, route.proven) == (strict, False)


def test_another_suite_than_the_locked_one_is_refused() -> None:
    request = Request(target=find_target("armhf"), libraries=("alsa",), suite=find_suite("debian", "bookworm"))

    with pytest.raises(VerificationError, match="debian:bullseye for armhf, and debian:bookworm was asked for"):
        locked_route(make_locked(), request, Wanted(version=None, said_by=""))


def test_a_package_is_looked_for_in_the_snapshots_of_its_release_and_of_the_day_after() -> None:
    locked = make_locked("armhf", make_package("libasound2-dev", part="bullseye-security"))
    found = locked_resolution(locked, ("libasound2-dev",), View.LIBS, Access(), (), "debian:bookworm")

    urls = snapshot_urls(found.packages[0], found, Access())

    base, path = "http://snapshot.debian.org/archive/debian-security", found.packages[0].path
    assert urls == (f"{base}/20250901T000000Z/{path}", f"{base}/20250902T000000Z/{path}")


def test_a_comparison_names_each_change_and_whether_it_is_a_security_update() -> None:
    locked = make_locked("armhf", *(make_package(name) for name in ("liba1", "libb1", "libc1", "libd1", "libe1")))
    now = (
        make_package("liba1"),
        make_package("libb1", "1.2.10-1", part="bullseye-security", sha256="1" * 64),
        make_package("libc1", "1.2.3-1", sha256="2" * 64),
        make_package("libd1", sha256="3" * 64),
        make_package("libf1"),
    )

    found = compare(locked, now)

    assert [(difference.name, difference.change, difference.security) for difference in found] == [
        ("libb1", Change.NEWER, True),
        ("libc1", Change.OLDER, False),
        ("libd1", Change.REBUILT, False),
        ("libe1", Change.GONE, False),
        ("libf1", Change.ADDED, False),
    ]


def test_a_host_that_lags_behind_is_no_news() -> None:
    older = compare(make_locked("armhf", make_package("liba1")), [make_package("liba1", "1.2.3-1", sha256="2" * 64)])

    assert [difference.change for difference in older] == [Change.OLDER]
    assert not is_behind(older)
