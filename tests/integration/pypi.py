"""Real wheels from PyPI, each downloaded once for all runs."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.images import cache_folder


def wheel(file: str) -> Path:
    """Return the wheel that is called `file`, as PyPI has it. Skips the test where PyPI cannot be reached."""
    folder = cache_folder() / "wheels"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / file).exists():
            _download(file, folder)
    return folder / file


def _download(file: str, folder: Path) -> None:
    name, version, python, abi, platforms = file.removesuffix(".whl").split("-")
    options = [f"--platform={platform}" for platform in platforms.split(".") if platform != "any"]
    if options:
        options += [f"--abi={abi}", f"--implementation={python[:2]}", f"--python-version={python[2:]}"]
    words = ["download", "--quiet", "--no-deps", "--only-binary=:all:", f"--dest={folder}", *options]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, f"{name}=={version}"],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if (folder / file).exists():
        return
    if os.environ.get("XPROV_TESTS_REQUIRE"):
        pytest.fail(f"XPROV_TESTS_REQUIRE is set and {file} cannot be had: {done.stderr}", pytrace=False)
    pytest.skip(f"{file} cannot be had: {done.stderr}")
