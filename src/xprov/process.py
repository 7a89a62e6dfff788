"""Start programs: the only door to `subprocess`."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xprov.errors import ToolMissingError, XprovError

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


def run(
    arguments: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    stdin: str | None = None,
    check: bool = True,
    on_line: Callable[[str], None] | None = None,
) -> Completed:
    """Run a program to its end and return what it wrote.

    `environment` is added to this process's own. Messages are asked for in English (`LC_ALL=C.UTF-8`), since
    they are read by xprov too. Standard input is `stdin`, or empty. `on_line` gets each line of standard output
    while the program runs.

    Raises `ToolMissingError` when the program is not there, `ProcessError` when `check` is set and it fails.
    """
    words = tuple(str(argument) for argument in arguments)
    variables = {**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})}
    try:
        if on_line is None:
            done = subprocess.run(
                words,
                env=variables,
                input=stdin or "",
                capture_output=True,
                check=False,
                encoding="utf-8",
                errors="replace",
            )
            completed = Completed(arguments=words, returncode=done.returncode, stdout=done.stdout, stderr=done.stderr)
        else:
            completed = _run_streaming(words, variables, on_line)
    except FileNotFoundError:
        raise ToolMissingError(f"`{words[0]}` is not installed, or not in PATH") from None
    except PermissionError:
        raise ToolMissingError(f"`{words[0]}` cannot be executed: permission denied") from None
    if check and not completed.ok:
        raise ProcessError(completed)
    return completed


def _run_streaming(words: tuple[str, ...], variables: Mapping[str, str], on_line: Callable[[str], None]) -> Completed:
    lines: list[str] = []
    # Both streams in one pipe: nothing can fill up unread, and the order is the one a person would have seen.
    with subprocess.Popen(
        words,
        env=dict(variables),
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
