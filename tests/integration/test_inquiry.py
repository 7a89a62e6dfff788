"""Programs are asked about this machine while xprov does something else."""

import os
import platform
import time
from pathlib import Path

import pytest

from xprov.errors import UsageError
from xprov.host import inspect_host
from xprov.inquiry import inquire
from xprov.target import find_target

ARMHF = find_target("armhf")
VARIABLE = "CC_armv7_unknown_linux_gnueabihf"


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_it_is_told_what_asking_one_after_the_other_tells() -> None:
    with inquire(find_target(platform.machine()), os.environ, zig=False) as inquiry:
        host, toolchain = inquiry.host(), inquiry.toolchain()

    assert host == inspect_host(os.environ)
    assert toolchain is None or toolchain.cc.is_file()


def test_one_compiler_is_asked_ahead_and_the_next_when_that_does_not_fit(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    first = script(tmp_path / "first", f"echo first >> {asked}")
    second = script(tmp_path / "second", f"echo second >> {asked}")

    with inquire(ARMHF, {"PATH": "", VARIABLE: first, "TARGET_CC": second}, zig=False) as inquiry:
        deadline = time.monotonic() + 30
        while (not asked.exists() or asked.read_text().count("\n") < 2) and time.monotonic() < deadline:
            time.sleep(0.01)
        ahead = set(asked.read_text().split())
        found = inquiry.toolchain()

    assert ahead == {"first"}
    assert set(asked.read_text().split()) == {"first", "second"}
    assert found is None


def test_no_compiler_is_asked_for_zig(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    compiler = script(tmp_path / "compiler", f"echo compiler >> {asked}")

    with inquire(ARMHF, {"PATH": "", VARIABLE: compiler}, zig=True) as inquiry:
        found = inquiry.toolchain()

    assert found is None
    assert not asked.exists()


def test_what_is_still_asked_when_something_fails_is_ended(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pids")
    compiler = script(tmp_path / "compiler", f"echo $$ > {tmp_path}/pids; exec sleep 60")
    pids: set[str] = set()

    def fail() -> None:
        with inquire(ARMHF, {"PATH": "", VARIABLE: compiler}, zig=False):
            while len(pids) < 2:
                pids.update((tmp_path / "pids").read_text().split())
            raise UsageError("wrong")

    with pytest.raises(UsageError):
        fail()

    assert [pid for pid in pids if Path("/proc", pid).exists()] == []
