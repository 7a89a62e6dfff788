"""What `xprov check-wheel` makes of real wheels, held against `auditwheel show` on the same files."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.integration.pypi import wheel

from xprov.wheel.bundle import Bundle
from xprov.wheel.contents import read_contents
from xprov.wheel.examine import check_elves
from xprov.wheel.finding import Severity
from xprov.wheel.names import Family, Platform, parse_wheel_name
from xprov.wheel.policies import policies

pytestmark = pytest.mark.archive

WHEELS = (
    "cryptography-46.0.3-cp311-abi3-manylinux_2_28_armv7l.manylinux_2_31_armv7l.whl",
    "cryptography-46.0.3-cp311-abi3-manylinux_2_34_aarch64.whl",
    "cryptography-46.0.3-cp311-abi3-manylinux_2_34_ppc64le.whl",
    "cryptography-46.0.3-cp311-abi3-manylinux_2_34_x86_64.whl",
    "lxml-6.0.2-cp311-cp311-manylinux_2_26_aarch64.manylinux_2_28_aarch64.whl",
    "lxml-6.0.2-cp311-cp311-manylinux_2_26_i686.manylinux_2_28_i686.whl",
    "lxml-6.0.2-cp311-cp311-manylinux_2_31_armv7l.whl",
    "numpy-2.3.4-cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl",
    "numpy-2.3.4-cp311-cp311-musllinux_1_2_x86_64.whl",
    "pydantic_core-2.41.5-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
    "pydantic_core-2.41.5-cp311-cp311-manylinux_2_17_armv7l.manylinux2014_armv7l.whl",
    "pydantic_core-2.41.5-cp311-cp311-manylinux_2_17_ppc64le.manylinux2014_ppc64le.whl",
    "pydantic_core-2.41.5-cp311-cp311-manylinux_2_17_s390x.manylinux2014_s390x.whl",
    "pydantic_core-2.41.5-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "pydantic_core-2.41.5-cp311-cp311-manylinux_2_5_i686.manylinux1_i686.whl",
    "pydantic_core-2.41.5-cp311-cp311-musllinux_1_1_armv7l.whl",
    "pygame_ce-2.5.6-cp311-cp311-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
    "python_rtmidi-1.5.8-cp311-cp311-manylinux_2_28_aarch64.whl",
)

# Where the two differ: what auditwheel says (None: it fails), what xprov does, and why xprov is right.
EXPLAINED = {
    "pydantic_core-2.41.5-cp311-cp311-musllinux_1_1_armv7l.whl": (
        None,
        "musllinux_1_1",
        # auditwheel finds the linker script of libc6-dev on the machine that it runs on, and ends with an ELFError.
        "it needs `libc.so`, which musl's loader answers itself",
    ),
}


@pytest.fixture(scope="module")
def shown() -> dict[str, str | None]:
    """Return by wheel the tag that auditwheel finds it consistent with, without the machine; None where it fails."""
    paths = [wheel(file) for file in WHEELS]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(WHEELS, pool.map(_show, paths), strict=True))


def _show(path: Path) -> str | None:
    command = [sys.executable, "-m", "auditwheel", "show", "--json", str(path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        return None
    said: dict[str, Any] = json.loads(done.stdout)
    machine = parse_wheel_name(path.name).promises[0].machine
    return str(said["overall_tag"]).removesuffix(f"_{machine}")


def _lowest(path: Path) -> str:
    """Return the lowest tag, without the machine, under which xprov finds no error in the ELF files of a wheel."""
    bundle, name = Bundle(read_contents(path).elves), parse_wheel_name(path.name)
    for tag in _tags(name.promises[0]):
        tags = tuple(replace(each, platform=f"{tag}_{name.promises[0].machine}") for each in name.tags)
        found = check_elves(bundle, replace(name, tags=tags), [])
        if not any(finding.severity is Severity.ERROR for finding in found):
            return tag
    return "linux"


def _tags(platform: Platform) -> Iterator[str]:
    """Yield the tags to try, the lowest first. Of musl's auditwheel takes the wheel's own or the oldest."""
    family = Family.MUSLLINUX if platform.family is Family.MUSLLINUX else Family.MANYLINUX
    for policy in policies(family, platform.machine or ""):
        if family is Family.MANYLINUX or platform.tag.startswith(policy.name):
            yield policy.name


@pytest.mark.parametrize("file", WHEELS)
def test_the_lowest_tag_is_the_one_that_auditwheel_finds(file: str, shown: dict[str, str | None]) -> None:
    ours = _lowest(wheel(file))

    if file in EXPLAINED:
        theirs, expected, _why = EXPLAINED[file]
        assert (shown[file], ours) == (theirs, expected)
    else:
        assert ours == shown[file]
