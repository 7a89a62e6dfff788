"""Containers: one that runs a command, and one that answers questions."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from docker.types import Mount as EngineMount

from xprov.engine.failures import explained
from xprov.process import Completed
from xprov.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from docker import DockerClient


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A folder or file of this machine, and where a container has it."""

    source: Path
    place: str
    read_only: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Spec:
    """A container that is to be made. `command` is all that it runs: an image's own entry point is passed over."""

    image: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    folder: str | None = None
    network: str | None = None
    terminal: bool = False


class Box:
    """A container that was made; it is gone after the block it is used in."""

    def __init__(self, client: DockerClient, id_: str) -> None:
        self._client, self.id = client, id_

    def __enter__(self) -> Box:  # noqa: PYI034 - Self is newer than Python 3.10
        return self

    def __exit__(self, *_raised: object) -> None:
        self.remove()

    def start(self) -> None:
        """Let it run."""
        with explained("starting a container"):
            self._client.api.start(self.id)

    def execute(self, arguments: Sequence[str], *, environ: Mapping[str, str] | None = None) -> Completed:
        """Run a program in it to its end, and return what it wrote."""
        with explained(f"running `{arguments[0]}` in a container"):
            made = self._client.api.exec_create(self.id, list(arguments), environment=dict(environ or {}))
            stdout, stderr = self._client.api.exec_start(made["Id"], demux=True)
            ended = self._client.api.exec_inspect(made["Id"])["ExitCode"]
        return Completed(arguments=tuple(arguments), returncode=ended, stdout=_text(stdout), stderr=_text(stderr))

    def attach(self) -> Any:  # noqa: ANN401 - a socket, in the wrapping that docker's HTTP library gives it
        """Return the stream of what it writes, and, where it has a terminal, of what is typed. Before `start`."""
        with explained("listening to a container"):
            wanted = {"stdout": 1, "stderr": 1, "stdin": 1, "stream": 1, "logs": 0}
            return self._client.api.attach_socket(self.id, params=wanted)

    def wait(self) -> int:
        """Return the exit code of its command, when that has ended."""
        with explained("waiting for a container"):
            return int(self._client.api.wait(self.id)["StatusCode"])

    def resize(self, columns: int, lines: int) -> None:
        """Tell its terminal how large the window is."""
        with explained("resizing a container's terminal"):
            self._client.api.resize(self.id, height=lines, width=columns)

    def remove(self) -> None:
        """End it, if it still runs, and take it away; one that is gone already is no error."""
        from docker.errors import APIError  # noqa: PLC0415

        with explained("removing a container"):
            try:
                self._client.api.remove_container(self.id, force=True, v=True)
            except APIError as error:
                # 404: it is gone; 409: somebody else is about to take it away.
                if error.status_code not in {404, 409}:
                    raise


def make_box(client: DockerClient, spec: Spec) -> Box:
    """Return a container that is not started yet."""
    mounts = [
        EngineMount(target=mount.place, source=str(mount.source), type="bind", read_only=mount.read_only)
        for mount in spec.mounts
    ]
    with explained(f"making a container of `{spec.image}`"):
        made = client.api.create_container(
            spec.image,
            entrypoint=list(spec.command[:1]),
            command=list(spec.command[1:]),
            environment=dict(spec.environ),
            labels=dict(spec.labels),
            working_dir=spec.folder,
            tty=spec.terminal,
            stdin_open=spec.terminal,
            host_config=client.api.create_host_config(
                mounts=mounts,
                network_mode=spec.network,
                # Where SELinux guards files, a folder of the user's is not one that a container may read.
                security_opt=["label=disable"],
            ),
        )
    return Box(client, str(made["Id"]))


def _text(part: bytes | None) -> str:
    return (part or b"").decode(errors="replace")
