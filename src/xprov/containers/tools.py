"""Rust and maturin for images that have none: a release job installs them before each build, here they are kept."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from xprov.archive.fetch import Download, fetch
from xprov.archive.reached import archive_client
from xprov.engine import Mount
from xprov.errors import NetworkError, UnsatisfiableError, VerificationError
from xprov.records import dataclass
from xprov.store import writing
from xprov.target import find_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xprov.cache import Cache
    from xprov.containers.site import ImageSite
    from xprov.output import Output
    from xprov.target import Target

RUSTUP_ROOT = "https://static.rust-lang.org/rustup"
"""Where rustup is fetched from unless RUSTUP_UPDATE_ROOT says otherwise (The rustup book, Environment variables)."""

# rustup is told by its name that it is the installer.
_INSTALLER = "/run/xprov/rustup-init"
COMPLETE = "complete"
"""The file that a folder of tools has when nothing is missing in it."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MUSL_SIGN = "/etc/alpine-release"

# The newest Python of the image that is none of those without a global lock: manylinux keeps its own below /opt.
FIND_PYTHON = """\
python=
for candidate in python3 /opt/python/cp39*[0-9]/bin/python /opt/python/cp3[1-9][0-9]*[0-9]/bin/python; do
    if "$candidate" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, {minor}))' >/dev/null 2>&1; then
        python=$candidate
    fi
done
"""
"""Sets `python`, to nothing where there is none of version 3.`minor` or newer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What a container is given to build crates with: a script that it runs first, and the folders that are kept."""

    script: str = ""
    mounts: tuple[Mount, ...] = ()
    says: tuple[str, ...] = ()

    def __add__(self, other: Tools) -> Tools:
        """Return both, this one's script first."""
        return Tools(
            script=self.script + other.script, mounts=(*self.mounts, *other.mounts), says=(*self.says, *other.says)
        )


def find_tools(
    site: ImageSite,
    target: Target,
    requirement: str,
    cache: Cache,
    environ: Mapping[str, str],
    output: Output,
) -> Tools:
    """Return what the image lacks of cargo, maturin and patchelf, brought as far as this machine has to bring it.

    `requirement` is which maturin the project is built by. Raises `NetworkError` when rustup cannot be fetched.
    """
    path = site.environ["PATH"]
    lacks_cargo = site.find("cargo", path=path) is None
    lacking = [name for name in ("maturin", "patchelf") if site.find(name, path=path) is None]
    if not lacks_cargo and not lacking:
        return Tools()
    scripts, mounts, says = [], [], []
    if lacks_cargo:
        folder = cache.path / "rust" / _host_triple(site)
        if not (folder / "cargo/bin/cargo").is_file():
            installer = _rustup_init(folder.name, cache, environ, output)
            mounts.append(Mount(source=installer, place=_INSTALLER, read_only=True))
            says.append("Rust by rustup")
        scripts.append(_rust_script(folder, target))
        mounts.append(kept(folder))
    if lacking:
        wanted = [requirement if name == "maturin" else name for name in lacking]
        folder = cache.path / "tools" / hashlib.sha256("\0".join([site.image.id, *wanted]).encode()).hexdigest()[:16]
        if not (folder / COMPLETE).is_file():
            says += [f"{word} by pip" for word in wanted]
        scripts.append(_python_script(folder, wanted))
        mounts.append(kept(folder))
    return Tools(script="".join(scripts), mounts=tuple(mounts), says=tuple(says))


def kept(folder: Path) -> Mount:
    """Return the mount of a folder that is kept between runs, and make the folder."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return Mount(source=folder, place=str(folder))


def _host_triple(site: ImageSite) -> str:
    """Return Rust's name of the machine that the image is for."""
    base = find_target(f"linux/{site.image.architecture}").rust
    return base.replace("-gnu", "-musl") if site.is_file(Path(_MUSL_SIGN)) else base


def _rustup_init(triple: str, cache: Cache, environ: Mapping[str, str], output: Output) -> Path:
    url = f"{environ.get('RUSTUP_UPDATE_ROOT') or RUSTUP_ROOT}/dist/{triple}/rustup-init"
    client = archive_client()
    listed = client.get(f"{url}.sha256", limit=4096)
    if listed is None:
        raise UnsatisfiableError(
            f"the image has no cargo, and there is no rustup for {triple}", hint="name an image that has Rust"
        )
    found = _SHA256.search(listed.decode(errors="replace"))
    if found is None:
        raise VerificationError(f"`{url}.sha256` holds no SHA-256")
    folder = cache.path / "rustup"
    download = Download(urls=(url,), sha256=found[0], size=None, name="rustup-init")
    try:
        with output.step("Fetching rustup") as progress:
            fetch([download], folder, suffix="", client=client, arrived=lambda *_: None, progress=progress)
    except NetworkError as error:
        raise NetworkError(
            f"the image has no cargo, and rustup cannot be fetched: {error.message}",
            hint="name a mirror of it in RUSTUP_UPDATE_ROOT, or an image that has Rust by `--image`",
        ) from error
    program = folder / found[0]
    with writing(folder):
        program.chmod(0o755)
    return program


def _rust_script(folder: Path, target: Target) -> str:
    return f"""\
export RUSTUP_HOME={quote(str(folder / "rustup"))} CARGO_HOME={quote(str(folder / "cargo"))}
PATH=$CARGO_HOME/bin:$PATH
if ! [ -x "$CARGO_HOME/bin/cargo" ]; then
    {_INSTALLER} -y --no-modify-path --profile minimal >/dev/null || exit
fi
if ! [ -d "$(rustc --print target-libdir --target {target.rust})" ]; then
    rustup target add {target.rust} || exit
fi
"""


def _python_script(folder: Path, wanted: list[str]) -> str:
    # A build that needs none of it goes on without.
    return f"""\
for folder in /opt/python/cp3*/bin; do
    if [ -d "$folder" ]; then
        PATH=$PATH:$folder
    fi
done
tools={quote(str(folder))}
{FIND_PYTHON.format(minor=9)}
if [ -z "$python" ]; then
    echo "xprov: the image has no Python to install {" and ".join(wanted)} with" >&2
elif ! [ -f "$tools/{COMPLETE}" ]; then
    {{ "$python" -m venv --clear "$tools/python" &&
        "$tools/python/bin/pip" install -q {" ".join(map(quote, wanted))} && : >"$tools/{COMPLETE}"; }} || exit
fi
PATH=$PATH:$tools/python/bin
"""
