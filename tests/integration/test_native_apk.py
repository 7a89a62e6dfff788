"""Method `native` where apk installs. No registry and no archive that tests can ask has Alpine: an image is named."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.containers import Box, started
from tests.integration.nothing import NOTHING
from tests.integration.wheelhouse import PLACE

IMAGE = os.environ.get("XPROV_TEST_APK", "")

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(not IMAGE, reason="XPROV_TEST_APK names no image of Alpine (CONTRIBUTING.md, Tests)"),
]

# What it depends on has other wheels there, which the image's own pip finds.
INSTALL = f"""
set -e
python3 -m venv /opt/xprov
/opt/xprov/bin/pip install --quiet --find-links {PLACE} {PLACE}/xprov-*.whl
ln -s /opt/xprov/bin/xprov /usr/local/bin/xprov
"""


@pytest.fixture(scope="module")
def machine(wheelhouse: Path) -> Iterator[Box]:
    """Return a container of the image that was named, with xprov."""
    with started(IMAGE, mounts={wheelhouse: PLACE}) as box:
        box.run(INSTALL).expect()
        yield box


def test_what_a_build_needs_is_there_and_told_and_found_again(machine: Box) -> None:
    done = machine.run("xprov setup x86_64 alsa --json").expect()
    again = machine.run("xprov setup x86_64 alsa").expect()

    provision = json.loads(done.stdout)
    assert provision["method"] == "native"
    assert provision["suite"].startswith("alpine:3.")
    assert {"alsa-lib", "alsa-lib-dev"} <= {package["name"] for package in provision["packages"]}
    assert provision["floor"] is None
    assert provision["libraries"][0]["linked"] is True
    assert "Installed already: pc:alsa" in again.stderr
    assert machine.run("pkg-config --exists alsa && set -eu && . ~/.xprov/env").expect().stdout == ""


def test_a_library_that_no_repository_has_is_named_with_its_module(machine: Box) -> None:
    said = machine.run(f"{NOTHING}\nxprov --recipes /tmp/own setup x86_64 nothing").expect(5)

    assert "lacks nothing (no package provides pc:nothing-1.0)" in said.stderr


def test_hosts_that_do_not_answer_are_a_matter_of_the_network(machine: Box) -> None:
    away = "cp /etc/apk/repositories /tmp/kept; echo http://127.0.0.1:9/v3.20/main > /etc/apk/repositories"
    back = "mv /tmp/kept /etc/apk/repositories"

    said = machine.run(
        f"{NOTHING}\n{away}; xprov --recipes /tmp/own setup x86_64 nothing; c=$?; {back}; exit $c"
    ).expect(3)

    assert "apk could not reach the package hosts" in said.stderr
