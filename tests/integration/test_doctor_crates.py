"""Crates that ignore pkg-config or believe this machine really break cross builds, and what doctor says mends them.

Each row is built twice in one container: as the project is, and after the line that doctor printed was typed as it
stands. What doctor finds the first time and not the second is the row's.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integration.action import Shared
from tests.integration.conftest import CrossImage
from tests.integration.cross_project import (
    CARGO,
    FAST,
    SOURCED,
    TRIPLE,
    Machine,
    library_project,
    started_machine,
)

pytestmark = [pytest.mark.archive, pytest.mark.docker]

# What is set up for zig, and for a compiler that has no libc.
ZIG_HOME = "/root/zig"
BARE_HOME = "/opt/bare"
SETUP = f"""
set -e
echo 'APT::Get::Assume-Yes "true"; APT::Install-Recommends "false";' > /etc/apt/apt.conf.d/tests
apt-get update -q
# Of this machine: libraries with programs that crates believe, and what libbpf is compiled by.
apt-get install -q libpq-dev libmariadb-dev-compat make
# Nothing is downloaded here, wherever this runs: what a build script asks for is told.
printf '#!/bin/sh\\necho wget "$@" >&2; exit 1\\n' > /usr/local/bin/wget
chmod +x /usr/local/bin/wget
cd /io/postgres
xprov setup armhf libpq libevdev udev openblas --method sysroot
XPROV_HOME={ZIG_HOME} xprov setup armhf libelf zlib --method sysroot --toolchain zig --manylinux 2_36
"""


RECIPE = """\
library = "{}"
summary = "A library for tests"
modules = ["{}"]

[packages]
debian = ["{}"]

[[crates]]
name = "{}"
finds = "pkg-config"

[check]
header = "{}"
symbol = "{}"
link = ["{}"]
"""
RECIPES = {
    "libpq": ("libpq", "libpq-dev", "pq-sys", "libpq-fe.h", "PQlibVersion", "pq"),
    "mysqlclient": ("libmariadb", "libmariadb-dev", "mysqlclient-sys", "mysql.h", "mysql_get_client_info", "mariadb"),
    "libevdev": ("libevdev", "libevdev-dev", "evdev-sys", "libevdev/libevdev.h", "libevdev_new", "evdev"),
    "libelf": ("libelf", "libelf-dev", "libbpf-sys", "libelf.h", "elf_begin", "elf"),
    "ffmpeg": ("libavcodec", "libavcodec-dev", "ffmpeg-sys-next", "libavcodec/avcodec.h", "avcodec_version", "avcodec"),
    "openblas": ("openblas", "libopenblas-dev", "openblas-src", "cblas.h", "cblas_ddot", "openblas"),
    "portaudio": ("portaudio-2.0", "portaudio19-dev", "portaudio-sys2", "portaudio.h", "Pa_GetVersion", "portaudio"),
}
OWN = {"xprov.toml": "recipes = ['../recipes/own']\n"}

PROJECTS = {
    "recipes": {f"own/{library}.toml": RECIPE.format(library, *facts) for library, facts in RECIPES.items()},
    # As most have it: another crate asks for it.
    "postgres": {
        **OWN,
        "Cargo.toml": f"[dependencies]\ninner = {{ path = 'inner' }}\n{FAST}",
        "src/lib.rs": '#[no_mangle] pub extern "C" fn version() -> i32 { inner::version() }\n',
        "inner/Cargo.toml": "[package]\nname = 'inner'\nversion = '0.1.0'\n[dependencies]\npq-sys = '=0.6.3'\n",
        "inner/src/lib.rs": "pub fn version() -> i32 { unsafe { pq_sys::PQlibVersion() } }\n",
    },
    "mysql": {**OWN, **library_project("mysqlclient-sys = '=0.5.2'", "mysqlclient_sys::mysql_get_client_version()")},
    "sound": {**OWN, **library_project("portaudio-sys2 = '=0.1.0'", "portaudio_sys::Pa_GetVersion()")},
    "video": {
        **OWN,
        **library_project(
            "ffmpeg-sys-next = { version = '=8.1.0', default-features = false, features = ['avcodec'] }",
            "ffmpeg_sys_next::avcodec_version()",
        ),
    },
    "algebra": {
        **OWN,
        "Cargo.toml": f"[dependencies]\nopenblas-src = '=0.10.16'\n{FAST}",
        "src/lib.rs": """\
            extern crate openblas_src;
            extern "C" { fn openblas_get_num_threads() -> i32; }
            #[no_mangle] pub extern "C" fn threads() -> i32 { unsafe { openblas_get_num_threads() } }
            """,
    },
    "input": {**OWN, **library_project("evdev-sys = '=0.2.6'", "evdev_sys::libevdev_new()")},
    "devices": {
        **OWN,
        **library_project(
            "libudev-sys = '=0.1.4'\nudev = { version = '=0.9.3', features = ['hwdb'] }", "udev::Hwdb::new().is_ok()"
        ),
    },
    "bpf": {
        **OWN,
        "Cargo.toml": f"[dependencies]\nlibbpf-sys = '=1.7.0'\n{FAST}",
        "src/main.rs": "fn main() { unsafe { libbpf_sys::libbpf_major_version(); } }\n",
        "pyproject.toml": "[tool.maturin]\nbindings = 'bin'\n",
    },
}


@pytest.fixture(scope="module")
def machine(
    plain_image: CrossImage, shared: Shared, wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """Return one container for all rows."""
    folder = tmp_path_factory.mktemp("projects")
    with started_machine(plain_image("armhf"), PROJECTS, shared=shared, wheelhouse=wheelhouse, folder=folder) as ready:
        ready.box.run(SETUP).expect()
        yield ready


def _quoted(fix: str) -> list[str]:
    return re.findall("`([^`]+)`", fix)


def _first(fix: str) -> str:
    return _quoted(fix)[0]


def _second(fix: str) -> str:
    return _quoted(fix)[1]


def _set_up(fix: str) -> str:
    """Return the lines of a fix that installs a package and sets a library up, and the one that takes what is there."""
    install, setup = _quoted(fix)
    return f'{install}\n{setup} --method sysroot\nsource "$XPROV_HOME/env"'


def _written(fix: str) -> str:
    """Return a line that writes the table and the setting that a fix names into cargo's configuration."""
    table, setting = _quoted(fix)
    return f"mkdir -p .cargo; printf '%s\\n' '{table}' '{setting}' > .cargo/config.toml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A project that fails with `said` in its log, after the lines `always`, and the line of the fix that is typed."""

    id: str
    project: str
    said: str
    typed: Callable[[str], str] = _first
    always: str = SOURCED
    command: str = CARGO


