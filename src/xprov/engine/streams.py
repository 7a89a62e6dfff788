"""Pass on what a container writes, as it writes it, and what a person types."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xprov.engine.containers import Box

Write = Callable[[bytes, bool], None]
"""Takes bytes, and whether they are of standard error."""

_CHUNK = 65536
# Docker Engine API, "Attach to a container", stream format: which stream, three empty bytes, how many bytes follow.
_FRAME = struct.Struct(">BxxxL")
_STDERR = 2


class Frames:
    """The two streams in what a container without a terminal writes: frames may come in any pieces."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        """Yield what is complete now: bytes, and whether they are of standard error."""
        self._held += data
        while len(self._held) >= _FRAME.size:
            stream, size = _FRAME.unpack_from(self._held)
            if len(self._held) < _FRAME.size + size:
                return
            yield self._held[_FRAME.size : _FRAME.size + size], stream == _STDERR
            self._held = self._held[_FRAME.size + size :]


def run_attached(box: Box, *, terminal: bool, write: Write, patience: float, end: Callable[[str], None]) -> int:
    """Start a container, pass its streams on until it ends, and return its exit code.

    At Ctrl-C `end` is called with INT, and where the container has not ended within `patience` seconds, with KILL; what
    it writes meanwhile is passed on, and `KeyboardInterrupt` is raised. On a `terminal` Ctrl-C goes to the container
    as any other key.
    """
    stream = box.attach()
    box.start()
    place = stream.fileno()
    try:
        with _raw(box) if terminal else contextlib.nullcontext():
            _forward(place, terminal=terminal, write=write)
    except KeyboardInterrupt:
        for signal_ in ("INT", "KILL"):
            end(signal_)
            if _forward(place, terminal=False, write=write, until=time.monotonic() + patience):
                break
        raise
    finally:
        stream.close()
    return box.wait()


def _forward(place: int, *, terminal: bool, write: Write, until: float | None = None) -> bool:
    """Return whether the container has ended; it has not where the time was up."""
    frames = Frames()
    with selectors.DefaultSelector() as ready:
        ready.register(place, selectors.EVENT_READ)
        if terminal:
            ready.register(sys.stdin.fileno(), selectors.EVENT_READ)
        while until is None or time.monotonic() < until:
            for key, _ in ready.select(None if until is None else max(0.0, until - time.monotonic())):
                data = os.read(key.fd, _CHUNK)
                if key.fd != place:
                    os.write(place, data)
                elif not data:
                    return True
                elif terminal:
                    write(data, False)  # noqa: FBT003 - a terminal has one stream
                else:
                    for part, is_error in frames.feed(data):
                        write(part, is_error)
    return False


def terminal_size() -> os.terminal_size:
    """Return the size of the terminal that a person types at, 80 by 24 where it has none.

    COLUMNS and LINES do not count: who exports them once is not told when the window becomes another.
    """
    size = os.get_terminal_size(sys.stdin.fileno())
    return size if size.columns and size.lines else os.terminal_size((80, 24))


@contextlib.contextmanager
def _raw(box: Box) -> Iterator[None]:
    """Have each key go to the container as it is typed, and its terminal be as large as this one."""
    import termios  # noqa: PLC0415 - of use on a terminal alone
    import tty  # noqa: PLC0415

    def resize(*_: object) -> None:
        size = terminal_size()
        box.resize(size.columns, size.lines)

    place = sys.stdin.fileno()
    before = termios.tcgetattr(place)
    former = signal.signal(signal.SIGWINCH, resize)
    try:
        tty.setraw(place)
        resize()
        yield
    finally:
        termios.tcsetattr(place, termios.TCSADRAIN, before)
        signal.signal(signal.SIGWINCH, former)
