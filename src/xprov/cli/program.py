"""Run the program: words in, an exit code out, and what failed said in words."""

import errno
import gc
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import typer

from xprov import interruption
from xprov.cli.app import PROGRAM, build
from xprov.cli.context import Session, start
from xprov.errors import UsageError, XprovError

INTERRUPTED = 130
_OBJECTS = 50_000

# What typer raises for wrong words. It is click's class up to typer 0.25 and typer's own copy since: the name that is
# public in all of them is that of a class derived from it.
_WrongUsage: type[Any] = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


def main() -> NoReturn:
    """Run `xprov` with the words typed, and end the process."""
    interruption.install()
    # What a short run makes, its modules above all, stays to its end: to look for garbage often finds none.
    gc.set_threshold(_OBJECTS)
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        # Before `run` had begun, or while it said how it ended.
        code = INTERRUPTED
    # The system takes all back at once. To look through what is left for garbage took 25 ms at the end of a setup.
    gc.freeze()
    sys.exit(code)


def run(words: Sequence[str]) -> int:
    """Run `xprov` with `words`, say what failed, and return the exit code (DESIGN, Promises)."""
    session = start()
    try:
        return _attempt(words, session)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BrokenPipeError:
        # The reader has gone: nobody is left to tell. What is still buffered must not fail at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _attempt(words: Sequence[str], session: Session) -> int:
    try:
        return _invoke(words, session)
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - where every exception ends: as words and a code
        return _fail(_explained(error), session, as_json=_wants_json(words))


def _invoke(words: Sequence[str], session: Session) -> int:
    code = build().main(args=list(words), prog_name=PROGRAM, standalone_mode=False, obj=session)
    if code == INTERRUPTED:
        # What typer makes of an interruption since 0.26; before, it raised Abort.
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


def _wants_json(words: Sequence[str]) -> bool:
    """Return whether `--json` was typed. Asked of the words, since an error may come before they are parsed."""
    return "--json" in words[: list(words).index("--") if "--" in words else None]


def _explained(error: KeyboardInterrupt | Exception) -> XprovError:
    """Return `error` as one that speaks to the user."""
    if isinstance(error, XprovError):
        return error
    if isinstance(error, (KeyboardInterrupt, typer.Abort)) or _comes_of_interruption(error):
        return _InterruptedError("interrupted")
    if isinstance(error, _WrongUsage):
        return _usage(error)
    if isinstance(error, OSError):
        return _system(error)
    return _BugError(error)


def _comes_of_interruption(error: BaseException) -> bool:
    """Return whether `error` is what other code has made of an interruption, or came up while one was on its way."""
    before = error.__cause__ or error.__context__
    return before is not None and (isinstance(before, KeyboardInterrupt) or _comes_of_interruption(before))


def _usage(error: Any) -> UsageError:  # noqa: ANN401 - see _WrongUsage
    message = str(error.format_message()).strip().rstrip(".")
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else PROGRAM
    return UsageError(message[:1].lower() + message[1:], hint=f"`{command} --help` shows how it is used")


def _system(error: OSError) -> XprovError:
    reason = error.strerror or str(error)
    message = f"{reason}: `{error.filename}`" if error.filename is not None else reason
    hints = {
        errno.ENOSPC: "free some space; what was complete before is still there",
        errno.EDQUOT: "your quota is used up; what was complete before is still there",
        errno.EROFS: "XPROV_HOME and XDG_CACHE_HOME name folders that can be written to",
        errno.EACCES: "XPROV_HOME and XDG_CACHE_HOME name folders that can be written to",
    }
    return XprovError(message, hint=hints.get(error.errno or 0))


class _InterruptedError(XprovError):
    """The user, or the one who runs the job, has ended it."""

    exit_code = INTERRUPTED


class _BugError(XprovError):
    """Something went wrong that nobody thought of."""

    def __init__(self, error: Exception) -> None:
        super().__init__(
            f"{type(error).__name__}: {error}",
            hint="this is a bug in xprov: please report it with what the same command says with `-v`",
        )
        self.trace = "".join(traceback.format_exception(error)).rstrip()


def _fail(error: XprovError, session: Session, *, as_json: bool) -> int:
    if isinstance(error, _BugError):
        session.output.detail(error.trace)
    session.output.error(error.message, error.hint)
    if as_json:
        description = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
        session.output.json({"version": 1, "error": description})
    return error.exit_code
