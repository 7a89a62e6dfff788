"""What PyO3/maturin-action does on a runner: the script that it generates and the container that it runs it in.

Read in its src/index.ts (`dockerBuild`), May 2026. Left out is what downloads Rust, maturin, uv and cffi: our images
have the first two, and the wheel needs no more.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
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

# Not of the action: crates are downloaded once for all containers of all runs, and compiled once for all of one run.
_CARGO_HOME = "/run/xprov-test/cargo"
_CARGO_TARGET = "/run/xprov-test/target"
# Likewise what zig compiles of glibc and of its own libraries.
_ZIG_CACHE = "/run/xprov-test/zig"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shared:
    """Folders that all jobs use: xprov as wheels, downloaded crates, compiled crates, what zig compiled for itself."""

    wheelhouse: Path
    cargo_home: Path
    cargo_target: Path
    zig_cache: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A runner's workspace with a crate in it, for a crate that is built in containers of `image`."""

    image: str
    target: Target
    folder: Path
    shared: Shared

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
            self.shared.wheelhouse: PLACE,
            self.shared.cargo_home: _CARGO_HOME,
            self.shared.cargo_target: _CARGO_TARGET,
            self.shared.zig_cache: _ZIG_CACHE,
        }
        folders = {
            "CARGO_HOME": _CARGO_HOME,
            "CARGO_TARGET_DIR": _CARGO_TARGET,
            "ZIG_GLOBAL_CACHE_DIR": _ZIG_CACHE,
        }
        env = {**_VARIABLES, **folders}
        return started(self.image, mounts=mounts, env=env, workdir=_WORKSPACE)

    def install_xprov(self, box: Box) -> None:
        """Put xprov on PATH, which a user's before-script does with pip and an index."""
        box.run(INSTALL).expect()

    def build(self, box: Box, *, before: Sequence[str], arguments: str) -> Finished:
        """Run the action's script with `before` as before-script-linux and `arguments` as args.

        What an earlier job compiled is used again, the crates aside that C libraries have a part in.
        """
        names = " ".join(f"-p {name}" for name in self._crates_with_c(box))
        box.run(f"cargo clean --quiet --release --target {self.target.rust} {names}").expect()
        script = self.folder / "run-maturin-action.sh"
        script.write_text(build_script(self.target, before=before, arguments=arguments))
        script.chmod(0o755)
        return box.run(f"{_SCRIPTS}/{script.name}")

    def take_view(self, box: Box) -> Path:
        """Copy the view that the wheel's libraries should come from out of `box`, and return where it is."""
        name = f"view-{self.target.debian}"
        box.run(f'cp -a "$HOME/.xprov/{self.target.debian}/libs" {_SCRIPTS}/{name}').expect()
        return self.folder / name

    def _crates_with_c(self, box: Box) -> Iterator[str]:
        """Yield the names of the crates that link a C library, and of those that are in the workspace."""
        told = box.run("cargo metadata --quiet --format-version 1").expect().stdout
        for package in json.loads(told)["packages"]:
            if package["source"] is None or package["links"] not in (None, "python"):
                yield package["name"]


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
