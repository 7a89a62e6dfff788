"""OpenPGP's form for text: keys and signatures between lines of dashes (RFC 9580, 6)."""

import base64
import binascii
import re


class ArmorError(Exception):
    """What stands between the lines of dashes cannot be decoded."""


def unarmor(text: bytes, kind: str) -> bytes:
    """Return what the blocks of `kind` (`SIGNATURE`) in `text` hold, one after the other; b"" where there are none.

    Their checksums are not looked at (RFC 9580, 6.1): what counts is signed. Raises `ArmorError`.
    """
    begin, end = (f"-----{word} PGP {kind}-----".encode() for word in ("BEGIN", "END"))
    return b"".join(_decoded(part, end) for part in text.split(begin)[1:])


def is_armored(content: bytes, kind: str) -> bool:
    """Return whether a block of `kind` begins in `content`."""
    return f"-----BEGIN PGP {kind}-----".encode() in content


def unfolded(text: bytes) -> bytes:
    """Return the value of a deb822 field as it was: each line is indented there, and an empty one is a dot."""
    text = re.sub(rb"(?m)^[ \t]+", b"", text)
    return re.sub(rb"(?m)^\.[ \t]*(?=\r?$)", b"", text)


def _decoded(part: bytes, end: bytes) -> bytes:
    block, mark, _ = part.partition(end)
    if not mark:
        raise ArmorError("its text form is not complete")
    lines = [line.strip() for line in block.splitlines()]
    # Headers (`Version: ...`) come first; the checksum, the one line that begins so, comes last.
    data = b"".join(line for line in lines if b":" not in line and not line.startswith(b"="))
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        raise ArmorError("its text form is broken") from None
