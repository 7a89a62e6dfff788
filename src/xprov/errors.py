"""The errors that xprov raises on purpose, and the exit code of each.

    XprovError                1   failed
    ├── UsageError            2   the words typed, or a file the user wrote, are wrong
    ├── NetworkError          3   a host did not answer, or not with what was asked for
    │   ├── AbsentError           it answered that it has no such thing
    │   └── SidePartError         what it lacks is of a suite's updates
    ├── VerificationError     4   a signature or a hash is not right
    ├── UnsatisfiableError    5   what was asked for cannot be had here
    │   └── FloorError            the libraries need a newer glibc than is wanted
    └── ToolMissingError      6   a program that is needed is not there

A message says what failed, on what; `hint` says what to do about it. Only `xprov.cli` turns an
error into an exit.
"""

from typing import ClassVar


class XprovError(Exception):
    """Something failed that the user can read about in `message` and mend by `hint`."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(XprovError):
    """The words typed, or a file that the user wrote, cannot be understood."""

    exit_code = 2


class NetworkError(XprovError):
    """A host did not answer, or answered with something else than what was asked for."""

    exit_code = 3


class AbsentError(NetworkError):
    """Every host that was asked has answered, and has not what was asked for."""


class SidePartError(NetworkError):
    """Packages of a suite's updates cannot be fetched; `parts` are those that they are of, as archives count them."""

    def __init__(self, message: str, *, parts: tuple[str, ...], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.parts = parts


class VerificationError(XprovError):
    """A signature or a hash does not fit what was received."""

    exit_code = 4


class UnsatisfiableError(XprovError):
    """What was asked for cannot be had on this machine, from these sources."""

    exit_code = 5


class FloorError(UnsatisfiableError):
    """Libraries need a newer glibc than is wanted."""


class ToolMissingError(XprovError):
    """A program that the work needs is not installed."""

    exit_code = 6
