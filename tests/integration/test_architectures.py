"""Every recipe on every architecture, as a user has it: set up, compiled, linked, and run under QEMU."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.in_step import source_of
from tests.integration.written import need

from xprov.catalog import load_catalog
from xprov.recipe import Finds
from xprov.target import Target, find_target

pytestmark = [pytest.mark.archive, pytest.mark.qemu]

# By target: the suite and the compiler. riscv64 is in no Debian before trixie.
CASES = {
    "armel": ("bookworm", "arm-linux-gnueabi-gcc"),
    "armhf": ("bookworm", "arm-linux-gnueabihf-gcc"),
    "arm64": ("bookworm", "aarch64-linux-gnu-gcc"),
    "i386": ("bookworm", "i686-linux-gnu-gcc"),
    "ppc64el": ("bookworm", "powerpc64le-linux-gnu-gcc"),
    "riscv64": ("trixie", "riscv64-linux-gnu-gcc"),
    "s390x": ("bookworm", "s390x-linux-gnu-gcc"),
}

# For each library the header, and what a program says of it: its version, or 1 where no function tells that.
PROGRAMS = {
    "alsa": ("alsa/asoundlib.h", "puts(snd_asoundlib_version());"),
    "dbus": ("dbus/dbus.h", 'int n[3]; dbus_get_version(n, n + 1, n + 2); printf("%d.%d.%d\\n", n[0], n[1], n[2]);'),
    "openssl": ("openssl/crypto.h", "puts(OpenSSL_version(OPENSSL_VERSION_STRING));"),
    "udev": ("libudev.h", 'struct udev *made = udev_new(); puts(made ? "1" : "0"); udev_unref(made);'),
    "xkbcommon": (
        "xkbcommon/xkbcommon.h",
        'void *new = xkb_context_new(XKB_CONTEXT_NO_DEFAULT_INCLUDES); puts(new ? "1" : "0"); xkb_context_unref(new);',
    ),
    "zlib": ("zlib.h", "puts(zlibVersion());"),
}
SOURCE = """\
#include <{header}>
#include <stdio.h>
int main(void) {{ {body} return 0; }}
"""

# As cc-rs and cargo do it: the variables that have the target's name in them, and no others. $1 is the library,
# $2 and $3 are the target's name in variables, $4 is the module, or empty for a library that is linked by -l alone.
BUILD = """\
. "$XPROV_HOME/env"
eval "cc=\\$CC_$2 cflags=\\$CFLAGS_$2 pkg_config=\\$PKG_CONFIG_$2 linker=\\$CARGO_TARGET_$3_LINKER"
$cc $cflags -Wall -Werror -c "$1.c" -o "$1.o" ${4:+$("$pkg_config" --cflags "$4")}
if [ "$4" ]; then libs=$("$pkg_config" --libs "$4"); else libs=-l$1; fi
$linker "$1.o" -o "$1" $libs
"""


class Home:
    """A home of xprov and a cache, in a folder of its own, and what was set up there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "home"
        self.cache = folder / "cache"
        self.work = folder / "work"
        self.work.mkdir()
        self.environ = {
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "XPROV_HOME": str(self.folder),
            "XPROV_CACHE_DIR": str(self.cache),
        }

    def xprov(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self._run(sys.executable, "-m", "xprov", *words)

    def view(self, *words: str) -> set[str]:
        """Set up by `words`, whose second is the target, and return the files and links of the libraries' view."""
        done = self.xprov(*words)
        assert done.returncode == 0, done.stderr
        root = self.folder / words[1] / "libs"
        return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}

    def build(self, library: str, target: Target, module: str) -> None:
        header, body = PROGRAMS[library]
        (self.work / f"{library}.c").write_text(SOURCE.format(header=header, body=body))
        name = target.rust.replace("-", "_")
        done = self._run("sh", "-euc", BUILD, "build", library, name, name.upper(), module)
        assert done.returncode == 0, done.stderr

    def run(self, library: str, target: Target) -> str:
        """Run a program. Beside a full view QEMU needs nothing; where the compiler has a libc, it has the loader."""
        view = self.folder / target.name / "sysroot"
        words = ["-L", str(view)]
        if not view.is_dir():
            libraries = self.folder / target.name / "libs/usr/lib" / target.triplet
            words = ["-L", f"/usr/{target.triplet}", "-E", f"LD_LIBRARY_PATH={libraries}"]
        done = self._run(f"qemu-{target.qemu}-static", *words, str(self.work / library))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            env=self.environ,
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    # 150 MB for each target, of which pytest would keep three runs.
    shutil.rmtree(home.cache, ignore_errors=True)
    shutil.rmtree(home.folder, ignore_errors=True)


