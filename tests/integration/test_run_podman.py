"""`xprov run` by Podman: its socket speaks as Docker's does, and behind it all is as it is there."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integration.conftest import BareImage

from xprov.containers.owner import LABEL

pytestmark = [
    pytest.mark.archive,
    pytest.mark.docker,
    pytest.mark.root,
    pytest.mark.skipif(not (shutil.which("podman") and shutil.which("runc")), reason="no podman and runc"),
]

USER, GROUP = 4321, 8765
# What a container may have of open files and processes is what the tests may: they may run in a container themselves.
CONFIGURATION = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Podman:
    """A Podman of the tests' own, with one image, and a project."""

    storage: tuple[str, ...]
    environ: dict[str, str]
    image: str
    project: Path

    def containers(self) -> list[str]:
        words = ["podman", *self.storage, "ps", "--all", "--quiet", "--filter", f"label={LABEL}"]
        return subprocess.run(words, env=self.environ, capture_output=True, text=True, check=True).stdout.split()

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "xprov", "run", "amd64", "--image", self.image, "--", *command],
            cwd=self.project,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory, bare_image: BareImage) -> Iterator[Podman]:
    # A socket's path has to be short.
    folder = tmp_path_factory.mktemp("p")
    image, socket, project = bare_image("bookworm"), folder / "s", folder / "project"
    (folder / "containers.conf").write_text(CONFIGURATION)
    (project / ".git").mkdir(parents=True)
    os.chown(project, USER, GROUP)
    storage = ("--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "vfs")
    environ = {
        **os.environ,
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "DOCKER_HOST": f"unix://{socket}",
        "XPROV_CACHE_DIR": str(folder / "cache"),
    }
    saved = subprocess.run(["docker", "save", image], capture_output=True, check=True).stdout
    subprocess.run(["podman", *storage, "load"], input=saved, env=environ, capture_output=True, check=True)
    service = subprocess.Popen(
        ["podman", *storage, "system", "service", "--time=0", f"unix://{socket}"],
        env=environ,
        stderr=subprocess.DEVNULL,
    )
    wait_for(socket)
    try:
        yield Podman(storage=storage, environ=environ, image=image, project=project)
    finally:
        service.terminate()
        service.wait()


def test_streams_exit_code_and_owner_are_as_with_docker(podman: Podman) -> None:
    process = podman.start("sh", "-c", "echo to out; echo to err >&2; touch made; exit 3")

    out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (3, "to out\n"), err
    assert "to err\n" in err
    assert (podman.project / "made").stat().st_uid == USER
    assert podman.containers() == []


def test_an_interruption_ends_the_command_and_the_container(podman: Podman) -> None:
    process = podman.start("bash", "-c", "trap 'echo told; exit 9' INT; touch begun; while :; do sleep 0.1; done")
    wait_for(podman.project / "begun")

    process.send_signal(signal.SIGINT)

    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "told\n"), err
    assert podman.containers() == []


def test_what_a_killed_run_left_is_swept_by_the_next(podman: Podman) -> None:
    killed = podman.start("sh", "-c", "touch left; sleep 600")
    wait_for(podman.project / "left")
    killed.kill()
    killed.communicate()

    process = podman.start("true")
    err = process.communicate(timeout=60)[1]

    assert process.returncode == 0, err
    assert "Removed 1 container that a killed xprov had left" in err
    assert podman.containers() == []


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not come"
        time.sleep(0.05)
