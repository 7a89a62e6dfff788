"""The main job: two lines before `maturin build`, in an image of a Debian user, to a wheel that imports."""

import pytest
from tests.integration.conftest import CrossImage, StartJob, UnpackPython
from tests.integration.images import HOST_SUITES, PYTHONS
from tests.integration.wheelfile import bundled, elf_members, module, strangers

pytestmark = [pytest.mark.archive, pytest.mark.docker, pytest.mark.qemu]


def _python(target: str) -> str:
    """Return the Python that the wheel is built for: that of the suite it is tried on."""
    return f"python{PYTHONS[HOST_SUITES[target]]}"


@pytest.mark.parametrize(
    ("target", "options", "told"),
    [
        ("armhf", "", "method multiarch: a Docker container, debian:bookworm"),
        ("armhf", "--method sysroot", "method sysroot: asked for by --method"),
        ("arm64", "", "method multiarch: a Docker container, debian:trixie"),
    ],
    ids=["armhf", "armhf-sysroot", "arm64"],
)
def test_wheel_runs_on_the_target(
    target: str,
    options: str,
    told: str,
    plain_image: CrossImage,
    start_job: StartJob,
    foreign_python: UnpackPython,
) -> None:
    job = start_job(plain_image(target), target)

    with job.container() as box:
        job.install_xprov(box)
        before = (f"xprov setup {target} alsa dbus {options}", 'source "$HOME/.xprov/env"')
        built = job.build(box, before=before, arguments=f"--release --out dist -i {_python(target)}").expect()
        host_zlib = box.run("pkg-config --modversion zlib").expect().stdout.strip()
        view = job.take_view(box)

    assert told in built.stderr
    wheel = job.wheel()
    assert [member for member in elf_members(wheel) if not member.fits(job.target.elf)] == []
    assert {"libasound", "libdbus-1"} <= bundled(wheel)
    assert strangers(wheel, view) == []

    python = foreign_python(target)
    site = job.folder / "site"
    alsa, member = python.call_libraries(wheel, site)
    assert alsa.startswith("1.2.")
    zlib = python.evaluate("m.host_zlib()", module="sound_and_bus as m", folder=site)
    assert (member, zlib) == ("Ping", host_zlib)


def test_zig_and_an_older_suite_give_a_wheel_that_runs_there_whatever_newer_libraries_are_installed(
    plain_image: CrossImage, start_job: StartJob, foreign_python: UnpackPython
) -> None:
    # The same for armhf: test_action.py.
    target = "arm64"
    job = start_job(plain_image(target), target)
    setup = f"xprov setup {target} alsa dbus --method sysroot --toolchain zig --manylinux 2_31"

    with job.container() as box:
        job.install_xprov(box)
        # libsystemd's own needs, of the image's suite: what the linker or maturin would find first below /.
        box.run(f"test -e /usr/lib/{job.target.triplet}/libzstd.so.1").expect()
        arguments = "--release --out dist --zig --manylinux 2_31 -i python3.9"
        built = job.build(box, before=(setup, 'source "$HOME/.xprov/env"'), arguments=arguments).expect()
        view = job.take_view(box)

    assert "Using zig for cross-compiling" in built.stdout
    wheel = job.wheel()
    assert wheel.stem.endswith(f"-manylinux_2_31_{job.target.platform}")
    assert [member for member in elf_members(wheel) if not member.fits(job.target.elf)] == []
    assert {"libasound", "libdbus-1", "libsystemd", "libzstd"} <= bundled(wheel)
    assert strangers(wheel, view) == []
    # Debian's gcc leaves its name in what it links; zig is clang and LLD.
    linked = module(wheel).comment
    assert "LLD" in linked
    assert "GCC" not in linked
    assert foreign_python(target, "bullseye").call_libraries(wheel, job.folder / "site") == ("1.2.4", "Ping")


def test_a_library_that_only_the_linker_hears_of_is_found_and_carried(
    plain_image: CrossImage, start_job: StartJob, foreign_python: UnpackPython
) -> None:
    job = start_job(plain_image("armhf"), "armhf", crate="keys")

    with job.container() as box:
        job.install_xprov(box)
        before = ("xprov setup armhf xkbcommon", 'source "$HOME/.xprov/env"')
        job.build(box, before=before, arguments=f"--release --out dist -i {_python('armhf')}").expect()

    wheel = job.wheel()
    assert [member for member in elf_members(wheel) if not member.fits(job.target.elf)] == []
    assert "libxkbcommon" in bundled(wheel)
    python = foreign_python("armhf")
    python.install(wheel, job.folder / "site")
    assert python.evaluate("m.keysym('space')", module="keys as m", folder=job.folder / "site").strip() == "32"
