"""A setup that finds all there already does nothing else, and does not even import what would."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.archive_builder import SigningKey
from tests.integration.faulty import Mirror, serve_mirror
from tests.integration.small_archive import World, parts

pytestmark = pytest.mark.skipif(
    not (shutil.which("gpg") and shutil.which("dpkg-deb")), reason="no gpg and dpkg-deb to build an archive with"
)

FOCAL = ("--suite", "ubuntu:focal")
# Each takes from 10 to 100 milliseconds: who fetches, verifies, resolves, builds or checks needs it, and nobody else.
SLOW = {
    *("requests", "pysequoia", "debian", "tempfile", "concurrent.futures"),
    *("xprov.view", "xprov.check", "xprov.lockfile"),
}

_PROGRAM = """\
import sys
from xprov.cli import run
code = run(sys.argv[1:])
print(*sys.modules, sep="\\n")
sys.exit(code)
"""


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serve_mirror() as served:
        yield served


@pytest.fixture
def world(tmp_path: Path, mirror: Mirror) -> World:
    key = SigningKey.make(tmp_path / "keys")
    made = World(folder=tmp_path, mirror=mirror, key=key)
    made.publish(*parts("focal"))
    made.trust(key.public)
    return made


@pytest.mark.parametrize("options", [(), ("--offline",)], ids=["as before", "offline"])
def test_what_is_there_already_is_found_without_slow_imports(world: World, options: tuple[str, ...]) -> None:
    first = world.setup(*FOCAL)
    assert first.code == 0, first.err
    asked = len(world.mirror.seen)

    again = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *world.words, *FOCAL, *options],
        env=world.environ,
        check=True,
        capture_output=True,
        text=True,
    )

    assert "all of it is there already" in again.stderr
    assert SLOW.isdisjoint(again.stdout.splitlines())
    assert len(world.mirror.seen) == asked
