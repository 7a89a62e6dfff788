"""The target's own Python, run by QEMU: the judge of a wheel."""

import fcntl
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.in_step import source_of
from tests.integration.bases import bootstrap
from tests.integration.images import cache_folder

from xprov.target import Target


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignPython:
    """A Debian root of another machine with Python and no library that a test's wheel has to bring."""

    target: Target
    root: Path

    def install(self, wheel: Path, folder: Path) -> None:
        """Install `wheel` into `folder`, for a platform and a version that the target's own Python says it accepts.

        pip runs here: under QEMU it takes most of a minute.
        """
        platform = wheel.stem.rpartition("-")[2]
        accepted = self.platforms()
        assert platform in accepted, f"{wheel.name} is for none of {accepted}"
        options = ["--quiet", "--no-index", "--no-deps", "--only-binary=:all:", f"--python-version={self.version()}"]
        subprocess.run(
            [sys.executable, "-m", "pip", "install", *options, f"--platform={platform}", f"--target={folder}", wheel],
            check=True,
            stdin=subprocess.DEVNULL,
        )

    def version(self) -> str:
        """Return the version of Python, `3.13`."""
        return self.run("-c", "import sys; print('%d.%d' % sys.version_info[:2])").strip()

    def platforms(self) -> list[str]:
        """Return the platforms of wheels that the target accepts: what `packaging`, and so pip, finds there."""
        look = f"import sys; sys.path.append({str(_packaging(self.version()))!r}); import packaging.tags"
        return self.run("-c", f"{look}; print(*packaging.tags.platform_tags(), sep='\\n')").splitlines()

    def call_libraries(self, wheel: Path, folder: Path) -> tuple[str, ...]:
        """Install the wheel of the crate sound-and-bus, call both libraries, and return what they answer.

        It is the version of libasound, and the word `Ping` after libdbus wrote and read it.
        """
        self.install(wheel, folder)
        calls = "m.alsa_version(), m.dbus_member('Ping')"
        return tuple(self.evaluate(calls, module="sound_and_bus as m", folder=folder).split())

    def evaluate(self, expression: str, *, module: str, folder: Path) -> str:
        """Import `module` from `folder` and return what `expression` prints."""
        code = f"import sys; sys.path.insert(0, {str(folder)!r}); import {module}; print({expression})"
        return self.run("-c", code).strip()

    def run(self, *arguments: str) -> str:
        """Run the target's Python without looking at this machine's settings, and return what it prints."""
        # -L: where QEMU looks first for every absolute path, the program's loader and libraries above all.
        command = [f"qemu-{self.target.qemu}-static", "-L", str(self.root), str(self.root / "usr/bin/python3")]
        done = subprocess.run(
            [*command, "-I", *arguments],
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/bin", "HOME": "/nonexistent"},
        )
        assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@cache
def _packaging(python: str) -> Path:
    """Return a wheel of a `packaging` that a version of Python can import, as it is: it is all Python."""
    folder = cache_folder() / f"packaging-{python}"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(folder.glob("*.whl")):
            options = ["--quiet", "--no-deps", "--only-binary=:all:", f"--python-version={python}", f"--dest={folder}"]
            command = [sys.executable, "-m", "pip", "download", *options, "packaging"]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    (wheel,) = folder.glob("packaging-*.whl")
    return wheel


def unpack_python(target: Target, root: Path, *, suite: str) -> ForeignPython:
    """Unpack `suite`'s Python of `target` at `root`; no program of the target runs for that."""
    options = [
        "--quiet",
        "--variant=extract",
        f"--architectures={target.debian}",
        # The packages of a suite after usrmerge have no /lib, where the loader's name begins.
        '--setup-hook=ln -s usr/lib "$1/lib"',
        "--include=python3",
    ]
    bootstrap(suite, str(root), options, lines=(source_of(suite, target.debian).line,))
    return ForeignPython(target=target, root=root)
