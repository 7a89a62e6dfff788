"""The main job: two lines before `maturin build`, in an image of a Debian user, to a wheel that imports."""

from collections.abc import Callable

import pytest
from tests.integration.conftest import CrossImage, StartJob
from tests.integration.foreign import ForeignPython
from tests.integration.wheelfile import bundled, elf_members

pytestmark = [pytest.mark.archive, pytest.mark.docker, pytest.mark.qemu]


@pytest.mark.parametrize("target", ["armhf", "arm64"])
def test_wheel_runs_on_the_target(
    target: str,
    plain_image: CrossImage,
    start_job: StartJob,
    foreign_python: Callable[[str], ForeignPython],
) -> None:
    job = start_job(plain_image(target), target)

    with job.container() as box:
        job.install_xprov(box)
        before = (f"xprov setup {target} alsa dbus", 'source "$HOME/.xprov/env"')
        job.build(box, before=before, arguments="--release --out dist -i python3.13").expect()
        host_zlib = box.run("pkg-config --modversion zlib").expect().stdout.strip()

    wheel = job.wheel()
    members = elf_members(wheel)
    assert [member for member in members if not member.fits(job.target.elf)] == []
    assert {"libasound", "libdbus-1"} <= bundled(wheel)

    python = foreign_python(target)
    site = job.folder / "site"
    python.install(wheel, site)
    calls = "m.alsa_version(), m.dbus_member('Ping'), m.host_zlib()"
    alsa, member, zlib = python.evaluate(calls, module="sound_and_bus as m", folder=site).split()
    assert alsa.startswith("1.2.")
    assert (member, zlib) == ("Ping", host_zlib)


def test_a_library_that_only_the_linker_hears_of_is_found_and_carried(
    plain_image: CrossImage, start_job: StartJob, foreign_python: Callable[[str], ForeignPython]
) -> None:
    job = start_job(plain_image("armhf"), "armhf", crate="keys")

    with job.container() as box:
        job.install_xprov(box)
        before = ("xprov setup armhf xkbcommon", 'source "$HOME/.xprov/env"')
        job.build(box, before=before, arguments="--release --out dist -i python3.13").expect()

    wheel = job.wheel()
    assert [member for member in elf_members(wheel) if not member.fits(job.target.elf)] == []
    assert "libxkbcommon" in bundled(wheel)
    python = foreign_python("armhf")
    python.install(wheel, job.folder / "site")
    assert python.evaluate("m.keysym('space')", module="keys as m", folder=job.folder / "site").strip() == "32"
