"""What PyO3/maturin-action does on a runner: the script that it generates and the container that it runs it in.

Read in its src/index.ts (`dockerBuild`), May 2026. Left out is what downloads Rust, maturin, uv and cffi: our images
have the first two, and the wheel needs no more.
"""

import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.containers import Box, Finished, started
from tests.integration.wheelhouse import INSTALL, PLACE

from xprov.target import Target

_RUNNER = "/home/runner/work"
_WORKSPACE = f"{_RUNNER}/project/project"
_SCRIPTS = f"{_RUNNER}/_temp"

# DEBIAN_FRONTEND is set by the action, the others exist on a runner and begin with a prefix that it lets through.
_VARIABLES = {
    "DEBIAN_FRONTEND": "noninteractive",
    "CARGO_INCREMENTAL": "0",
    "CARGO_TERM_COLOR": "always",
    "GITHUB_ACTIONS": "true",
    "GITHUB_WORKSPACE": _WORKSPACE,
}

# Not of the action: crates are downloaded once for all containers of all runs.
_CARGO_HOME = "/run/xprov-test/cargo"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A runner's workspace with a crate in it, for a crate that is built in containers of `image`."""

    image: str
    target: Target
    folder: Path
    wheelhouse: Path
    cargo_home: Path

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def wheel(self) -> Path:
        """Return the one wheel that was built."""
        (wheel,) = (self.workspace / "dist").glob("*.whl")
        return wheel

    def check_out(self, crate: Path) -> None:
        """Copy the sources of `crate` into the workspace."""
        shutil.copytree(crate, self.workspace, ignore=shutil.ignore_patterns("target", "dist"))

    def container(self) -> AbstractContextManager[Box]:
        """Start a container as the action does."""
        mounts = {
            self.workspace: _WORKSPACE,
            self.folder: _SCRIPTS,
            self.wheelhouse: f"{PLACE}:ro",
            self.cargo_home: _CARGO_HOME,
        }
        env = {**_VARIABLES, "CARGO_HOME": _CARGO_HOME}
        return started(self.image, mounts=mounts, env=env, workdir=_WORKSPACE)

    def install_xprov(self, box: Box) -> None:
        """Put xprov on PATH, which a user's before-script does with pip and an index."""
        box.run(INSTALL).expect()

    def build(self, box: Box, *, before: Sequence[str], arguments: str) -> Finished:
        """Run the action's script with `before` as before-script-linux and `arguments` as args."""
        script = self.folder / "run-maturin-action.sh"
        script.write_text(build_script(self.target, before=before, arguments=arguments))
        script.chmod(0o755)
        return box.run(f"{_SCRIPTS}/{script.name}")


def build_script(target: Target, *, before: Sequence[str], arguments: str) -> str:
    """Return the script that the action writes for `target`."""
    return "\n".join(
        (
            "#!/bin/bash",
            "set -euo pipefail",
            'export PATH="$HOME/.cargo/bin:$HOME/.local/bin:$PATH"',
            'export PATH="$PATH:/opt/python/cp312-cp312/bin"',
            'echo "::group::Install maturin"',
            "maturin --version || true",
            'echo "::endgroup::"',
            'echo "::group::Install Rust target"',
            f"if [[ ! -d $(rustc --print target-libdir --target {target.rust}) ]]; then",
            f"rustup target add {target.rust}; fi",
            'echo "::endgroup::"',
            'echo "::group::Run before script"',
            *before,
            'echo "::endgroup::"',
            f"maturin build --target {target.rust} {arguments}",
        )
    )