ROWS = (
    Row(id="host-program", project="postgres", said="/usr/lib/x86_64-linux-gnu/libpq.so: file not", typed=_second),
    Row(id="host-program", project="postgres", said="/usr/lib/x86_64-linux-gnu/libpq.so: file not"),
    Row(id="crate-needs", project="input", said="autoreconf: not found", typed=_written),
    Row(id="crate-needs", project="devices", said="cannot find type `udev_hwdb`"),
    # Its build script is kept from a download that would last.
    Row(
        id="crate-needs",
        project="algebra",
        said="Connection refused",
        always=f"{SOURCED}; cargo fetch -q; export ALL_PROXY=http://127.0.0.1:9 CARGO_NET_OFFLINE=true",
    ),
    Row(
        id="crate-needs",
        project="bpf",
        said='unable to find dynamic system library "elf"',
        typed=_second,
        always=f"source {ZIG_HOME}/env; export XPROV_HOME={ZIG_HOME}",
        command=f"maturin build --zig --target {TRIPLE} --manylinux 2_36 --profile dev --out /tmp/dist",
    ),
    Row(
        id="crate-needs",
        project="video",
        said="gnu/stubs-soft.h: No such file",
        typed=_set_up,
        always=f"""\
dpkg --remove --force-depends libc6-dev-armhf-cross
export XPROV_HOME={BARE_HOME} LIBCLANG_PATH=/usr/lib/llvm-19/lib
xprov setup armhf ffmpeg --method sysroot
source {BARE_HOME}/env""",
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.project}-{row.id}")
def test_a_crate_that_cannot_be_cross_built_is_named_and_mended(machine: Machine, row: Row) -> None:
    failed = machine.build(row.project, row.always, row.command)
    built = machine.build(row.project, f"{row.always}\n{row.typed(failed.found[row.id])}", row.command)

    assert failed.code != 0
    assert row.said in failed.log
    assert built.code == 0, built.log
    assert failed.found.keys() - built.found.keys() == {row.id}
    assert built.found.keys() <= failed.found.keys()


@pytest.mark.parametrize(
    ("project", "library", "said", "gone"),
    [
        ("mysql", "mysqlclient", "/usr/lib/x86_64-linux-gnu//libmariadb.so: file not recognized", "host-program"),
        ("sound", "portaudio", "wget https://files.portaudio.com/", "crate-needs"),
    ],
    ids=["mysql", "sound"],
)
def test_nothing_else_is_asked_where_the_library_is_set_up(
    machine: Machine, project: str, library: str, said: str, gone: str
) -> None:
    failed = machine.build(project, SOURCED)
    line = _first(failed.found["library-missing"])
    built = machine.build(project, f"{line} --method sysroot; {SOURCED}")

    assert failed.code != 0
    assert said in failed.log
    assert line == f"xprov setup armhf {library}"
    assert built.code == 0, built.log
    assert failed.found.keys() - built.found.keys() == {gone, "library-missing"}
