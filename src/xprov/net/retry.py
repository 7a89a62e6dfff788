"""Try again what may pass: a reset, a timeout, a server that is too busy.

`urllib3` retries questions and not bodies; a body that breaks off is as likely, and is taken up where it ended.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from xprov.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xprov.net.pace import Bounds

# Too many requests, and trouble of the server or of what is before it: RFC 9110 15.6, RFC 6585 4.
RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})
# The part of a wait that is left to chance, so that clients that failed together do not come back together.
_JITTER = 0.25

Result = TypeVar("Result")


class PassingError(NetworkError):
    """A failure that may be gone in a while. `after` is the server's wish for how long to wait, in seconds."""

    def __init__(self, message: str, *, hint: str | None = None, after: float = 0.0) -> None:
        super().__init__(message, hint=hint)
        self.after = after


def retry_after(header: str | None) -> float:
    """Return the seconds that Retry-After asks to wait, by number or by date (RFC 9110, 10.2.3); 0 when it does not."""
    from urllib3 import Retry  # noqa: PLC0415 - slow to import
    from urllib3.exceptions import InvalidHeader  # noqa: PLC0415

    try:
        return float(Retry().parse_retry_after(header or ""))
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0


def wait_before(planned: float, error: PassingError, bounds: Bounds) -> float:
    """Return how many seconds to wait for the next try, where the plan says `planned`."""
    import random  # noqa: PLC0415 - slow to import, and most networks never need it

    spread = planned * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - nothing is kept secret by it
    return max(spread, min(error.after, bounds.longest_wait))


def retried(attempt: Callable[[], Result], waits: Sequence[float], bounds: Bounds) -> Result:
    """Return what `attempt` does, tried once more after each of `waits` when it raises `PassingError`."""
    for planned in waits:
        try:
            return attempt()
        except PassingError as error:  # noqa: PERF203 - a network is slower than any loop
            time.sleep(wait_before(planned, error, bounds))
    return attempt()
