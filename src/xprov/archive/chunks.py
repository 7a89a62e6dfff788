"""An index as a stream: decompressed in chunks, and never longer than an index can be."""

from __future__ import annotations

import lzma
import zlib
from typing import IO, TYPE_CHECKING

from xprov.archive.inflate import Decoder, Gzip
from xprov.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Of what is decompressed: short, since a piece of about this size is read for each name that is looked up.
_CHUNK = 1 << 16
_READ = 1 << 17
# The largest of Debian and Ubuntu have 60 MB.
_MOST = 1 << 30

_XZ, _GZIP = b"\xfd7zXZ\0", b"\x1f\x8b"
# `xz -9`, the most that archives use, needs 65 MiB: xz(1).
_XZ_MEMORY = 100 << 20


def chunks(path: Path) -> Iterator[bytes]:
    """Yield what the index at `path` holds, which is compressed by xz, by gzip, or not at all.

    Raises `VerificationError` when it is broken, or absurdly large.
    """
    total = 0
    try:
        with path.open("rb") as file:
            for chunk in _stream(file):
                total += len(chunk)
                if total > _MOST:
                    raise VerificationError(f"a package index has more than {_MOST >> 20} MiB")
                yield chunk
    except (EOFError, lzma.LZMAError, zlib.error) as error:
        raise VerificationError(f"a package index cannot be decompressed: {error}") from error


def _stream(file: IO[bytes]) -> Iterator[bytes]:
    head = file.read(len(_XZ))
    file.seek(0)
    if head.startswith(_XZ):
        return _decompressed(file, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY))
    return _decompressed(file, Gzip) if head.startswith(_GZIP) else iter(lambda: file.read(_CHUNK), b"")


def _decompressed(file: IO[bytes], decoder: Callable[[], Decoder]) -> Iterator[bytes]:
    """Decompress the streams of a file, of which there may be several, with zeros between them: xz(1), gzip(1)."""
    data = file.read(_READ)
    while data:
        stream = decoder()
        yield from _one_stream(stream, data, file)
        data = stream.unused_data.lstrip(b"\0") or file.read(_READ).lstrip(b"\0")


def _one_stream(stream: Decoder, data: bytes, file: IO[bytes]) -> Iterator[bytes]:
    while True:
        if chunk := stream.decompress(data, max_length=_CHUNK):
            yield chunk
        if stream.eof:
            return
        data = file.read(_READ) if stream.needs_input else b""
        if stream.needs_input and not data:
            raise EOFError("it is cut off")
