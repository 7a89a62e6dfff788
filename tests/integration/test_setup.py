"""`xprov setup` as a user sees it who sets up one target after the other in one container."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.conftest import CrossImage
from tests.integration.containers import Box, started
from tests.integration.wheelhouse import INSTALL, PLACE

pytestmark = [pytest.mark.docker, pytest.mark.archive]

SNAPSHOT = "find /etc/apt -type f | sort | xargs sha256sum; dpkg --print-foreign-architectures"


@pytest.fixture(scope="module")
def machine(manylinux_image: CrossImage, wheelhouse: Path) -> Iterator[Box]:
    """Return a container of an image without any pkg-config."""
    with started(manylinux_image("armhf"), mounts={wheelhouse: PLACE}) as box:
        box.run(INSTALL).expect()
        yield box


def _provision(machine: Box, target: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(machine.run(f"cat ~/.xprov/{target}/provision.json").expect().stdout)
    return content


def _wrapper(machine: Box) -> str:
    home = machine.run("echo $HOME").expect().stdout.strip()
    return f"{home}/.xprov/s390x/bin/s390x-linux-gnu-pkg-config"


def _installed(machine: Box, architecture: str) -> set[str]:
    listed = machine.run("dpkg-query -W -f '${db:Status-Abbrev}${Package} ${Architecture}\\n'").expect().stdout
    rows = (line.split() for line in listed.splitlines() if line.startswith("ii "))
    return {name for _state, name, found in rows if found == architecture}


def test_no_foreign_program_is_pulled_in_where_the_image_has_none_of_its_own(machine: Box) -> None:
    assert "pkgconf-bin" not in _installed(machine, "amd64")

    machine.run("xprov setup ppc64el dbus").expect()

    foreign = _installed(machine, "ppc64el")
    assert "libdbus-1-dev" in foreign
    assert [name for name in foreign if name == "pkgconf-bin" or name.startswith(("gcc-1", "cpp", "binutils"))] == [
        name for name in foreign if name.endswith("-base")
    ]
    wrapper = "~/.xprov/ppc64el/bin/powerpc64le-linux-gnu-pkg-config"
    assert "-ldbus-1" in machine.run(f"{wrapper} --libs dbus-1").expect().stdout


def test_a_second_setup_adds_and_the_same_again_changes_nothing(machine: Box) -> None:
    first = json.loads(machine.run("xprov setup s390x zlib --json").expect().stdout)

    machine.run("xprov setup linux/s390x alsa").expect()
    both = _provision(machine, "s390x")
    env = machine.run("cat ~/.xprov/s390x/env").expect().stdout
    again = machine.run("xprov setup s390x-ibm-linux-gnu alsa").expect()

    assert [library["name"] for library in first["libraries"]] == ["zlib"]
    assert [library["name"] for library in both["libraries"]] == ["zlib", "alsa"]
    assert first["generation"] != both["generation"]
    assert both["generation"] in env
    assert _provision(machine, "s390x") == both
    assert machine.run("cat ~/.xprov/s390x/env").expect().stdout == env
    assert "Installed already" in again.stderr


def test_a_provision_tells_packages_with_hash_and_libraries_with_floor(machine: Box) -> None:
    machine.run("xprov setup s390x zlib").expect()
    provision = _provision(machine, "s390x")

    package = next(package for package in provision["packages"] if package["name"] == "zlib1g-dev")
    assert package["architecture"] == "s390x"
    assert len(package["sha256"]) == 64
    assert package["origin"].startswith("pool/main/z/zlib/zlib1g-dev_")
    assert next(library for library in provision["libraries"] if library["name"] == "zlib")["floor"].startswith("2.")


def test_the_variables_are_printed_for_each_reader(machine: Box) -> None:
    machine.run("xprov setup s390x zlib").expect()
    name, wrapper = "PKG_CONFIG_s390x_unknown_linux_gnu", _wrapper(machine)

    def env(options: str) -> str:
        return machine.run(f"xprov env s390x {options}").expect().stdout

    assert f"export {name}={wrapper}\n" in env("--format sh")
    assert f"set -gx {name} '{wrapper}'\n" in env("--format fish")
    assert f"{name}={wrapper}\n" in env("--format github")
    assert json.loads(env("--format json"))["variables"][name] == wrapper
    assert "export PKG_CONFIG=" not in env("")
    assert f"export PKG_CONFIG={wrapper}\n" in env("--plain")
    said = machine.run("xprov env s390x --env-file /tmp/deep/env && . /tmp/deep/env && echo $" + name).expect()
    assert said.stdout.strip() == wrapper


def test_a_copy_of_the_file_to_source_works_from_where_it_lies(machine: Box) -> None:
    machine.run("xprov setup s390x zlib --env-file /tmp/copy/env").expect()

    said = machine.run("set -eu; . /tmp/copy/env; echo $PKG_CONFIG_s390x_unknown_linux_gnu").expect()

    assert said.stdout.strip() == _wrapper(machine)


def test_the_containers_own_architecture_needs_neither_sources_nor_view(machine: Box) -> None:
    before = machine.run(SNAPSHOT).expect().stdout

    said = machine.run("xprov setup x86_64 zlib && pkg-config --modversion zlib && ls ~/.xprov/amd64").expect()

    assert machine.run(SNAPSHOT).expect().stdout == before
    assert "method native" in said.stderr
    assert "libs" not in said.stdout.split()


def test_under_github_actions_what_is_said_is_folded_and_annotated(machine: Box) -> None:
    said = machine.run("GITHUB_ACTIONS=true xprov setup armhf alsa --suite debian:bookworm").expect()

    assert said.stderr.startswith("::group::xprov setup armhf alsa\n")
    assert said.stderr.rstrip().endswith("::endgroup::")
    assert "::warning title=xprov::alsa" in said.stderr


def test_undo_of_every_target_leaves_apt_as_it_came(manylinux_image: CrossImage, wheelhouse: Path) -> None:
    with started(manylinux_image("armhf"), mounts={wheelhouse: PLACE}) as box:
        box.run(INSTALL).expect()
        before = box.run(SNAPSHOT).expect().stdout
        box.run("xprov setup armel zlib && xprov setup i386 zlib").expect()
        assert box.run(SNAPSHOT).expect().stdout != before

        kept = box.run("xprov undo armel").expect()
        assert "dpkg keeps the architecture armel" in kept.stderr
        box.run("xprov undo --packages").expect()

        assert box.run(SNAPSHOT).expect().stdout == before
        assert "nothing to undo" in box.run("xprov undo").expect().stderr
