"""Verify with the Python package pysequoia: the only import of it, and no need of one (xprov installs without, too)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from types import ModuleType

    from pysequoia import Cert

    from xprov.archive.certificates import Key
    from xprov.archive.packets import Signature


def is_here() -> bool:
    """Return whether the package can be used: it is compiled, and machines differ."""
    return _library() is not None


def _library() -> ModuleType | None:
    try:
        import pysequoia  # noqa: PLC0415 - slow to load, and most commands never need it
    except ImportError:
        return None
    return pysequoia


def is_sound(key: Key) -> bool:
    """Return whether the key's signature upon itself meets today's rules.

    Where it does not (SHA-1: Ubuntu's key of 2012), the library uses nothing of the key.
    """
    return _sound(key) is not None


def good_signers(content: bytes, signature: Signature, keys: Iterable[Key], *, now: datetime) -> tuple[str, ...]:
    """Return the fingerprints of the keys, primary ones or subkeys, by which `signature` of `content` is good.

    A certificate that has expired by `now`, or is revoked, is none: the library asks whether it might sign when it did.
    """
    import pysequoia  # noqa: PLC0415 - see _library

    sound = [certificate for key in keys if (certificate := _sound(key)) and _is_live(certificate, now)]
    try:
        packet = pysequoia.Sig.from_bytes(signature.whole)
        result = pysequoia.verify(content, lambda _names: sound, signature=packet)
    except RuntimeError:
        # Its one kind of error, of any cause.
        return ()
    return tuple(valid.signing_key for valid in result.valid_sigs)


def _sound(key: Key) -> Cert | None:
    from pysequoia import Cert  # noqa: PLC0415 - see _library

    try:
        certificate = Cert.from_bytes(key.certificate)
        _ = certificate.expiration
    except RuntimeError:
        # "No binding signature": none that the library's policy accepts.
        return None
    return certificate


def _is_live(certificate: Cert, now: datetime) -> bool:
    ends = certificate.expiration
    return not certificate.is_revoked and (ends is None or now < ends)
