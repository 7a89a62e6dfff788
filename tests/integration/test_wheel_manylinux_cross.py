"""The same job in an image shaped like manylinux-cross, whose toolchain is older than the libraries that apt has.

Method `multiarch` cannot give a wheel for that toolchain's glibc; without `--method` xprov takes an older suite's
libraries, and the wheel runs there.
"""

import re
from pathlib import Path

import pytest
from tests.integration.conftest import CrossImage, StartJob, UnpackPython
from tests.integration.images import HOST_SUITES
from tests.integration.wheelfile import bundled, elf_members, strangers

pytestmark = [pytest.mark.archive, pytest.mark.docker]

# The image's toolchain has bullseye's glibc; its suite's libsystemd, which libdbus needs, asks for more.
_TOOLCHAIN_GLIBC = "2.31"
_FLOORS = {"bookworm": "2.34", "trixie": "2.39"}


@pytest.mark.qemu
@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("armhf", "debian:bookworm's alsa needs glibc 2.34, wanted is 2.31"),
        ("arm64", "debian:trixie's dbus needs glibc 2.39, wanted is 2.31"),
    ],
)
def test_what_setup_takes_unasked_keeps_the_tag_and_runs_where_the_tag_says(
    target: str, reason: str, manylinux_image: CrossImage, start_job: StartJob, foreign_python: UnpackPython
) -> None:
    job = start_job(manylinux_image(target), target)
    before = (f"xprov setup {target} alsa dbus", 'source "$HOME/.xprov/env"')

    with job.container() as box:
        job.install_xprov(box)
        packages = box.run("cat /var/lib/dpkg/status").expect().stdout
        built = job.build(box, before=before, arguments="--release --out dist --manylinux 2_31 -i python3.9").expect()
        view = job.take_view(box)
        assert box.run("cat /var/lib/dpkg/status").expect().stdout == packages

    assert f"method sysroot: {reason}" in built.stderr
    assert "using debian:bullseye" in built.stderr
    wheel = job.wheel()
    assert wheel.stem.endswith(f"-manylinux_2_31_{job.target.platform}")
    assert [member for member in elf_members(wheel) if not member.fits(job.target.elf)] == []
    assert {"libasound", "libdbus-1", "libsystemd", "libzstd"} <= bundled(wheel)
    assert strangers(wheel, view) == []
    called = foreign_python(target, "bullseye").call_libraries(wheel, job.folder / "site")
    assert called == ("1.2.4", "Ping")


@pytest.mark.parametrize("target", ["armhf", "arm64"])
def test_multiarch_is_refused_for_the_glibc_of_the_toolchain_and_says_so_first(
    target: str, manylinux_image: CrossImage, start_job: StartJob
) -> None:
    job = start_job(manylinux_image(target), target)
    before = (f"xprov setup --method multiarch {target} alsa dbus", 'source "$HOME/.xprov/env"')
    arguments, floor = "--release --out dist -i python3.13", _FLOORS[HOST_SUITES[target]]

    with job.container() as box:
        job.install_xprov(box)
        refused = job.build(box, before=before, arguments=f"--manylinux 2_31 {arguments}").expect(1)
        said = re.search(rf"dbus.* needs glibc {floor} .*toolchain has {_TOOLCHAIN_GLIBC}", refused.stderr)
        assert said
        failed = refused.stderr.index("require newer symbol versions than manylinux_2_31")
        assert said.start() < failed

        job.build(box, before=before, arguments=arguments).expect()

    wheel = job.wheel()
    assert wheel.stem.endswith(f"-manylinux_{floor.replace('.', '_')}_{job.target.platform}")
    assert [member for member in elf_members(wheel) if not member.fits(job.target.elf)] == []


def test_dangling_openssl_variable_of_the_image_gives_way(manylinux_image: CrossImage, start_job: StartJob) -> None:
    job = start_job(manylinux_image("armhf"), "armhf")
    variable = "ARMV7_UNKNOWN_LINUX_GNUEABIHF_OPENSSL_DIR"

    with job.container() as box:
        job.install_xprov(box)
        given = box.run(f'echo "${variable}"').expect().stdout.strip()
        assert Path(given) == Path("/usr", job.target.rust)
        box.run("xprov setup armhf openssl").expect()
        sourced = box.run(f'set -eu; source "$HOME/.xprov/env"; echo "${{{variable}-}}"').expect()

    assert sourced.stdout.strip() == ""
    assert variable in sourced.stderr
