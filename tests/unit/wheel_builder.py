"""Write wheels for tests: one that is right, to be changed in one place."""

import base64
import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.elf_builder import Shared

TRIPLETS = {"armv7l": "arm-linux-gnueabihf", "x86_64": "x86_64-linux-gnu", "i686": "i386-linux-gnu"}
LIBC = {"libc.so.6": ("GLIBC_2.17",)}


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A wheel of the distribution `pkg` 1.0. `files` are its members without `.dist-info`, by name.

    `metadata`, `wheel` and `record` stand in place of what is right; None leaves the file out. `added` are members that
    RECORD does not know.
    """

    tag: str = "cp311-cp311-manylinux_2_17_armv7l"
    files: Mapping[str, bytes] = field(default_factory=dict)
    added: Sequence[tuple[str, bytes]] = ()
    dist_info: str = "pkg-1.0.dist-info"
    metadata: str | None = "Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n"
    wheel: str | None = ""
    record: str | None = ""
    file: str | None = None

    def write(self, folder: Path) -> Path:
        """Write the wheel into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / (self.file or f"pkg-1.0-{self.tag}.whl")
        members = {**self.files, **self._texts()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in (*members.items(), *self.added):
                archive.writestr(name, content)
            if self.record is not None:
                archive.writestr(f"{self.dist_info}/RECORD", self.record or self._record(members))
        return path

    def _texts(self) -> dict[str, bytes]:
        texts = {"METADATA": self.metadata, "WHEEL": self._wheel() if self.wheel == "" else self.wheel}
        return {f"{self.dist_info}/{name}": text.encode() for name, text in texts.items() if text is not None}

    def _wheel(self) -> str:
        python, abi, platforms = self.tag.split("-")
        tags = "".join(f"Tag: {python}-{abi}-{platform}\n" for platform in platforms.split("."))
        pure = "true" if platforms == "any" else "false"
        return f"Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: {pure}\n{tags}"

    def _record(self, members: Mapping[str, bytes]) -> str:
        rows = [f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in members.items()]
        return "".join(rows) + f"{self.dist_info}/RECORD,,\n"


def module(
    target: str = "armhf",
    *,
    needed: Sequence[str] = ("libc.so.6",),
    versions: Mapping[str, Sequence[str]] = LIBC,
    **changes: object,
) -> bytes:
    """Return an extension module `_native`, which needs a libc."""
    facts: dict[str, object] = {"defined": ("PyInit__native",), **changes}
    return Shared(target=target, needed=needed, versions=versions, **facts).content()  # type: ignore[arg-type]


def native(
    tag: str,
    content: bytes,
    others: Mapping[str, bytes] | None = None,
    *,
    ending: str = "cpython-311-arm-linux-gnueabihf",
) -> Wheel:
    """Return a wheel with the package `pkg`, in it the module `_native`, and `others`, by name."""
    files = {"pkg/__init__.py": b"", f"pkg/_native.{ending}.so": content}
    return Wheel(tag=tag, files={**files, **(others or {})})


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
