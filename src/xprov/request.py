"""What a person asked for, as plain data."""

from dataclasses import dataclass
from enum import Enum

from xprov.target import Target


class Method(str, Enum):
    """How the files arrive."""

    NATIVE = "native"
    MULTIARCH = "multiarch"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """The words of `xprov setup`. `method` is None for `auto`; `mirror` is asked for what the user's sources lack."""

    target: Target
    libraries: tuple[str, ...]
    method: Method | None = None
    mirror: str | None = None
