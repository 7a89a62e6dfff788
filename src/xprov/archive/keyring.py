"""OpenPGP keys that an archive's release files may be signed with: those shipped with xprov, and those of a user."""

from __future__ import annotations

import threading
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from xprov.archive.armor import ArmorError, is_armored, unarmor, unfolded
from xprov.archive.certificates import Key, read_certificates
from xprov.archive.packets import PacketError
from xprov.errors import UsageError
from xprov.records import dataclass

if TYPE_CHECKING:
    from xprov.archive.suites import Suite

_ARMOR = "PUBLIC KEY BLOCK"
# All of Debian's developers' keys are half of it.
_MAX_SIZE = 64 * 1024 * 1024

_shipping = threading.Lock()


@dataclass(frozen=True, kw_only=True, slots=True)
class Keyring:
    """The keys of one archive; `name` says in messages whose they are."""

    name: str
    keys: tuple[Key, ...]

    @classmethod
    def load(cls, source: Path | bytes, *, name: str | None = None) -> Keyring:
        """Return the keys in a file, or in bytes: binary or ASCII-armoured, also as the value of `Signed-By`.

        Raises `UsageError` when the file cannot be read, or holds no key.
        """
        shown = name or (f"`{source}`" if isinstance(source, Path) else "the key given inline")
        keys = _keys(_read(source, shown), shown)
        if not keys:
            raise UsageError(f"{shown} holds no OpenPGP key", hint="write one with `gpg --export --armor`")
        return cls(name=shown, keys=keys)

    @classmethod
    def shipped(cls, distribution: str, *, eol: bool = False) -> Keyring:
        """Return the keys of `distribution` (`debian`, `ubuntu`) that come with xprov, for `eol` the retired too.

        Raises `UsageError` for a distribution that has none. Where they come from: keys/README.md.
        """
        # The parts of a suite are read at the same time, with the same keys: who comes second waits for the first.
        with _shipping:
            return _shipped(distribution, eol=eol)

    @classmethod
    def of(cls, suite: Suite) -> Keyring:
        """Return the shipped keys that `suite` may be signed with. Raises `UsageError` where there are none."""
        return cls.shipped(suite.distribution, eol=suite.eol)

    @classmethod
    def join(cls, *keyrings: Keyring) -> Keyring:
        """Return one keyring with the keys of several (`Signed-By` may name more than one file)."""
        names = dict.fromkeys(keyring.name for keyring in keyrings)
        return cls(name=", ".join(names), keys=tuple(key for keyring in keyrings for key in keyring.keys))

    def find(self, name: str) -> tuple[Key, ...]:
        """Return the certificates that have a key called `name` (a fingerprint or a key ID)."""
        return tuple(key for key in self.keys if key.signer(name))


@cache
def _shipped(distribution: str, *, eol: bool) -> Keyring:
    folder = files("xprov.archive").joinpath("keys")
    present = [folder.joinpath(name) for name in (f"{distribution}.pgp", f"{distribution}-eol.pgp")[: 1 + eol]]
    found = [path.read_bytes() for path in present if path.is_file()]
    if not found:
        raise UsageError(f"xprov has no keys of `{distribution}`", hint="name a file of them with --keyring")
    name = f"the keys of {distribution.capitalize()} that come with xprov"
    return Keyring.join(*(Keyring.load(content, name=name) for content in found))


def _read(source: Path | bytes, shown: str) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        with source.open("rb") as file:
            content = file.read(_MAX_SIZE + 1)
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror}") from error
    if len(content) > _MAX_SIZE:
        raise UsageError(f"{shown} is too large to hold an archive's keys", hint="name a file of those keys alone")
    return content


def _keys(content: bytes, shown: str) -> tuple[Key, ...]:
    try:
        return tuple(read_certificates(unarmor(unfolded(content), _ARMOR) if is_armored(content, _ARMOR) else content))
    except (ArmorError, PacketError) as error:
        raise UsageError(
            f"{shown} cannot be read as OpenPGP keys: {error}", hint="write them with `gpg --export --armor`"
        ) from None
