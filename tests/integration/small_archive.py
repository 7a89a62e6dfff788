"""A small archive on a mirror that can be told to lie, and `xprov setup` with a home and a cache of its own.

with serve_mirror() as mirror:
    world = World.at(tmp_path, mirror, key)
    world.publish(suite("focal"))
    world.setup("--suite", "ubuntu:focal")
"""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.archive_builder import COMPRESSORS, Package, SigningKey, Suite, write_suite
from tests.integration.faulty import Mirror
from tests.unit.elf_builder import Shared
from tests.unit.recipes import write_recipe

from xprov.cli import run

FOLDER = "usr/lib/arm-linux-gnueabihf"
PC = "prefix=/usr\nName: foo\nDescription: x\nVersion: 1.0\nLibs: -L${prefix}/lib/arm-linux-gnueabihf -lfoo\nCflags:\n"
LISTED = ("armhf",)
BASE = "/ubuntu"


def library(version: str, *, glibc: str = "2.4", **changes: Any) -> list[Package]:  # noqa: ANN401 - fields of Package
    """Return `libfoo-dev` and `libfoo1`, which needs a `glibc`."""
    shared = Shared(
        soname="libfoo.so.1",
        needed=["libc.so.6"],
        versions={"libc.so.6": [f"GLIBC_{glibc}"]},
        defined=["foo_new"],
    )
    # Content of its own in each version.
    files = {f"{FOLDER}/libfoo.so.1": shared.content(), f"{FOLDER}/note.a": version.encode()}
    dev = {
        "usr/include/foo.h": f"/* {version} */\nvoid *foo_new(void);\n".encode(),
        f"{FOLDER}/libfoo.so": shared.content(),
        f"{FOLDER}/pkgconfig/foo-1.0.pc": PC.encode(),
    }
    common: dict[str, Any] = {"version": version, "architecture": "armhf", **changes}
    depends = f"libc6 (>= {glibc})"
    return [
        Package(name="libfoo-dev", fields={"Depends": f"libfoo1 (= {version})"}, files=dev, **common),
        Package(name="libfoo1", fields={"Depends": depends}, files=files, **common),
        Package(name="libc6", version="2.99", architecture="armhf"),
    ]


def suite(name: str, packages: Sequence[Package] = (), **changes: Any) -> Suite:  # noqa: ANN401 - fields of Suite
    return Suite(**{"name": name, "packages": packages, "listed": LISTED, **changes})


def parts(codename: str, version: str = "1.0", **changes: Any) -> list[Suite]:  # noqa: ANN401 - fields of Suite
    """Return a suite of Ubuntu with its updates and its security, of which the base has the library."""
    base = suite(codename, library(version), **changes)
    return [base, *(suite(f"{codename}-{side}", **changes) for side in ("updates", "security"))]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """What `xprov` said, and its exit code."""

    code: int
    err: str

    @property
    def said(self) -> str:
        """What was said, in one line."""
        return re.sub(r"\s+", " ", self.err)


@dataclass(frozen=True, kw_only=True)
class World:
    """A mirror, whose files are made here, and the folders of one user."""

    folder: Path
    mirror: Mirror
    key: SigningKey
    names: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def environ(self) -> dict[str, str]:
        """The variables of the user: nothing but the loopback can be reached."""
        dead = "http://127.0.0.1:9"
        return {
            **os.environ,
            "XPROV_HOME": str(self.home),
            "XPROV_CACHE_DIR": str(self.cache),
            "http_proxy": dead,
            "https_proxy": dead,
            "no_proxy": "127.0.0.1",
            **self.names,
        }

    @property
    def words(self) -> list[str]:
        """`xprov setup armhf foo` by way of the mirror."""
        keyring = self.folder / "key.pgp"
        if not keyring.exists():
            self.trust(self.key.public)
        if not (self.folder / "recipes").exists():
            write_recipe(self.folder / "recipes", "foo")
        recipes = ("--recipes", str(self.folder / "recipes"))
        hosts = ("--mirror", self.mirror.url(BASE), "--snapshot", self.mirror.url("/snapshot"))
        return ["setup", "armhf", "foo", *recipes, *hosts, "--keyring", str(keyring)]

    def trust(self, public: bytes) -> None:
        """Let the user's keyring hold the keys `public`, and no other."""
        (self.folder / "key.pgp").write_bytes(public)

    def publish(self, *suites: Suite, base: str = BASE, key: SigningKey | None = None, detached: bool = False) -> None:
        """Put suites on the mirror, in place of what it had of them, signed by the archive's key or by `key`."""
        root = self.folder / f"made-{len(list(self.folder.glob('made-*')))}"
        for each in suites:
            write_suite(root, each, key or self.key)
            dists = f"{base}/dists/{each.name}/"
            for old in [old for old in self.mirror.files if old.startswith(dists) and "/by-hash/" not in old]:
                del self.mirror.files[old]
        if detached:
            for signed in root.rglob("InRelease"):
                release = signed.with_name("Release")
                signature = gpg((key or self.key).home, "--armor", "--detach-sign", stdin=release.read_bytes())
                release.with_name("Release.gpg").write_bytes(signature)
                signed.unlink()
        for path in root.rglob("*"):
            if path.is_file():
                self.mirror.files[f"{base}/{path.relative_to(root)}"] = path.read_bytes()
        shutil.rmtree(root)
        root.mkdir()

    def start(self, *options: str, **environ: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "xprov", *self.words, *options]
        return subprocess.Popen(
            words,
            env={**self.environ, **environ},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def setup(self, *options: str, **environ: str) -> Ran:
        """Run `xprov setup armhf foo` with `options`, in this process."""
        err, out = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, {**self.environ, **environ}, clear=True),
            redirect_stderr(err),
            redirect_stdout(out),
        ):
            code = run([*self.words, *options])
        return Ran(code=code, err=err.getvalue())

    @property
    def versions(self) -> dict[str, str]:
        """The packages that are provisioned; none when nothing is."""
        try:
            found = json.loads((self.home / "armhf/provision.json").read_bytes())
        except FileNotFoundError:
            return {}
        return {package["name"]: package["version"] for package in found["packages"]}

    def holds(self, content: bytes) -> list[Path]:
        """Return the files in home and cache with `content` in them, or an index that was made of it."""
        name = hashlib.sha256(content).hexdigest()
        every = [path for folder in (self.home, self.cache) for path in folder.rglob("*") if path.is_file()]
        return [path for path in every if name in path.name or content in _read(path)]

    def forget(self) -> None:
        """Make everything that is known of releases older than what is asked for again."""
        for path in (self.cache / "releases").iterdir():
            os.utime(path, (0, path.stat().st_mtime - 7200))


