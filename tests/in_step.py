"""Debian's archive for one architecture, its index in step with its release.

After a point release a mirror may have the new release file and amd64's index, and armhf's of the month before, for
days. apt and xprov refuse that, as they should, and tests that are about packages can do nothing about it. For them
the index that the mirror has is served on loopback, named by a release made for it and signed by a key made here. The
packages come from the mirror in either case.
"""

import atexit
import hashlib
import lzma
import re
import shutil
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests
from tests.archive_builder import SigningKey
from tests.mirror import find_mirror

_DEBIANS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_TIMEOUT = 60
# The fields of a release that are true of the index of any day.
_KEPT = re.compile(r"^(?:Origin|Label|Suite|Version|Codename|Date|No-Support-for-Architecture-all): .*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where packages of `suite` are to be had for one architecture, and the keys that its release is signed by.

    `options` are those of xprov by which it reads the same; none where the mirror itself is in step.
    """

    suite: str
    uri: str
    keyring: Path
    options: tuple[str, ...]

    @property
    def line(self) -> str:
        """The entry of a sources.list."""
        return f"deb [signed-by={self.keyring}] {self.uri} {self.suite} main"


@cache
def source_of(suite: str, architecture: str) -> Source:
    """Return where Debian `suite` is to be had for `architecture`: this machine's mirror, or what mends it."""
    archive = find_mirror().archive
    release = _get(f"{archive}/dists/{suite}/InRelease").decode()
    if _is_in_step(f"{archive}/dists/{suite}", release, architecture):
        return Source(suite=suite, uri=archive, keyring=_DEBIANS, options=())
    sys.stderr.write(f"{suite} {architecture}: the mirror's index is not the one of its release, and read as it is\n")
    mended = _mended()
    mended.add(suite, architecture, release)
    uri = f"{mended.uri}/{suite}-{architecture}"
    return Source(
        suite=suite, uri=uri, keyring=mended.keyring, options=("--mirror", uri, "--keyring", str(mended.keyring))
    )


def _is_in_step(place: str, release: str, architecture: str) -> bool:
    named = re.search(rf"^ ([0-9a-f]{{64}}) +(\d+) (main/binary-{architecture})/Packages\.xz$", release, re.MULTILINE)
    assert named, f"{place} has no index for {architecture}"
    answer = requests.head(f"{place}/{named[3]}/by-hash/SHA256/{named[1]}", timeout=_TIMEOUT)
    return answer.ok and answer.headers.get("Content-Length") == named[2]


def _get(url: str) -> bytes:
    answer = requests.get(url, timeout=_TIMEOUT)
    answer.raise_for_status()
    return answer.content


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mended:
    """A server on loopback: release files and indices from memory, all else from the mirror."""

    uri: str
    key: SigningKey
    keyring: Path
    files: dict[str, bytes] = field(default_factory=dict)

    def add(self, suite: str, architecture: str, release: str) -> None:
        """Serve the index that the mirror has of `suite`, and of its `release` what does not change with it."""
        folder = f"main/binary-{architecture}"
        packed = _get(f"{find_mirror().archive}/dists/{suite}/{folder}/Packages.xz")
        contents = {f"{folder}/Packages": lzma.decompress(packed), f"{folder}/Packages.xz": packed}
        rows = [f" {_sha256(content)} {len(content)} {name}" for name, content in contents.items()]
        kept = [match[0] for match in _KEPT.finditer(release)]
        fields = [*kept, "Acquire-By-Hash: yes", f"Architectures: {architecture}", "Components: main", "SHA256:"]
        signed = self.key.clearsign("\n".join((*fields, *rows, "")).encode())
        place = f"/{suite}-{architecture}/dists/{suite}"
        self.files[f"{place}/InRelease"] = signed
        self.files[f"{place}/{folder}/Packages.xz"] = packed
        self.files[f"{place}/{folder}/by-hash/SHA256/{_sha256(packed)}"] = packed


@cache
def _mended() -> _Mended:
    home = Path(tempfile.mkdtemp(prefix="xprov-in-step-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    key = SigningKey.make(home / "key")
    keyring = home / "keyring.gpg"
    keyring.write_bytes(key.public)
    # apt reads it as a user of its own.
    home.chmod(0o755)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = _Mended(uri=f"http://127.0.0.1:{server.server_port}", key=key, keyring=keyring)
    _Handler.files = made.files
    return made


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: dict[str, bytes]

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        _, _, path = self.path.lstrip("/").partition("/")
        content = self.files.get(self.path)
        if content is None and path.startswith("pool/"):
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", f"{find_mirror().archive}/{path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(HTTPStatus.NOT_FOUND if content is None else HTTPStatus.OK)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if body:
            self.wfile.write(content or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
