"""What `provision.json` tells, and what `xprov env` reads."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from xprov.environment import Action, Environment, Setting, View, resolve
from xprov.environment.stored import environment_as_json, environment_from_json
from xprov.errors import XprovError
from xprov.provision import (
    FILE,
    Provision,
    ProvisionedLibrary,
    ProvisionedPackage,
    generation_of,
    read_provision,
)
from xprov.report import summary
from xprov.request import Method
from xprov.target import find_target
from xprov.toolchain import Toolchain

ARMHF = find_target("armhf")
ALSA = ProvisionedLibrary(
    name="alsa",
    modules={"alsa": "1.2.14"},
    floor=(2, 38),
    floor_file="libasound.so.2: GLIBC_2.38",
    wheel_floor=(2, 38),
    linked=True,
)
PROVISION = Provision(
    target=ARMHF,
    method=Method.MULTIARCH,
    suite="debian:trixie",
    libraries=(ALSA, replace(ALSA, name="zlib", floor=(2, 4), wheel_floor=None)),
    packages=(
        ProvisionedPackage(name="b", architecture="armhf", version="1", sha256="ab", origin="pool/b.deb"),
        ProvisionedPackage(name="a", architecture="all", version="2", sha256=None, origin=None),
    ),
    toolchain_glibc=(2, 31),
)


def test_a_provision_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps(PROVISION.as_json()))

    assert read_provision(tmp_path) == PROVISION
    assert read_provision(tmp_path / "other") is None


def test_the_floor_is_that_of_the_library_that_asks_for_most() -> None:
    content = PROVISION.as_json()

    assert content["floor"] == "2.38"
    assert content["libraries"][0]["floor_file"] == "libasound.so.2: GLIBC_2.38"
    assert "manylinux_2_38" in summary(PROVISION)


def test_libraries_that_every_system_has_give_a_wheel_no_floor() -> None:
    assert "carry none" in summary(replace(PROVISION, libraries=(replace(ALSA, wheel_floor=None),)))


def test_of_musl_no_glibc_is_claimed() -> None:
    musl = replace(
        PROVISION, target=find_target("x86_64-unknown-linux-musl"), libraries=(replace(ALSA, wheel_floor=None),)
    )

    assert "musllinux" in summary(musl)


def test_the_generation_changes_with_the_packages_and_only_then() -> None:
    packages = [("a", "armhf", "1"), ("b", "all", "2")]

    assert generation_of(packages) == generation_of(reversed(packages))
    assert generation_of(packages) != generation_of([("a", "armhf", "1"), ("b", "all", "2.1")])
    assert generation_of(packages) != generation_of(packages[:1])


@pytest.mark.parametrize("text", ["{", "{}", '{"version": 99}', "[]"])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)

    with pytest.raises(XprovError, match=FILE) as caught:
        read_provision(tmp_path)

    assert "xprov setup" in (caught.value.hint or "")


def test_a_stored_environment_gives_the_same_variables(tmp_path: Path) -> None:
    setting = Setting(variable="{TRIPLE}_OPENSSL_DIR", action=Action.DROP_UNLESS, needs="include", reason="empty")
    toolchain = Toolchain(
        cc=Path("/usr/bin/cc"),
        cxx=None,
        ar=Path("/usr/bin/ar"),
        machine="m",
        prefix="p",
        sysroot=Path("/opt/sysroot"),
        glibc=(2, 31),
        multiarch=None,
        libc_includes=(Path("/usr/include"),),
        found_by="PATH",
    )
    environment = Environment(
        target=ARMHF,
        generation="0",
        toolchain=toolchain,
        view=View.FULL,
        recipe_settings=(setting,),
        zig=True,
        full_beside=True,
    )

    stored = environment_from_json(json.loads(json.dumps(environment_as_json(environment))))

    assert stored == environment
    environ = {"ARMV7_UNKNOWN_LINUX_GNUEABIHF_OPENSSL_DIR": str(tmp_path)}
    assert resolve(stored, tmp_path, environ) == resolve(environment, tmp_path, environ)
    assert resolve(stored, tmp_path, environ).variables["ARMV7_UNKNOWN_LINUX_GNUEABIHF_OPENSSL_DIR"] is None
