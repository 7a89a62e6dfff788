"""Real packages of any architecture and suite, each unpacked into a folder of its own; nothing is installed."""

import fcntl
import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from debian.deb822 import Deb822
from tests.in_step import source_of
from tests.integration.images import cache_folder
from tests.mirror import find_mirror

from xprov.apt.dpkg import InstalledPackage, closure, package_from_fields
from xprov.target import Target
from xprov.view import PackageTree, folder_tree, is_toolchain_package

# Headers and links of every library that has a recipe, and one whose `.so` is a linker script with absolute paths.
PACKAGES = (
    *("libasound2-dev", "libdbus-1-dev", "libssl-dev", "libudev-dev", "libxkbcommon-dev", "zlib1g-dev"),
    "libbsd-dev",
)

_DONE = "done"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unpacked:
    """Packages and the folders that they were unpacked into."""

    folders: tuple[tuple[InstalledPackage, Path], ...]

    @property
    def all_trees(self) -> tuple[PackageTree, ...]:
        return tuple(folder_tree(package.name, folder) for package, folder in self.folders)

    def library_trees(self, *roots: str) -> tuple[PackageTree, ...]:
        """Return the trees of `roots` and what they need, without what a toolchain has."""
        packages = closure((package for package, _ in self.folders), roots, stop=is_toolchain_package)
        folders = {package.name: folder for package, folder in self.folders}
        return tuple(folder_tree(package.name, folders[package.name]) for package in packages)


def unpack(suite: str, target: Target, packages: tuple[str, ...] = PACKAGES) -> Unpacked:
    """Return `packages` of Debian `suite` and all that they depend on, as apt resolves it on an empty machine."""
    words = (find_mirror().archive, suite, target.debian, *packages)
    key = hashlib.sha256("\0".join(words).encode()).hexdigest()[:12]
    folder = cache_folder() / "unpacked" / f"{suite}-{target.debian}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / _DONE).exists():
            shutil.rmtree(folder)
            _fill(folder, source_of(suite, target.debian).line, target, packages)
            (folder / _DONE).touch()
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    return Unpacked(folders=tuple((_package(path), path / "files") for path in folders))


def _fill(folder: Path, line: str, target: Target, packages: tuple[str, ...]) -> None:
    apt = folder.with_name(f"{folder.name}.apt")
    shutil.rmtree(apt, ignore_errors=True)
    for name in ("state/lists/partial", "archives/partial"):
        (apt / name).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"{line}\n")
    _apt_get(apt, target, "update")
    _apt_get(apt, target, "install", "--download-only", "--yes", "--no-install-recommends", *packages)
    for deb in sorted((apt / "archives").glob("*.deb")):
        place = folder / deb.name.split("_", 1)[0]
        place.mkdir(parents=True)
        _run("dpkg-deb", "--extract", str(deb), str(place / "files"))
        (place / "control").write_text(_run("dpkg-deb", "--field", str(deb)))
    shutil.rmtree(apt)


def _apt_get(apt: Path, target: Target, *words: str) -> None:
    settings = {
        "APT::Architecture": target.debian,
        "APT::Architectures": target.debian,
        "Dir::State": f"{apt}/state",
        "Dir::State::status": f"{apt}/status",
        "Dir::Cache": str(apt),
        "Dir::Cache::archives": f"{apt}/archives",
        "Dir::Etc::sourcelist": f"{apt}/sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Acquire::Languages": "none",
        # The user that apt fetches as has no way into the folders of a test.
        "APT::Sandbox::User": "",
    }
    _run("apt-get", "-qq", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}")), *words)


def _package(folder: Path) -> InstalledPackage:
    return package_from_fields(Deb822((folder / "control").read_text()))


def _run(*words: str) -> str:
    done = subprocess.run(words, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{words[0]} ended with status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout
