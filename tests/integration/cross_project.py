"""Projects that are cross-built in one container after lines of a shell, and what doctor says in the same shell."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from tests.integration.action import Shared
from tests.integration.containers import Box, started
from tests.integration.wheelhouse import INSTALL, PLACE
from tests.unit.projects import write_project

TRIPLE = "armv7-unknown-linux-gnueabihf"
ARM = TRIPLE.replace("-", "_")
GCC = "arm-linux-gnueabihf-gcc"

HOME = "/root/.xprov"
VIEW = f"{HOME}/armhf/libs"
SOURCED = f"source {HOME}/env"

FAST = "[workspace]\n[profile.dev]\nopt-level = 0\ndebug = false\n"
CARGO = f"cargo build --target {TRIPLE}"
DOCTOR = "xprov doctor --target armhf --json --quiet"

Files = Mapping[str, str]
"""The text of a project's files, by their paths."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A build that has ended, all that it wrote, and what doctor found in the same shell, by id, with the fixes.

    Of several with one id it is the worst.
    """

    code: int
    log: str
    found: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """A container with projects, below /io, and what was set up for them."""

    box: Box
    projects: Mapping[str, Files]

    def build(self, project: str, shell: str, command: str = CARGO) -> Seen:
        """Build a project anew after the lines `shell`, crates that Rust alone has a part in aside."""
        clean = " ".join(f"-p {name}" for name in self._own_crates(project))
        done = self.box.run(
            f"cd /io/{project}; cargo clean -q {clean}; cargo clean -q --target {TRIPLE} {clean}\n{{ {shell}\n}} >&2\n"
            f"{command} > /tmp/log 2>&1; echo $?; {DOCTOR}"
        )
        code, _, told = done.stdout.partition("\n")
        assert told, done.stderr
        return Seen(code=int(code), log=self.box.run("cat /tmp/log").stdout, found=_by_id(told))

    def found(self, project: str, shell: str) -> dict[str, str]:
        """Return what doctor finds after the lines `shell`, by id, with the fixes."""
        return _by_id(self.box.run(f"cd /io/{project}\n{shell}\n{DOCTOR}").stdout)

    def explain(self, log: str) -> list[str]:
        """Return what explain recognises in a log, by id."""
        told = self.box.run(f"echo {quote(log)} | xprov explain --json --quiet").stdout
        return [finding["id"] for finding in json.loads(told)["findings"]]

    def _own_crates(self, project: str) -> list[str]:
        words = " ".join(text for file, text in self.projects[project].items() if file.endswith("Cargo.toml")).split()
        return [*dict.fromkeys(word for word in words if word.endswith("-sys")), "demo"]


def _by_id(told: str) -> dict[str, str]:
    return {finding["id"]: finding["fix"] for finding in reversed(json.loads(told)["findings"])}


@contextmanager
def started_machine(
    image: str, projects: Mapping[str, Files], *, shared: Shared, wheelhouse: Path, folder: Path
) -> Iterator[Machine]:
    """Start one container for all projects: crates are downloaded and compiled once."""
    for name, files in projects.items():
        write_project(folder / name, files)
    mounts = {
        wheelhouse: PLACE,
        folder: "/run/projects:ro",
        shared.cargo_home: "/run/cargo",
        shared.zig_cache: "/run/zig",
    }
    env = {"CARGO_HOME": "/run/cargo", "ZIG_GLOBAL_CACHE_DIR": "/run/zig", "CARGO_TARGET_DIR": "/var/target"}
    with started(image, mounts=mounts, env=env) as box:
        box.run(f"{INSTALL}\ncp -r /run/projects/. /io\nfor p in /io/*; do (cd $p; cargo generate-lockfile -q); done")
        yield Machine(box=box, projects=projects)


def library_project(dependency: str, call: str) -> dict[str, str]:
    """Return a project whose module calls a C library."""
    return {
        "Cargo.toml": f"[dependencies]\n{dependency}\n{FAST}",
        "src/lib.rs": f'#[no_mangle] pub extern "C" fn version() -> usize {{ unsafe {{ {call} as usize }} }}\n',
    }
