"""Find the engine that this user has: the one that is named, else the first socket that answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
from docker.errors import DockerException

from xprov.engine.engine import Engine
from xprov.errors import ToolMissingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# A pull, or a build that says nothing for minutes, is no dead engine.
_TIMEOUT = 3600
_LOCAL = "unix://"

_HINT = (
    "start Docker (`sudo systemctl start docker`) or Podman (`systemctl --user start podman.socket`), or name the"
    " engine's socket in DOCKER_HOST"
)


def connect(environ: Mapping[str, str]) -> Engine:
    """Return the engine that answers: that of DOCKER_HOST or CONTAINER_HOST, of Docker's context, or of a usual socket.

    Podman's socket speaks as Docker's does. Raises `ToolMissingError` when none answers, `UsageError` when the one
    that is named is not on this machine: what is mounted there would be that machine's.
    """
    named = environ.get("DOCKER_HOST") or environ.get("CONTAINER_HOST")
    if named:
        return _named(named)
    failures = {}
    for address in dict.fromkeys(_usual(environ)):
        try:
            return _opened(address)
        except DockerException as error:  # noqa: PERF203 - each may fail by itself
            failures[address] = _reason(error)
    told = "; ".join(f"{address.removeprefix(_LOCAL)}: {reason}" for address, reason in failures.items())
    denied = any("denied" in reason for reason in failures.values())
    raise ToolMissingError(
        f"no container engine answers ({told or 'there is no socket of Docker or Podman'})",
        hint="you may not use it yet: `sudo usermod -aG docker $USER` and a new login, or Podman, which needs no rights"
        if denied
        else _HINT,
    )


def _named(address: str) -> Engine:
    if not address.startswith(_LOCAL):
        raise UsageError(
            f"the container engine `{address}` may be another machine, where this project's folder cannot be mounted",
            hint="unset DOCKER_HOST and CONTAINER_HOST, or name a socket of this machine: unix:///run/docker.sock",
        )
    try:
        return _opened(address)
    except DockerException as error:
        raise ToolMissingError(f"no container engine answers at `{address}`: {_reason(error)}", hint=_HINT) from None


def _opened(address: str) -> Engine:
    client = docker.DockerClient(base_url=address, version="auto", timeout=_TIMEOUT)
    try:
        client.ping()
    except DockerException:
        client.close()
        raise
    return Engine(client)


def _usual(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the addresses of sockets that are there: where Docker and Podman have them, with and without root."""
    from docker.context import ContextAPI  # noqa: PLC0415 - slow to import

    current: Any = ContextAPI.get_current_context()
    if current is not None and str(current.Host).startswith(_LOCAL):
        yield str(current.Host)
    own = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    for place in ("/var/run/docker.sock", f"{own}/docker.sock", f"{own}/podman/podman.sock", "/run/podman/podman.sock"):
        if Path(place).exists():
            yield f"{_LOCAL}{place}"


def _reason(error: DockerException) -> str:
    text = str(error)
    for sign, said in (
        ("Permission denied", "permission denied"),
        ("PermissionError", "permission denied"),
        ("FileNotFoundError", "there is no such socket"),
        ("No such file", "there is no such socket"),
        ("ConnectionRefused", "nobody listens there"),
        ("Connection refused", "nobody listens there"),
    ):
        if sign in text:
            return said
    return text
