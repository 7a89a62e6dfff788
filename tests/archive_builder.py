"""A package archive made for a test: real packages, indices, a Release signed by a key of its own, served on loopback.

key = SigningKey.make(tmp_path / "key")
suite = Suite(name="jammy", packages=[Package(name="libhello", version="1.0", architecture="armhf")])
write_suite(tmp_path / "all", suite, key)
publish(tmp_path / "all", tmp_path / "ports", architectures=["armhf"])
with serve(tmp_path / "ports") as server:
    server.uri, key.public, server.failed
"""

import gzip
import hashlib
import io
import lzma
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {
    "": lambda content: content,
    ".gz": partial(gzip.compress, mtime=0),
    ".xz": lzma.compress,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """One binary package. `fields` are further ones of its control file; `files` are paths below / and their content.

    `members` is how dpkg-deb compresses what is inside (`xz`, `gzip`, `zstd`, `none`).
    """

    name: str
    version: str
    architecture: str
    component: str = "main"
    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    members: str = "xz"

    @property
    def control(self) -> str:
        fields = {
            "Package": self.name,
            "Version": self.version,
            "Architecture": self.architecture,
            "Maintainer": "xprov <xprov@example.org>",
            "Description": f"{self.name} of a test",
            **self.fields,
        }
        return "".join(f"{name}: {value}\n" for name, value in fields.items())

    @property
    def filename(self) -> str:
        """Where the archive keeps it."""
        return f"pool/{self.component}/{self.name}/{self.name}_{self.version}_{self.architecture}.deb"


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """One suite: its packages, and what its Release says. `listed` architectures have an index, if an empty one.

    Plain indices are listed, since apt wants them to be, and kept only with `keep_plain`: so do the great archives.
    """

    name: str
    packages: Sequence[Package]
    origin: str = "Ubuntu"
    label: str = "Ubuntu"
    listed: Sequence[str] = ("amd64", "i386", "armhf", "arm64")
    components: Sequence[str] = ("main",)
    compressions: Sequence[str] = (".xz", ".gz")
    keep_plain: bool = False
    by_hash: bool = True
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningKey:
    """An OpenPGP key in a home of its own; `public` is its public half, as apt and gpgv take it."""

    home: Path
    public: bytes
    armored: str

    @classmethod
    def make(cls, home: Path, owner: str = "xprov test <xprov@example.org>") -> "SigningKey":
        """Make a key that signs, without a passphrase."""
        home.mkdir(mode=0o700, parents=True)
        _gpg(home, "--passphrase", "", "--quick-generate-key", owner, "ed25519", "sign", "never")
        return cls(home=home, public=_gpg(home, "--export"), armored=_gpg(home, "--armor", "--export").decode().strip())

    @property
    def field(self) -> str:
        """The public half as the value of a `Signed-By` field."""
        return "".join(f"\n {line or '.'}" for line in self.armored.splitlines())

    def clearsign(self, text: bytes) -> bytes:
        return _gpg(self.home, "--clearsign", stdin=text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A folder on loopback. `requests` are the paths asked for so far, each with the status it was answered with."""

    uri: str
    requests: list[tuple[str, int]]

    @property
    def failed(self) -> list[str]:
        return [path for path, status in self.requests if status >= HTTPStatus.BAD_REQUEST]


def build_package(package: Package, path: Path) -> None:
    """Write a .deb with dpkg-deb."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for place, content in {"DEBIAN/control": package.control.encode(), **package.files}.items():
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / place).write_bytes(content)
        root.chmod(0o755)
        path.parent.mkdir(parents=True, exist_ok=True)
        command = ["dpkg-deb", "--root-owner-group", f"-Z{package.members}", "--build", name, str(path)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def write_suite(root: Path, suite: Suite, key: SigningKey | None) -> None:
    """Add `suite` to the archive at `root`, with InRelease signed by `key`, or Release alone without one."""
    folder = root / "dists" / suite.name
    for package in suite.packages:
        if not (root / package.filename).exists():
            build_package(package, root / package.filename)
    for component in suite.components:
        for architecture in suite.listed:
            _write_index(root, folder, suite, component, architecture)
    release = _release(folder, suite)
    if not suite.keep_plain:
        for path in folder.rglob("Packages"):
            path.unlink()
    (folder / "Release").write_bytes(release)
    if key:
        (folder / "InRelease").write_bytes(key.clearsign(release))


def publish(source: Path, host: Path, *, architectures: Sequence[str], suites: Sequence[str] = ()) -> None:
    """Copy an archive to what is to be served as a host, with the indices and packages of `architectures` alone.

    The Release files stay as they are, as on Ubuntu's hosts: they list what is somewhere else. `suites` are those
    copied, all when none is named.
    """
    for path in source.rglob("*"):
        place = path.relative_to(source)
        if path.is_file() and _is_of(place, architectures) and (not suites or _is_in(place, suites)):
            (host / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, host / place)


@contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """Serve `folder` over HTTP on loopback, at a free port."""
    requests: list[tuple[str, int]] = []

    class Handler(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            del size
            requests.append((self.path, int(code)))

        def log_error(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Say nothing: `failed` tells."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Server(uri=f"http://127.0.0.1:{server.server_address[1]}", requests=requests)
        finally:
            server.shutdown()
            thread.join()


def _write_index(root: Path, folder: Path, suite: Suite, component: str, architecture: str) -> None:
    index = io.BytesIO()
    for package in suite.packages:
        if package.component == component and package.architecture in (architecture, "all"):
            index.write(_stanza(root, package))
    place = folder / component / f"binary-{architecture}"
    for ending in ("", *suite.compressions):
        content = COMPRESSORS[ending](index.getvalue())
        (place / "by-hash/SHA256").mkdir(parents=True, exist_ok=True)
        (place / f"Packages{ending}").write_bytes(content)
        if suite.by_hash:
            (place / "by-hash/SHA256" / hashlib.sha256(content).hexdigest()).write_bytes(content)


def _stanza(root: Path, package: Package) -> bytes:
    content = (root / package.filename).read_bytes()
    return (
        f"{package.control}Filename: {package.filename}\nSize: {len(content)}\n"
        f"SHA256: {hashlib.sha256(content).hexdigest()}\n\n"
    ).encode()


def _release(folder: Path, suite: Suite) -> bytes:
    fields = {
        "Origin": suite.origin,
        "Label": suite.label,
        "Suite": suite.name,
        "Codename": suite.name.partition("-")[0],
        "Date": time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime()),
        "Architectures": " ".join(suite.listed),
        "Components": " ".join(suite.components),
        **({"Acquire-By-Hash": "yes"} if suite.by_hash else {}),
        **suite.fields,
    }
    rows = [
        f" {hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_size} {path.relative_to(folder)}\n"
        for path in sorted(folder.rglob("Packages*"))
    ]
    return ("".join(f"{name}: {value}\n" for name, value in fields.items()) + "SHA256:\n" + "".join(rows)).encode()


def _is_of(place: Path, architectures: Sequence[str]) -> bool:
    binary = [part.removeprefix("binary-") for part in place.parts if part.startswith("binary-")]
    if binary:
        return binary[0] in architectures
    return place.suffix != ".deb" or place.stem.rpartition("_")[2] in (*architectures, "all")


def _is_in(place: Path, suites: Sequence[str]) -> bool:
    return place.parts[0] != "dists" or place.parts[1] in suites


def _gpg(home: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", *arguments]
    return subprocess.run(command, check=True, input=stdin, stdout=subprocess.PIPE).stdout
