"""Write small packages by hand, good and bad ones: the tests of the reader run on machines without dpkg."""

import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

CONTROL = b"Package: libexample-dev\nVersion: 1.0\nArchitecture: armhf\n"

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".xz": lzma.compress,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One member of a tar: a file, unless `kind` says otherwise; `target` is where a link leads."""

    path: str
    content: bytes = b""
    kind: bytes = tarfile.REGTYPE
    target: str = ""
    mode: int = 0o644


def folder(path: str) -> Item:
    return Item(path=path, kind=tarfile.DIRTYPE, mode=0o755)


def link(path: str, target: str) -> Item:
    return Item(path=path, kind=tarfile.SYMTYPE, target=target, mode=0o777)


def hard_link(path: str, target: str) -> Item:
    return Item(path=path, kind=tarfile.LNKTYPE, target=target)


def tar_bytes(items: Iterable[Item], *, form: int = tarfile.GNU_FORMAT) -> bytes:
    """Return a tar of `items`, with long names in the manner of `form`."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as tar:
        for item in items:
            info = tarfile.TarInfo(item.path)
            info.type, info.linkname, info.mode, info.size = item.kind, item.target, item.mode, len(item.content)
            info.mtime = 1_700_000_000
            tar.addfile(info, io.BytesIO(item.content))
    return file.getvalue()


def ar_member(name: str, content: bytes, *, size: int | None = None) -> bytes:
    """Return a member of an ar archive; `size` is what its header claims, where that is not the truth."""
    claimed = len(content) if size is None else size
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{claimed:<10}`\n".encode()
    return header + content + b"\n" * (len(content) % 2)


def deb_bytes(data: bytes, *, suffix: str = "", control: bytes = CONTROL) -> bytes:
    """Return a package whose data.tar is `data`, already compressed as `suffix` says."""
    packed = COMPRESSIONS[".gz"](tar_bytes([folder("./"), Item(path="./control", content=control)]))
    members = (("debian-binary", b"2.0\n"), ("control.tar.gz", packed), (f"data.tar{suffix}", data))
    return b"!<arch>\n" + b"".join(ar_member(name, content) for name, content in members)


def write_deb(place: Path, *items: Item, suffix: str = ".xz") -> Path:
    """Write a package of `items` into the folder `place` and return it."""
    deb = place / "example.deb"
    deb.write_bytes(deb_bytes(COMPRESSIONS[suffix](tar_bytes(items)), suffix=suffix))
    return deb