@pytest.mark.parametrize("name", CASES)
def test_a_program_for_each_recipe_is_built_and_runs(home: Home, name: str) -> None:
    target, (suite, compiler) = find_target(name), CASES[name]
    need(compiler, f"qemu-{target.qemu}-static")
    recipes = load_catalog([]).recipes()

    libraries, source = [recipe.library for recipe in recipes], source_of(suite, name)
    done = home.xprov("setup", name, *libraries, "--suite", f"debian:{suite}", "--json", *source.options)
    assert done.returncode == 0, done.stderr
    provision = json.loads(done.stdout)
    answers = {}
    for recipe in recipes:
        # The crate xkbcommon asks no pkg-config: the compiler and the linker have to know the folders.
        by_name = any(crate.finds is Finds.LINK for crate in recipe.crates)
        home.build(recipe.library, target, "" if by_name else recipe.modules[0])
        answers[recipe.library] = home.run(recipe.library, target)

    versions = {library["name"]: next(iter(library["modules"].values())) for library in provision["libraries"]}
    assert answers == versions | {"udev": "1", "xkbcommon": "1"}
    assert [library["name"] for library in provision["libraries"] if not library["linked"]] == []


def test_both_views_are_made_for_a_compiler_that_has_a_libc_and_is_pointed_at_the_libraries(home: Home) -> None:
    target = find_target("armhf")
    need(CASES["armhf"][1], "qemu-arm-static")
    words = ("setup", "armhf", "zlib", "--suite", "debian:bookworm", "--view", "both")

    done = home.xprov(*words)
    assert done.returncode == 0, done.stderr
    home.build("zlib", target, "zlib")
    sysroot = home.folder / "armhf/sysroot"
    there = {name for name in ("libc.so", "libz.so") if (sysroot / "usr/lib/arm-linux-gnueabihf" / name).exists()}

    assert there == {"libc.so", "libz.so"}
    assert not (home.folder / "armhf/libs/usr/lib/arm-linux-gnueabihf/libc.so").exists()
    assert str(sysroot) not in home.xprov("env", "armhf").stdout
    # The program finds the loader, libc and the library there.
    assert home.run("zlib", target) == "1.2.13"
    assert "all of it is there already" in home.xprov(*words).stderr
    home.view(*words[:-1], "auto")
    assert not sysroot.exists()


@pytest.mark.parametrize("options", [("--method", "sysroot"), ("--suite", "debian:trixie")], ids=["any", "trixie"])
def test_a_target_that_no_suite_has_is_said_to_be_so(home: Home, options: tuple[str, str]) -> None:
    done = home.xprov("setup", "loong64", "zlib", *options)

    assert done.returncode == 5
    assert "loong64" in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (home.folder / "loong64").exists()


def test_a_view_holds_what_builds_read_and_on_request_all(home: Home) -> None:
    words = ("setup", "s390x", "zlib", "--suite", "debian:bookworm", "--view", "libs")

    few, every = (home.view(*words, *more) for more in ((), ("--keep-all",)))

    lib = "usr/lib/s390x-linux-gnu"
    assert few == {
        *("usr/include/zlib.h", "usr/include/zconf.h", f"{lib}/pkgconfig/zlib.pc"),
        *(f"{lib}/{name}" for name in ("libz.a", "libz.so", "libz.so.1", "libz.so.1.2.13")),
    }
    assert few < every
    assert {"usr/share/doc/zlib1g-dev/copyright", "usr/share/man/man3/zlib.3.gz"} <= every
