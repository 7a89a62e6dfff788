"""Checks against Debian's real packages: what is there is proven, what is not is said."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.integration.unpacked import PACKAGES, unpack
from tests.integration.written import write_home

from xprov.check import (
    Compiler,
    Expectation,
    LibraryCheck,
    Linked,
    check_libraries,
    floor_warnings,
    pkg_config_program,
    time64_warning,
)
from xprov.environment import Environment
from xprov.environment.settings import compiler_arguments
from xprov.target import Target, find_target
from xprov.view import build_view, prepare_view

pytestmark = pytest.mark.archive

ALSA = Expectation(
    library="alsa", modules=("alsa",), header="alsa/asoundlib.h", symbol="snd_pcm_open", link=("asound",)
)
DBUS = Expectation(library="dbus", modules=("dbus-1",), header="dbus/dbus.h", symbol="dbus_bus_get", link=("dbus-1",))
OPENSSL = Expectation(
    library="openssl", modules=("openssl",), header="openssl/ssl.h", symbol="SSL_new", link=("ssl", "crypto")
)
UDEV = Expectation(library="udev", modules=("libudev",), header="libudev.h", symbol="udev_new", link=("udev",))
ZLIB = Expectation(library="zlib", modules=("zlib",), header="zlib.h", symbol="inflate", link=("z",))
XKBCOMMON = Expectation(
    library="xkbcommon",
    modules=(),
    header="xkbcommon/xkbcommon.h",
    symbol="xkb_context_new",
    link=("xkbcommon",),
)
BSD = Expectation(library="bsd", modules=(), header="bsd/string.h", symbol="strlcpy", link=("bsd",))
ALL = (ALSA, DBUS, OPENSSL, UDEV, ZLIB, XKBCOMMON, BSD)


@dataclass(frozen=True, kw_only=True)
class Provisioned:
    """A target's folder with a view of real packages, and the wrapper that xprov would have put there."""

    suite: str
    target: Target
    folder: Path

    @property
    def view(self) -> Path:
        return self.folder / "libs"

    @property
    def compiler(self) -> Compiler:
        found = shutil.which(f"{self.target.triplet}-gcc")
        assert found is not None
        flags = compiler_arguments(Environment(target=self.target, generation="0"), str(self.folder))
        return Compiler(cc=Path(found), flags=flags)

    def check(self, expectation: Expectation, compiler: Compiler | None = None) -> LibraryCheck:
        wrapper = self.folder / "bin" / f"{self.target.triplet}-pkg-config"
        report = check_libraries(
            [expectation], self.view, self.target, pkg_config=pkg_config_program(wrapper), compiler=compiler
        )
        return report.checks[0]


Provide = Callable[[str, str], Provisioned]


@pytest.fixture(scope="module")
def provide(tmp_path_factory: pytest.TempPathFactory) -> Provide:
    """`provide("trixie", "armhf")`: the view and wrapper of every library, made once."""
    made: dict[tuple[str, str], Provisioned] = {}

    def make(suite: str, name: str) -> Provisioned:
        if (suite, name) not in made:
            target = find_target(name)
            home = tmp_path_factory.mktemp(f"{suite}-{name}")
            trees = unpack(suite, target).library_trees(*PACKAGES)
            build_view(prepare_view(trees, target), home / target.name / "libs")
            write_home(home, Environment(target=target, generation="0"))
            made[suite, name] = Provisioned(suite=suite, target=target, folder=home / target.name)
        return made[suite, name]

    return make


@pytest.mark.parametrize("expectation", ALL, ids=lambda expectation: expectation.library)
@pytest.mark.parametrize(("suite", "name"), [("bullseye", "armhf"), ("trixie", "armhf"), ("bookworm", "arm64")])
def test_every_library_is_there_and_links(suite: str, name: str, expectation: Expectation, provide: Provide) -> None:
    provisioned = provide(suite, name)
    check = provisioned.check(expectation, provisioned.compiler)
    assert check.problems == ()
    assert check.link.linked is Linked.YES
    assert check.header is not None
    assert check.header.is_relative_to(provisioned.view)
    assert check.symbol_file is not None
    assert all(module.version for module in check.modules)


def test_without_a_compiler_all_but_the_link_is_checked(provide: Provide) -> None:
    check = provide("bookworm", "s390x").check(ALSA)
    assert check.ok
    assert check.link.linked is Linked.NOT_TRIED
    assert check.label.startswith("alsa 1.2.")


@pytest.mark.parametrize(
    ("suite", "expectation", "floor"),
    [
        ("bullseye", ALSA, (2, 29)),
        ("trixie", ALSA, (2, 38)),
        ("bullseye", DBUS, (2, 30)),
        ("trixie", DBUS, (2, 39)),
    ],
)
def test_the_floor_is_that_of_all_that_is_bundled(
    suite: str, expectation: Expectation, floor: tuple[int, int], provide: Provide
) -> None:
    check = provide(suite, "armhf").check(expectation)
    assert check.floor is not None
    assert check.floor.version == floor


