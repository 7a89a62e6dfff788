"""Ctrl-C, and SIGTERM that a cancelled job gets: both raise `KeyboardInterrupt`, where that can do no harm, and once.

Python raises it wherever the main thread happens to be. Inside the import machinery or a lock's own methods a lock is
never given back then, and other threads wait for it forever (seen: `_get_module_lock`'s callback). In a callback of
the garbage collector it is printed and forgotten, and the run goes on as if nobody had asked. Up to Python 3.11 what is
raised in `__set_name__`, while a class is made, becomes a RuntimeError.
"""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

# How long the main thread is given to leave a place where it must not be interrupted, in seconds, until it is asked
# again.
_AGAIN = 0.005

_IMPORTING = "<frozen importlib"
_OF_LOCKS = frozenset({"__enter__", "__exit__"})
_OF_CLASSES = "__set_name__"


def install() -> None:
    """Have SIGINT and SIGTERM interrupt the main thread.

    SIGINT stays ignored where whoever started this process has it ignored, as a shell has for its background jobs.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGALRM, _interrupt)
    sys.unraisablehook = _not_forgotten


def _interrupt(_number: int, frame: FrameType | None) -> None:
    if frame is not None and _is_shielded(frame):
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        return
    raise KeyboardInterrupt


def _is_shielded(frame: FrameType) -> bool:
    file, name = frame.f_code.co_filename, frame.f_code.co_name
    return file.startswith(_IMPORTING) or name == _OF_CLASSES or (file == threading.__file__ and name in _OF_LOCKS)


def _not_forgotten(unraisable: sys.UnraisableHookArgs) -> None:
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        # Nobody above can catch it: it is raised anew from where the thread goes on.
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        return
    sys.__unraisablehook__(unraisable)
