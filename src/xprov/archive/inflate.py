"""Decompress a member of a package as a stream: `.xz`, `.gz`, `.zst`, none, as dpkg-deb has written them."""

import importlib
import lzma
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from xprov.errors import ToolMissingError, VerificationError

CHUNK = 1 << 18
"""No piece is longer, in bytes."""

# `xz -9`, the most that dpkg-deb uses, needs 65 MiB: xz(1).
_XZ_MEMORY = 256 << 20
# zlib: a gzip header and its checksum, the largest window.
_GZIP = 16 + zlib.MAX_WBITS
# The unit of `ulimit -f` in sh: POSIX.
_BLOCK = 512


class Readable(Protocol):
    """Packed bytes, read once."""

    def read(self, size: int = -1, /) -> bytes: ...


class Decoder(Protocol):
    """What the decompressors of `lzma`, and of `compression.zstd`, have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /, max_length: int = -1) -> bytes: ...


def inflate(packed: Readable, member: str, name: str, allowed: int) -> Iterator[bytes]:
    """Give what `packed` decompresses to, in pieces; how, the name of `member` says. Messages call the package `name`.

    About `allowed` bytes are made at most: the caller counts.

    Raises `VerificationError` for bytes that are cut off, wrong, or followed by others; `ToolMissingError` when nothing
    here reads the compression.
    """
    suffix = member.partition(".tar")[2]
    try:
        yield from _reader(suffix, member, name)(packed, allowed)
    except _Broken as error:
        raise VerificationError(f"`{member}` in `{name}` is broken: {error}") from error


class _Broken(Exception):  # noqa: N818 - never seen outside
    """The bytes are not what they should be; `inflate` says where."""


def _reader(suffix: str, member: str, name: str) -> Callable[[Readable, int], Iterator[bytes]]:
    readers = {"": _plain, ".gz": _gzip, ".xz": _xz, ".zst": _zstd}
    if suffix not in readers:
        raise VerificationError(f"`{member}` in `{name}` has a compression that is not known: `{suffix}`")
    return readers[suffix]


def _plain(packed: Readable, _allowed: int) -> Iterator[bytes]:
    while data := packed.read(CHUNK):
        yield data


def _xz(packed: Readable, _allowed: int) -> Iterator[bytes]:
    return _pump(packed, lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY), lzma.LZMAError)


def _gzip(packed: Readable, _allowed: int) -> Iterator[bytes]:
    return _pump(packed, Gzip(), zlib.error)


def _pump(packed: Readable, decoder: Decoder, wrong: type[Exception]) -> Iterator[bytes]:
    while not decoder.eof:
        asked = decoder.needs_input
        data = packed.read(CHUNK) if asked else b""
        try:
            piece = decoder.decompress(data, max_length=CHUNK)
        except (wrong, EOFError) as error:
            raise _Broken(str(error)) from error
        if piece:
            yield piece
        elif asked and not data and not decoder.eof:
            raise _Broken("it is cut off")
    if decoder.unused_data or packed.read(1):
        raise _Broken("something follows its end")


class Gzip:
    """zlib's decompressor, with the face of lzma's."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(_GZIP)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, /, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _zstd(packed: Readable, allowed: int) -> Iterator[bytes]:
    """Read zst by Python's own module (3.14), else the package `zstandard`, else the program."""
    if (module := _imported("compression.zstd")) is not None:
        return _pump(packed, module.ZstdDecompressor(), module.ZstdError)
    if (module := _imported("zstandard")) is not None:
        return _zstandard(packed, module)
    return _zstd_program(packed, allowed)


def _imported(module: str) -> Any | None:  # noqa: ANN401 - no Python that is supported has types for both
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


def _zstandard(packed: Readable, module: Any) -> Iterator[bytes]:  # noqa: ANN401 - see _imported
    decoder = module.ZstdDecompressor().decompressobj()
    try:
        # Small bites: 4 bytes can be a block of 128 KiB (RFC 8878, 3.1.1.2), and this interface has no upper bound.
        while not decoder.eof and (data := packed.read(64)):
            if piece := decoder.decompress(data):
                yield piece
    except module.ZstdError as error:
        raise _Broken(str(error)) from error
    if not decoder.eof:
        raise _Broken("it is cut off")
    if decoder.unused_data or packed.read(1):
        raise _Broken("something follows its end")


def _zstd_program(packed: Readable, allowed: int) -> Iterator[bytes]:
    """Unpack by way of files: programs are run to their end, and the shell's limit on a file's size stops a bomb."""
    from xprov.process import find, run  # noqa: PLC0415 - starts programs, which few packages need

    program = find("zstd") or find("unzstd")
    if program is None:
        raise ToolMissingError(
            "nothing here reads packages that are compressed as zst",
            hint="install the program `zstd`, or `pip install zstandard`, or use Python 3.14",
        )
    with tempfile.TemporaryDirectory(prefix="xprov-") as folder:
        source, result = Path(folder, "packed.zst"), Path(folder, "unpacked")
        with source.open("wb") as file:
            while data := packed.read(CHUNK):
                file.write(data)
        blocks = str(allowed // _BLOCK + 2)
        script = 'ulimit -f "$1" && exec "$2" -d -q -f -o "$4" "$3"'
        done = run(["sh", "-c", script, "sh", blocks, program, source, result], check=False)
        if not done.ok:
            raise _Broken(done.stderr.strip() or f"`{program.name}` ended with status {done.returncode}")
        with result.open("rb") as file:
            yield from _plain(file, allowed)
