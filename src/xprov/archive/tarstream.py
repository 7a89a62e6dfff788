"""What stands between tarfile and a hostile package: headers that have to be right, bytes that are counted."""

import tarfile
from collections.abc import Iterator

from xprov.archive.inflate import CHUNK
from xprov.errors import VerificationError

# Headers are read in one piece, long names among them: far more than any name is long.
_MAX_READ = 1 << 20


class StrictInfo(tarfile.TarInfo):
    """A header that is right. tarfile takes a broken one that is not the first as the end of the archive."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "StrictInfo":
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                raise  # the block of zeros that ends an archive
            raise VerificationError(f"a tar in a package is broken or cut off: {error}") from error


class TarStream:
    """What tarfile reads: bytes as they are unpacked, forwards only, counted."""

    def __init__(self, pieces: Iterator[bytes], name: str, allowed: int) -> None:
        self._pieces, self._name, self._allowed = pieces, name, allowed
        self._piece, self._used, self._unpacked, self._position = b"", 0, 0, 0

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> None:
        if position < self._position:
            raise VerificationError(f"`{self._name}` holds a tar whose members overlap")
        while self._position < position and self._skip(position - self._position):
            pass

    def read(self, size: int) -> bytes:
        # A header that claims to be a gigabyte long would be read into memory.
        if not 0 <= size <= _MAX_READ:
            raise VerificationError(f"`{self._name}` holds a tar with a header of {size} bytes")
        parts = []
        while size and (part := self._skip(size)):
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def require_end(self) -> None:
        """Read what follows the members: the zeros that fill a tar's last record, and the checksums after them."""
        while part := self._skip(CHUNK):
            if part.count(0) != len(part):
                raise VerificationError(f"`{self._name}` holds something after the end of its tar")

    def _skip(self, size: int) -> bytes:
        """Return the next bytes, at most `size`; nothing at the end."""
        if self._used == len(self._piece):
            self._piece, self._used = next(self._pieces, b""), 0
            self._unpacked += len(self._piece)
            if self._unpacked > self._allowed:
                raise VerificationError(f"`{self._name}` unpacks to more than {self._allowed} bytes")
        part = self._piece[self._used : self._used + size]
        self._used += len(part)
        self._position += len(part)
        return part
