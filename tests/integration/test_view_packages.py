"""Views of Debian's real packages: complete, merged, relative, of one machine, and programs built from them run."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.integration.unpacked import PACKAGES, Unpacked, unpack

from xprov.elf import FileKind, file_kind, fits, read_elf
from xprov.target import Target, find_target
from xprov.view import Shape, build_view, prepare_view

pytestmark = pytest.mark.archive

# bullseye is from before the merge, trixie's armhf has a 64-bit time_t, s390x is big-endian.
CASES = [
    ("bullseye", "armhf"),
    ("trixie", "armhf"),
    ("bookworm", "arm64"),
    ("bookworm", "s390x"),
]

PROGRAM = """\
#include <alsa/asoundlib.h>
#include <bsd/string.h>
#include <dbus/dbus.h>
#include <libudev.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <xkbcommon/xkbcommon.h>
#include <zlib.h>
int main(void) {
    int major, minor, micro;
    char text[8];
    dbus_get_version(&major, &minor, &micro);
    struct udev *udev = udev_new();
    struct xkb_context *context = xkb_context_new(XKB_CONTEXT_NO_DEFAULT_INCLUDES);
    printf("%s|%d.%d|", snd_asoundlib_version(), major, minor);
    printf("%s|%s|%d|%d|", OpenSSL_version(OPENSSL_VERSION), zlibVersion(), udev != 0, context != 0);
    printf("%zu", strlcpy(text, "copied", sizeof text));
    return 0;
}
"""


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request: pytest.FixtureRequest) -> tuple[Unpacked, Target]:
    suite, name = request.param
    target = find_target(name)
    return unpack(suite, target), target


@pytest.fixture(scope="module")
def view(case: tuple[Unpacked, Target], tmp_path_factory: pytest.TempPathFactory) -> Path:
    unpacked, target = case
    view = tmp_path_factory.mktemp("view") / "libs"
    build_view(prepare_view(unpacked.library_trees(*PACKAGES), target), view)
    return view


def test_every_link_ends_in_the_view(view: Path) -> None:
    links = [path for path in view.rglob("*") if path.is_symlink()]
    assert len(links) > 10
    for link in links:
        assert not link.readlink().is_absolute(), link
        assert link.resolve(strict=True).is_relative_to(view.resolve()), link


def test_every_library_is_the_targets(view: Path, case: tuple[Unpacked, Target]) -> None:
    libraries = [path for path in (view / "usr/lib").rglob("*.so*") if not path.is_symlink()]
    elves = [read_elf(path) for path in libraries if file_kind(path) is FileKind.ELF]
    assert len(elves) > 5
    assert all(fits(elf, case[1].elf) for elf in elves)


def test_what_a_toolchain_has_is_not_there(view: Path) -> None:
    names = {path.name for path in (view / "usr/lib").rglob("*")}
    assert not names & {"libc.so", "libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "gconv", "perl-base"}
    headers = {path.name for path in (view / "usr/include").iterdir()}
    assert not headers & {"stdio.h", "linux", "asm-generic", "c++"}


def test_nothing_that_no_build_reads_is_there(view: Path) -> None:
    assert {path.name for path in view.iterdir()} == {"lib", "lib64", "usr"}
    assert {path.name for path in (view / "usr").iterdir()} <= {"include", "lib", "lib64", "share"}
    assert {path.name for path in (view / "usr/share").glob("*")} <= {"pkgconfig", "cmake"}


def test_libraries_are_found_below_lib_too(view: Path, case: tuple[Unpacked, Target]) -> None:
    folder = view / "lib" / case[1].triplet
    for name in ("libdbus-1.so.3", "libudev.so.1", "libz.so.1", "libz.so"):
        assert (folder / name).is_file()


def test_nothing_is_lost_between_packages_and_view(view: Path, case: tuple[Unpacked, Target]) -> None:
    unpacked, target = case
    for tree in unpacked.library_trees(*PACKAGES):
        for path in tree.paths:
            kept = path.startswith(("usr/include/", f"usr/lib/{target.triplet}/"))
            if kept and not (tree.root / path).is_dir():
                assert (view / path).exists(), f"{path} of {tree.package}"


@pytest.mark.qemu
@pytest.mark.parametrize(("suite", "name"), [("trixie", "armhf"), ("bookworm", "arm64")])
def test_a_program_built_with_the_view_runs(suite: str, name: str, tmp_path: Path) -> None:
    target = find_target(name)
    compiler = shutil.which(f"{target.triplet}-gcc")
    assert compiler is not None
    unpacked = unpack(suite, target)
    build_view(prepare_view(unpacked.library_trees(*PACKAGES), target), tmp_path / "libs")
    build_view(prepare_view(unpacked.all_trees, target, Shape.SYSROOT), tmp_path / "sysroot")
    (tmp_path / "program.c").write_text(PROGRAM)
    lib = tmp_path / "libs/usr/lib" / target.triplet
    includes = [
        *("-isystem", f"{tmp_path}/libs/usr/include", "-isystem", f"{tmp_path}/libs/usr/include/{target.triplet}"),
        *("-isystem", f"{tmp_path}/libs/usr/include/dbus-1.0", "-isystem", f"{lib}/dbus-1.0/include"),
    ]
    libraries = [f"-l{name}" for name in ("asound", "bsd", "dbus-1", "udev", "crypto", "xkbcommon", "z")]
    build = [compiler, *includes, str(tmp_path / "program.c"), "-o", str(tmp_path / "program"), f"-L{lib}"]
    # The compiler's own libc may be older than what the libraries need; the suite's is there when the program runs.
    subprocess.run([*build, *libraries, f"-Wl,-rpath-link,{lib},--allow-shlib-undefined"], check=True)
    run = [f"qemu-{target.qemu}-static", "-L", str(tmp_path / "sysroot"), str(tmp_path / "program")]
    done = subprocess.run(run, check=True, capture_output=True, text=True)
    alsa, dbus, openssl, _zlib, udev, xkb, copied = done.stdout.split("|")
    assert alsa.startswith("1.2")
    assert dbus.startswith("1.")
    assert openssl.startswith("OpenSSL ")
    assert (udev, xkb, copied) == ("1", "1", "6")