def _read(path: Path) -> bytes:
    """Return what is in a file: nothing when it is gone, as what other parts of a suite were unpacked by may be."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def resign(world: World, name: str, change: Mapping[str, str], *, key: SigningKey | None = None) -> None:
    """Change fields of the release file of the suite `name`, and sign it anew. An empty value takes the field away."""
    path = f"{BASE}/dists/{name}/Release"
    text = world.mirror.files[path].decode()
    for word, value in change.items():
        text = re.sub(rf"(?m)^{word}:.*\n", "", text)
        text = (f"{word}: {value}\n" if value else "") + text
    world.mirror.files[path] = text.encode()
    world.mirror.files[f"{BASE}/dists/{name}/InRelease"] = (key or world.key).clearsign(text.encode())


def gpg(home: Path, *words: str, stdin: bytes | None = None) -> bytes:
    command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    return subprocess.run([*command, *words], check=True, input=stdin, capture_output=True).stdout


def special_key(home: Path, *, lifetime: str = "never", options: Sequence[str] = ()) -> SigningKey:
    """Return a key that is made, and signs, with `options` of gpg."""
    home.mkdir(mode=0o700)
    (home / "gpg.conf").write_text("".join(f"{option}\n" for option in options), encoding="utf-8")
    gpg(home, "--quick-generate-key", "special <special@example.org>", "rsa2048", "sign", lifetime)
    return SigningKey(home=home, public=gpg(home, "--export"), armored="")


def revoke(key: SigningKey) -> bytes:
    """Return the public half of `key` with its revocation."""
    (certificate,) = (key.home / "openpgp-revocs.d").iterdir()
    # gpg keeps it with a colon before it, so that it is not used by mistake.
    gpg(key.home, "--import", stdin=certificate.read_bytes().replace(b":-----BEGIN", b"-----BEGIN"))
    return gpg(key.home, "--export")


def index_path(name: str, ending: str = ".gz", *, architecture: str = "armhf") -> str:
    return f"{BASE}/dists/{name}/main/binary-{architecture}/Packages{ending}"


def index_paths(world: World, name: str) -> list[str]:
    """Return every path at which the mirror has an index of the suite `name`."""
    return [path for path in world.mirror.files if path.startswith(f"{BASE}/dists/{name}/main/binary-")]


def swap_indices(world: World, name: str, stanzas: bytes) -> list[bytes]:
    """Put other `stanzas` in the place of an index, in all its forms; return these."""
    forms = []
    for path in index_paths(world, name):
        old = world.mirror.files[path]
        ending = ".xz" if old.startswith(b"\xfd7zXZ") else ".gz" if old.startswith(b"\x1f\x8b") else ""
        world.mirror.files[path] = COMPRESSORS[ending](stanzas)
        forms.append(world.mirror.files[path])
    return forms


def index_of(world: World, name: str) -> bytes:
    """Return the stanzas of an index."""
    import lzma  # noqa: PLC0415

    return lzma.decompress(world.mirror.files[index_path(name, ".xz")])


def require_nothing(world: World) -> None:
    """Fail when anything of a target is there."""
    with suppress(FileNotFoundError):
        assert [path.name for path in world.home.iterdir() if path.name != ".lock"] == []