def test_what_dbus_brings_along_is_bundled_and_what_every_machine_has_is_not(provide: Provide) -> None:
    provisioned = provide("bullseye", "armhf")
    bundled = {path.name.split(".so")[0] for path in provisioned.check(DBUS).bundled}
    assert bundled == {
        *("libdbus-1", "libsystemd", "libgcrypt", "libgpg-error", "liblz4", "liblzma", "libzstd"),
    }
    assert provisioned.check(ZLIB).bundled == ()


def test_a_toolchain_that_is_older_than_the_libraries_is_warned_about(provide: Provide) -> None:
    provisioned = provide("trixie", "armhf")
    report = check_libraries(
        [ALSA, ZLIB],
        provisioned.view,
        provisioned.target,
        pkg_config=pkg_config_program(provisioned.folder / "bin/arm-linux-gnueabihf-pkg-config"),
    )
    (text,) = floor_warnings(report, (2, 31), provisioned.target)
    assert text.startswith("alsa 1.2.14 needs glibc 2.38 (libasound.so.2: GLIBC_2.38), your toolchain has 2.31")
    assert floor_warnings(report, (2, 38), provisioned.target) == ()
    assert floor_warnings(report, None, provisioned.target) == ()


def test_a_64_bit_time_is_seen_in_the_libraries_that_have_it(provide: Provide) -> None:
    new = [provide("trixie", "armhf").check(expectation) for expectation in ALL]
    assert {check.library for check in new if check.time64} >= {"alsa", "dbus", "openssl", "udev"}
    text = time64_warning(new, find_target("armhf"), "debian:trixie")
    assert text is not None
    assert text.startswith("debian:trixie's armhf libraries have a 64-bit time_t: alsa (libasound.so.2")
    for suite, name in (("bullseye", "armhf"), ("bookworm", "arm64")):
        old = [provide(suite, name).check(expectation) for expectation in ALL]
        assert time64_warning(old, find_target(name), f"debian:{suite}") is None


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"modules": ("alsa-2",)}, "pkg-config has no module `alsa-2`"),
        ({"header": "alsa/none.h"}, "the header `alsa/none.h` is not there"),
        ({"symbol": "snd_none"}, "libasound.so does not export `snd_none`"),
        ({"link": ("none",)}, "there is no libnone.so"),
    ],
)
def test_what_is_not_as_expected_is_said(wrong: dict[str, object], problem: str, provide: Provide) -> None:
    check = provide("trixie", "armhf").check(replace(ALSA, **wrong))  # type: ignore[arg-type] # a table of fields
    assert not check.ok
    assert problem in check.problems[0]


def test_a_symbol_has_to_come_from_what_the_modules_name(provide: Provide) -> None:
    provisioned = provide("trixie", "armhf")
    check = provisioned.check(replace(ALSA, modules=("zlib",)), provisioned.compiler)
    assert check.link.linked is Linked.NO
    assert "snd_pcm_open" in check.link.why


def test_a_compiler_that_is_not_there_is_no_fault_of_the_library(provide: Provide) -> None:
    check = provide("trixie", "armhf").check(ALSA, Compiler(cc=Path("/nowhere/gcc")))
    assert check.ok
    assert check.link.linked is Linked.NOT_TRIED
    assert "/nowhere/gcc" in check.link.why


def test_a_program_that_cannot_be_linked_is_said_in_the_compilers_words(provide: Provide) -> None:
    provisioned = provide("trixie", "armhf")
    check = provisioned.check(replace(ALSA, symbol="snd_none"), provisioned.compiler)
    assert check.link.linked is Linked.NO
    assert "snd_none" in check.link.why
    assert "/tmp/" not in check.link.why  # noqa: S108 - the folder that is gone would only confuse


def _glibc(compiler: Path) -> tuple[int, int]:
    """Return the glibc that `compiler` has headers of."""
    source = "#include <features.h>\n__GLIBC__ __GLIBC_MINOR__\n"
    done = subprocess.run([compiler, "-E", "-P", "-xc", "-"], check=True, capture_output=True, text=True, input=source)
    major, minor = done.stdout.split()[-2:]
    return int(major), int(minor)


def test_a_library_that_is_newer_than_the_compilers_glibc_links_as_a_module_does(
    provide: Provide, tmp_path: Path
) -> None:
    provisioned = provide("trixie", "armhf")
    compiler = provisioned.compiler
    if _glibc(compiler.cc) >= (2, 38):
        pytest.skip("this machine's cross compiler is not older than trixie's libraries")
    assert provisioned.check(ALSA, compiler).link.linked is Linked.YES
    (tmp_path / "main.c").write_text("int snd_pcm_open(); int main(void) { return snd_pcm_open(); }")
    folder = f"{provisioned.view}/usr/lib/arm-linux-gnueabihf"
    words = (compiler.cc, tmp_path / "main.c", "-o", tmp_path / "main", f"-L{folder}", "-lasound")
    done = subprocess.run([str(word) for word in words], check=False, capture_output=True, text=True)
    assert "GLIBC_2.38" in done.stderr
