"""Unit tests are offline and alone by construction: no socket opens, no program starts."""

import socket
import subprocess
from typing import NoReturn

import pytest


def _refuse(*_arguments: object, **_options: object) -> NoReturn:
    pytest.fail("a unit test reached outside: it opened a socket or started a program")


def _refuse_connection(connecting: socket.socket, *_arguments: object) -> NoReturn:
    # A thread that another test has left is refused too, and nothing else closes what it tried to connect.
    connecting.close()
    _refuse()


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _refuse_connection)
    monkeypatch.setattr(subprocess.Popen, "__init__", _refuse)
