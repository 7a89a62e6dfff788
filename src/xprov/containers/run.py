"""Run a command in a container of an image, as a release job does."""

from __future__ import annotations

from dataclasses import field
from functools import cache
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from xprov.containers.network import network_mounts, network_variables
from xprov.containers.owner import labels
from xprov.containers.tools import Tools
from xprov.engine import Mount, Spec, run_attached, terminal_size
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xprov.engine import Box, Engine, Image
    from xprov.output import Output

# How long a command that was interrupted may take to end, in seconds: cargo removes what is half there.
_PATIENCE = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A command and all that it is given.

    `home` is what was provisioned for it, None where nothing was; `ground` is what it may write to, `tools` what the
    image lacks. `given` are the variables that the user names.
    """

    image: Image
    command: tuple[str, ...]
    folder: Path
    ground: tuple[Mount, ...]
    home: Path | None = None
    tools: Tools = field(default_factory=Tools)
    given: Mapping[str, str] = field(default_factory=dict)
    network: str | None = None
    terminal: bool = False


def spec_of(run: Run, environ: Mapping[str, str]) -> Spec:
    """Return the container for `run`; `environ` is the environment of the shell."""
    homes = () if run.home is None else (Mount(source=run.home, place=str(run.home), read_only=True),)
    source = "" if run.home is None else f". {quote(str(run.home / 'env'))}\n"
    written = (*run.ground, *(mount for mount in run.tools.mounts if not mount.read_only))
    handed = "\n".join(mount.place for mount in written)
    terminal = {"TERM": environ.get("TERM", "xterm")} if run.terminal else {}
    prepare = (_sized() if run.terminal else "") + run.tools.script + source
    return Spec(
        image=run.image.id,
        command=("sh", "-c", _entry(), "sh", prepare, handed, *run.command),
        environ={**network_variables(environ), **terminal, **run.given},
        mounts=(*run.ground, *run.tools.mounts, *homes, *network_mounts(environ)),
        labels=labels(),
        folder=str(run.folder),
        network=run.network,
        terminal=run.terminal,
    )


def carry_out(engine: Engine, run: Run, environ: Mapping[str, str], output: Output) -> int:
    """Run the command and return its exit code; what it writes is passed on as it comes.

    At Ctrl-C the command is interrupted, what it has written is handed over, the container is removed, and
    `KeyboardInterrupt` is raised.
    """
    with engine.box(spec_of(run, environ)) as box:
        return run_attached(
            box, terminal=run.terminal, write=output.raw, patience=_PATIENCE, end=lambda signal: _end(box, signal)
        )


def _sized() -> str:
    """Return what gives a terminal this one's size before the command looks: an engine is told when it runs already."""
    size = terminal_size()
    return f"stty rows {size.lines} cols {size.columns} 2>/dev/null || :\n"


def _end(box: Box, signal: str) -> None:
    # All but the first process, which hands over, and this one.
    box.execute(("sh", "-c", f"kill -s {signal} -- -1"))


@cache
def _entry() -> str:
    return Path(__file__).with_name("entry.sh").read_text(encoding="utf-8")
