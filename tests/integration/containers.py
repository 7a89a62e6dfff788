"""Containers that tests run scripts in: output kept apart, network as this machine has it, removed whatever happens."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import docker
from docker.models.containers import Container

LABEL = "xprov.test"
"""Every container and image of these tests carries it: `docker ps --filter label=xprov.test`."""

Mounts = Mapping[Path, str]
"""A path of this machine to its place in the container, which may end with `:ro`."""

# A build that says nothing for a minute is no dead engine; the limit that counts is the script's own.
_ENGINE_TIMEOUT = 3600
_SCRIPT_TIMEOUT = 1500

# Where a container finds the certificates that this machine trusts, and who looks for them under which name.
_BUNDLE = "/run/xprov-test/certificates.pem"
_BUNDLE_NAMES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE", "CARGO_HTTP_CAINFO")
_PROXY_NAMES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A script that has ended: its exit status, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str

    def expect(self, returncode: int = 0) -> "Finished":
        """Return itself when the script ended with `returncode`; an AssertionError shows all it wrote otherwise."""
        if self.returncode == returncode:
            return self
        raise AssertionError(
            f"ended with status {self.returncode}, not {returncode}\n"
            f"--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A container that is up; each script is a new process in it, what they leave on disk stays."""

    container: Container
    env: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        script: str,
        *,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        timeout: int = _SCRIPT_TIMEOUT,
    ) -> Finished:
        """Run `script` with bash; after `timeout` seconds it is ended, with status 124."""
        result = self.container.exec_run(
            ["timeout", "--kill-after=10", str(timeout), "bash", "-c", script],
            environment={**self.env, **(env or {})},
            workdir=workdir,
            demux=True,
        )
        # With `demux` the output is a pair of bytes, each None when nothing was written; the stubs know no `demux`.
        stdout, stderr = cast("tuple[bytes | None, bytes | None]", result.output)
        assert result.exit_code is not None, "the engine says how a script ended"
        return Finished(returncode=result.exit_code, stdout=_text(stdout), stderr=_text(stderr))


@contextmanager
def engine() -> Iterator[docker.DockerClient]:
    """Connect to the Docker engine that this machine's environment names."""
    client = docker.from_env(timeout=_ENGINE_TIMEOUT)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def started(
    image: str, *, mounts: Mounts | None = None, env: Mapping[str, str] | None = None, workdir: str | None = None
) -> Iterator[Box]:
    """Start a container of `image` that waits for scripts; it is gone afterwards."""
    outside = _network_mounts()
    with engine() as client:
        container = client.containers.run(
            image,
            ["sleep", "infinity"],
            detach=True,
            init=True,
            labels=[LABEL],
            volumes=_volumes({**outside, **(mounts or {})}),
            working_dir=workdir,
        )
        try:
            yield Box(container=container, env={**_network_variables(outside), **(env or {})})
        finally:
            container.remove(force=True, v=True)


def run_in(
    image: str,
    script: str,
    *,
    mounts: Mounts | None = None,
    env: Mapping[str, str] | None = None,
    timeout: int = _SCRIPT_TIMEOUT,
) -> Finished:
    """Run one bash script in a container of its own."""
    with started(image, mounts=mounts, env=env) as box:
        return box.run(script, timeout=timeout)


def _volumes(mounts: Mounts) -> list[str]:
    return [f"{source.resolve()}:{place}" for source, place in mounts.items()]


def _network_mounts() -> dict[Path, str]:
    """Mount the bundle of certificates that this machine was told to trust, if it was told."""
    named = (os.environ.get(name) for name in _BUNDLE_NAMES)
    found = next((Path(name) for name in named if name and Path(name).is_file()), None)
    return {found: f"{_BUNDLE}:ro"} if found else {}


def _network_variables(mounts: Mounts) -> dict[str, str]:
    proxies = {name: os.environ[name] for name in _PROXY_NAMES if name in os.environ}
    return {**proxies, **dict.fromkeys(_BUNDLE_NAMES if mounts else (), _BUNDLE)}


def _text(part: bytes | None) -> str:
    return (part or b"").decode(errors="replace")
