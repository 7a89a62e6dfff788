"""Start programs: the only door to `subprocess`."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from xprov.errors import ToolMissingError, XprovError
from xprov.records import dataclass

# How long a program that was told to stop may take, in seconds: apt lets dpkg finish a package.
PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """A program that has ended: what was started, its exit status, and what it wrote, as text."""

    arguments: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        return self.returncode == 0


class ProcessTimeoutError(XprovError):
    """A program did not end in time; `output` is what it wrote until then, to both streams."""

    def __init__(self, arguments: Sequence[str], seconds: float, output: str) -> None:
        self.output = output
        super().__init__(f"`{arguments[0]}` did not end within {seconds:.0f} seconds")


class ProcessError(XprovError):
    """A program ended with a status that says it failed."""

    def __init__(self, completed: Completed) -> None:
        self.completed = completed
        tail = (completed.stderr or completed.stdout).strip()
        super().__init__(f"`{' '.join(completed.arguments)}` ended with status {completed.returncode}\n{tail}")


def find(name: str, *, path: str | None = None) -> Path | None:
    """Return the program `name` in `path` (default: PATH), or None."""
    found = shutil.which(name, path=path)
    return Path(found) if found else None


class Running:
    """A program that was started, and goes on by itself until its answer is wanted.

    As a context it is ended with the block when nobody has waited for it: none is left behind by an error.
    """

    def __init__(self, arguments: tuple[str, ...], child: subprocess.Popen[str] | OSError) -> None:
        self._arguments, self._child = arguments, child

    def __enter__(self) -> "Running":  # noqa: PYI034 - Self is newer than Python 3.10
        return self

    def __exit__(self, *_raised: object) -> None:
        if isinstance(self._child, subprocess.Popen) and self._child.returncode is None:
            with self._child as child:
                child.kill()

    def result(self, *, check: bool = True) -> Completed:
        """Wait for its end and return what it wrote, once.

        Raises `ToolMissingError` when the program is not there, `ProcessError` when `check` is set and it failed.
        """
        if isinstance(self._child, OSError):
            raise _explained(self._arguments, self._child) from None
        with self:
            stdout, stderr = self._child.communicate()
        completed = Completed(
            arguments=self._arguments, returncode=self._child.returncode, stdout=stdout, stderr=stderr
        )
        if check and not completed.ok:
            raise ProcessError(completed)
        return completed


def start(
    arguments: Sequence[str | Path],
    *,
    environment: Mapping[str, str | None] | None = None,
    folder: Path | None = None,
    stdin: str | None = None,
) -> Running:
    """Start a program without waiting for it. Why one cannot be started is told by who asks for its answer.

    The words are those of `run`; `stdin` may be no longer than what a pipe holds (4 KiB at least, pipe(7)).
    """
    words = tuple(str(argument) for argument in arguments)
    try:
        child = subprocess.Popen(
            words,
            env=_variables(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        return Running(words, error)
    if child.stdin is not None:
        # It may have ended without reading.
        with contextlib.suppress(BrokenPipeError), child.stdin as pipe:
            pipe.write(stdin or "")
        child.stdin = None
    return Running(words, child)


def run(
    arguments: Sequence[str | Path],
    *,
    environment: Mapping[str, str | None] | None = None,
    folder: Path | None = None,
    stdin: str | None = None,
    check: bool = True,
    on_line: Callable[[str], None] | None = None,
) -> Completed:
    """Run a program to its end and return what it wrote.

    `environment` is added to this process's own, and what is None there is taken away. `folder` is where the program
    works, else where this process does. Messages are asked for in English (`LC_ALL=C.UTF-8`), since
    they are read by xprov too. Standard input is `stdin`, or empty. `on_line` gets each line of standard output
    while the program runs.

    Raises `ToolMissingError` when the program is not there, `ProcessError` when `check` is set and it fails.
    """
    if on_line is None:
        return start(arguments, environment=environment, folder=folder, stdin=stdin).result(check=check)
    words = tuple(str(argument) for argument in arguments)
    try:
        completed = _run_streaming(words, _variables(environment), folder, on_line)
    except OSError as error:
        raise _explained(words, error) from None
    if check and not completed.ok:
        raise ProcessError(completed)
    return completed


def _variables(added: Mapping[str, str | None] | None) -> dict[str, str]:
    wanted = {**os.environ, "LC_ALL": "C.UTF-8", **(added or {})}
    return {name: value for name, value in wanted.items() if value is not None}


def _explained(words: tuple[str, ...], error: OSError) -> OSError | ToolMissingError:
    """Return why a program cannot be started, as one says it where that is known."""
    match error:
        case FileNotFoundError():
            return ToolMissingError(f"`{words[0]}` is not installed, or not in PATH")
        case PermissionError():
            return ToolMissingError(f"`{words[0]}` cannot be executed: permission denied")
        case _:
            return error


def run_bounded(
    arguments: Sequence[str | Path], *, variables: Mapping[str, str], folder: Path, timeout: float
) -> Completed:
    """Run a program that nobody vouches for in `folder`, with no other `variables`, and return how it ended.

    It has a session of its own: nothing of what it started outlives its `timeout`, in seconds. Raises
    `ToolMissingError` when it is not there, `ProcessTimeoutError` when its time was up.
    """
    words = tuple(str(argument) for argument in arguments)
    try:
        child = subprocess.Popen(
            words,
            env=dict(variables),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise _explained(words, error) from None
    with child:
        try:
            stdout, stderr = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _kill_session(child)
            stdout, stderr = child.communicate()
            raise ProcessTimeoutError(words, timeout, stdout + stderr) from None
        except BaseException:
            _kill_session(child)
            raise
    return Completed(arguments=words, returncode=child.returncode, stdout=stdout, stderr=stderr)


def _kill_session(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _run_streaming(
    words: tuple[str, ...], variables: Mapping[str, str], folder: Path | None, on_line: Callable[[str], None]
) -> Completed:
    lines: list[str] = []
    # Both streams in one pipe: nothing can fill up unread, and the order is the one a person would have seen.
    with subprocess.Popen(
        words,
        env=dict(variables),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as child:
        try:
            for line in child.stdout or ():
                lines.append(line)
                on_line(line.rstrip("\n"))
            returncode = child.wait()
        except BaseException:
            _end(child)
            raise
    text = "".join(lines)
    return Completed(arguments=words, returncode=returncode, stdout=text, stderr=text)


def _end(child: subprocess.Popen[str]) -> None:
    """End a program whose outcome nobody waits for any more: what is put back next must not meet it at work."""
    child.send_signal(signal.SIGINT)
    try:
        child.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
