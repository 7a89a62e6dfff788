"""What a container of `xprov run` is given: image, variables, mounts, and the streams that come back."""

import struct
from pathlib import Path

import pytest
from tests.unit.projects import write_project

from xprov.cache import Cache
from xprov.containers.choice import choose_image, known_images
from xprov.containers.ground import find_ground, mounts
from xprov.containers.network import BUNDLE, loopback_proxies, network_mounts, network_variables
from xprov.containers.run import Run, spec_of
from xprov.engine import Image, Mount
from xprov.engine.streams import Frames
from xprov.errors import UnsatisfiableError, UsageError
from xprov.target import find_target

ARMHF = find_target("armhf")
IMAGE = Image(reference="builder:1", id="f" * 64, architecture="amd64", environ={}, user="", labels={})


@pytest.mark.parametrize(
    ("target", "machine", "wanted", "image"),
    [
        ("armhf", "amd64", None, "ghcr.io/rust-cross/manylinux2014-cross:armv7"),
        ("armhf", "amd64", (2, 28), "ghcr.io/rust-cross/manylinux_2_28-cross:armv7"),
        # The newest that is not newer than the tag.
        ("armhf", "amd64", (2, 31), "ghcr.io/rust-cross/manylinux_2_28-cross:armv7"),
        ("arm64", "amd64", (2, 17), "ghcr.io/rust-cross/manylinux2014-cross:aarch64"),
        ("arm64", "arm64", (2, 17), "quay.io/pypa/manylinux2014_aarch64:latest"),
        ("amd64", "amd64", (2, 34), "quay.io/pypa/manylinux_2_34_x86_64:latest"),
        ("riscv64", "amd64", None, "ghcr.io/rust-cross/manylinux_2_31-cross:riscv64"),
        ("aarch64-unknown-linux-musl", "amd64", None, "ghcr.io/rust-cross/rust-musl-cross:aarch64-musl"),
    ],
)
def test_the_image_is_that_of_a_release_job(
    target: str, machine: str, wanted: tuple[int, int] | None, image: str
) -> None:
    assert choose_image(find_target(target), machine, wanted).reference == image


@pytest.mark.parametrize(
    ("target", "machine", "wanted", "said"),
    [
        ("armel", "amd64", None, "no image is known in which armel is built on amd64 machines"),
        ("armhf", "s390x", None, "no image is known in which armhf is built on s390x machines"),
        ("riscv64", "amd64", (2, 28), "as old as manylinux_2_28 promises"),
    ],
)
def test_where_there_is_no_image_it_is_said(
    target: str, machine: str, wanted: tuple[int, int] | None, said: str
) -> None:
    with pytest.raises(UnsatisfiableError, match=said) as raised:
        choose_image(find_target(target), machine, wanted)

    assert "`--image`" in str(raised.value.hint)


def test_every_target_of_the_table_is_one() -> None:
    assert all(find_target(name).name == name for rows in known_images().values() for name in rows)


def test_a_container_finds_proxies_and_certificates_as_the_shell_does(tmp_path: Path) -> None:
    bundle = tmp_path / "company.pem"
    bundle.write_text("")
    environ = {
        "PIP_CERT": str(bundle),
        "https_proxy": "http://p:1",
        "NO_PROXY": "x.test",
        "http_proxy": "",
        "OTHER": "1",
    }

    variables = network_variables(environ)

    assert variables.pop("CARGO_HTTP_CAINFO") == variables.pop("SSL_CERT_FILE") == BUNDLE
    assert {name: value for name, value in variables.items() if value != BUNDLE} == {
        "https_proxy": "http://p:1",
        "NO_PROXY": "x.test",
    }
    assert network_mounts(environ) == (Mount(source=bundle, place=BUNDLE, read_only=True),)


def test_certificates_that_are_not_there_are_not_mounted() -> None:
    environ = {"SSL_CERT_FILE": "/nowhere/company.pem"}

    assert (network_variables(environ), network_mounts(environ)) == ({}, ())


@pytest.mark.parametrize("value", ["http://127.0.0.1:3128", "localhost:3128", "http://[::1]:8080"])
def test_a_proxy_that_no_container_reaches_is_known(value: str) -> None:
    assert list(loopback_proxies({"HTTPS_PROXY": value, "no_proxy": "localhost"})) == ["HTTPS_PROXY"]


def test_the_checkout_is_mounted_where_it_is_and_cargo_has_a_folder_for_the_image(tmp_path: Path) -> None:
    top = tmp_path / "checkout"
    project = write_project(top / "python", {})
    (top / ".git").mkdir()
    cache = Cache(path=tmp_path / "cache")

    found = mounts(find_ground(project), cache, IMAGE, ARMHF)

    places = {mount.place: mount.source for mount in found}
    assert places[str(top)] == top
    assert places["/root/.cargo/registry"] == cache.path / "cargo/registry"
    assert places[str(project / "target")].parent == cache.path / "targets"
    # Wheels are the project's, whatever lies around them.
    assert places[str(project / "target/wheels")] == project / "target/wheels"
    other = Image(
        reference="other:1", id="0" * 64, architecture="amd64", environ={"CARGO_HOME": "/c"}, user="", labels={}
    )
    others = {mount.place: mount.source for mount in mounts(find_ground(project), cache, other, ARMHF)}
    assert others[str(project / "target")] != places[str(project / "target")]
    assert others["/c/git"] == cache.path / "cargo/git"


def test_a_target_folder_that_the_project_configures_is_the_one(tmp_path: Path) -> None:
    project = write_project(tmp_path / "p", {".cargo/config.toml": "[build]\ntarget-dir = 'built'\n"})
    (project / ".git").mkdir()

    assert find_ground(project).target == project / "built"


def test_the_whole_machine_is_not_mounted() -> None:
    with pytest.raises(UsageError, match="the whole machine"):
        find_ground(Path("/"))


def test_what_is_provisioned_is_sourced_and_read_only() -> None:
    run = Run(
        image=IMAGE,
        command=("maturin", "build"),
        folder=Path("/p"),
        ground=(Mount(source=Path("/p"), place="/p"),),
        home=Path("/c/a home"),
        given={"CARGO_TERM_COLOR": "always"},
    )

    spec = spec_of(run, {"SECRET": "1"})

    assert spec.command[4:] == (". '/c/a home/env'\n", "/p", "maturin", "build")
    assert Mount(source=Path("/c/a home"), place="/c/a home", read_only=True) in spec.mounts
    assert (spec.environ, spec.folder) == ({"CARGO_TERM_COLOR": "always"}, "/p")


def test_frames_may_come_in_any_pieces() -> None:
    whole = b"".join(
        struct.pack(">BxxxL", stream, len(text)) + text for stream, text in ((1, b"out"), (2, b"err"), (1, b""))
    )

    for size in (1, 3, 8, 100):
        frames = Frames()
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        assert [part for piece in pieces for part in frames.feed(piece)] == [
            (b"out", False),
            (b"err", True),
            (b"", False),
        ]
