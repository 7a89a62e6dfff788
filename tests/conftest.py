"""What every test may ask for: capabilities of the machine, by marker.

A test that needs Docker, QEMU, root or the archive says so by a marker. Where the machine lacks it the test is
skipped with the reason; with XPROV_TESTS_REQUIRE=1, as in CI, it fails instead.
"""

import os
import shutil
import signal
import socket
from collections.abc import Callable

import pytest

REQUIRE = "XPROV_TESTS_REQUIRE"

# A shell has its background jobs ignore SIGINT, and whatever those start: nothing could be interrupted by a test then.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _docker() -> str | None:
    import docker  # noqa: PLC0415 - slow, and only for those who ask
    from docker.errors import DockerException  # noqa: PLC0415

    try:
        client = docker.from_env()
        client.ping()
    except DockerException as error:
        return f"no Docker engine answers: {error}"
    client.close()
    return None


def _qemu() -> str | None:
    return None if shutil.which("qemu-arm-static") else "qemu-arm-static is not installed (qemu-user-static)"


def _root() -> str | None:
    return None if os.geteuid() == 0 else "not root"


def _archive() -> str | None:
    from urllib.parse import urlsplit  # noqa: PLC0415

    from tests.mirror import MirrorError, find_mirror  # noqa: PLC0415

    if shutil.which("apt-get") is None:
        return "no apt on this machine, so no archive is configured"
    try:
        parts = urlsplit(find_mirror().archive)
    except MirrorError as error:
        return str(error)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 80), timeout=10).close()
    except OSError as error:
        return f"the archive {parts.hostname} does not answer: {error}"
    return None


CAPABILITIES: dict[str, Callable[[], str | None]] = {
    "archive": _archive,
    "docker": _docker,
    "qemu": _qemu,
    "root": _root,
}

_answers: dict[str, str | None] = {}


def lacking(capability: str) -> str | None:
    """Return why this machine lacks `capability`, or None when it has it. Asked once per run."""
    if capability not in _answers:
        _answers[capability] = CAPABILITIES[capability]()
    return _answers[capability]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for capability in CAPABILITIES:
        if item.get_closest_marker(capability) is None:
            continue
        reason = lacking(capability)
        if reason is None:
            continue
        if os.environ.get(REQUIRE):
            pytest.fail(f"{REQUIRE} is set and {capability} is missing: {reason}", pytrace=False)
        pytest.skip(reason)
