"""What generated workflows run, run: before-scripts in containers, followed by maturin, and the check of the wheels."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.integration.conftest import CrossImage, StartJob
from tests.integration.generated import expect, generate, github
from tests.integration.images import HOST_SUITES, PYTHONS, cache_folder
from tests.integration.maturin import xprov
from tests.integration.wheelfile import bundled, elf_members
from tests.integration.wheelhouse import PLACE
from tests.workflows import expand, matrix_row, step_of

pytestmark = [pytest.mark.archive, pytest.mark.docker]

ARMV7 = "armv7-unknown-linux-gnueabihf"
# What the action's `docker-options` do, and an index that has xprov as the checkout is now.
CONTAINER = f"export XPROV_CACHE_DIR=/var/cache/xprov PIP_NO_INDEX=1 PIP_FIND_LINKS={PLACE}"


def script_of(workflow: Any) -> list[str]:  # noqa: ANN401 - what YAML holds
    """Return the lines of the before-script that the job for armhf has."""
    job = workflow["jobs"]["build"]
    known = {**matrix_row(job, ARMV7), "env.XPROV": workflow["env"]["XPROV"]}
    return expand(step_of(job, "PyO3/maturin-action")["with"]["before-script-linux"], known).splitlines()


def arguments_of(workflow: Any, python: str) -> str:  # noqa: ANN401 - see script_of
    """Return what maturin is given, as the action puts it together, but for one Python instead of each."""
    job = workflow["jobs"]["build"]
    arguments = step_of(job, "PyO3/maturin-action")["with"]["args"]
    assert "--find-interpreter" in arguments
    tag = matrix_row(job, ARMV7)["matrix.manylinux"]
    return f"--manylinux {tag} {arguments.replace('--find-interpreter', f'-i {python}')}"


@pytest.mark.qemu
def test_a_locked_workflow_builds_a_wheel_in_an_image_like_manylinux_cross_and_proves_it(
    manylinux_image: CrossImage, start_job: StartJob, wheelhouse: Path
) -> None:
    job = start_job(manylinux_image("armhf"), "armhf")
    (job.workspace / ".git").mkdir()
    words = ("lock", "armhf", "--manylinux", "2_31", "--", "alsa", "dbus")
    expect(xprov(job.workspace, *words, environ=dict(os.environ)))
    workflow = github(job.workspace)
    assert matrix_row(workflow["jobs"]["build"], ARMV7)["matrix.container"].endswith("manylinux_2_28-cross:armv7")

    with job.container() as box:
        before = [CONTAINER, *script_of(workflow)]
        built = job.build(box, before=before, arguments=arguments_of(workflow, "python3.9")).expect()
        # The runner's user keeps what root has fetched.
        kept = box.run("find /var/cache/xprov/debs -type f; find /var/cache/xprov ! -perm -o+r >&2").expect()

    assert "method sysroot: `xprov.lock` has debian:bullseye" in built.stderr
    assert (len(kept.stdout.split()) > 5, kept.stderr) == (True, "")
    assert job.wheel().stem.endswith("-manylinux_2_31_armv7l")
    assert [member for member in elf_members(job.wheel()) if not member.fits(job.target.elf)] == []
    assert {"libasound", "libdbus-1"} <= bundled(job.wheel())
    said = run(workflow["jobs"]["check"]["steps"][-1]["run"], job.workspace, wheelhouse, workflow["env"]["XPROV"])
    assert "imported by debian:bullseye's Python 3.9 under qemu-arm" in said


def run(script: str, folder: Path, wheelhouse: Path, requirement: str) -> str:
    """Run a step's script as a runner does, where pip finds xprov among wheels; return what it wrote."""
    own = {
        "PIP_FIND_LINKS": str(wheelhouse),
        "RUNNER_TEMP": str(folder.parent),
        "XPROV": requirement,
        "XPROV_CACHE_DIR": str(cache_folder() / "xprov"),
    }
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, **own}, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_before_scripts_of_both_kinds_tell_the_shell_of_what_they_set_up_in_an_image_of_a_debian_user(
    plain_image: CrossImage, start_job: StartJob
) -> None:
    job = start_job(plain_image("armhf"), "armhf")
    (job.workspace / ".git").mkdir()
    workflow = github(job.workspace, "--target", "armhf", "--manylinux", "2_36")
    expect(xprov(job.workspace, "ci", "maturin"))
    step = step_of(generate(job.workspace)["jobs"]["linux"], "PyO3/maturin-action")
    by_maturin = expand(step["with"]["before-script-linux"], {"matrix.platform.target": "armv7"})

    with job.container() as box:
        asked = f'"$PKG_CONFIG_{ARMV7.replace("-", "_")}" --modversion alsa dbus-1'
        told = box.run(f"set -euo pipefail\n{CONTAINER}\n{by_maturin}\n{asked}").expect()
        arguments = arguments_of(workflow, f"python{PYTHONS[HOST_SUITES['armhf']]}")
        job.build(box, before=[CONTAINER, *script_of(workflow)], arguments=arguments).expect()

    assert "method multiarch: a Docker container, debian:bookworm" in told.stderr
    assert [version.partition(".")[0] for version in told.stdout.split()] == ["1", "1"]
    assert job.wheel().stem.endswith("-manylinux_2_36_armv7l")
    assert {"libasound", "libdbus-1"} <= bundled(job.wheel())
