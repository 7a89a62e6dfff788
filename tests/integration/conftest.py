"""Fixtures for tests that meet the real thing; what they do stands in the modules beside."""

import functools
from pathlib import Path
from typing import Protocol

import pytest
from tests.integration import images
from tests.integration.action import Job, Shared
from tests.integration.foreign import ForeignPython, unpack_python
from tests.integration.images import Say
from tests.integration.wheelhouse import fill_wheelhouse

from xprov.target import find_target

CRATES = Path(__file__).parent / "crates"


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> Say:
    """Show a line of progress at once, also while pytest keeps back what a test prints."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def write(line: str) -> None:
        if capture is None:
            images.say_on_stderr(line)
            return
        with capture.global_and_fixture_disabled():
            images.say_on_stderr(line)

    return write


class BareImage(Protocol):
    """`images.bare_image` that says what goes on through `say`."""

    def __call__(self, suite: str, *, updates: bool = False) -> str: ...


class CrossImage(Protocol):
    """`images.plain_image` or `images.manylinux_image` that says what goes on through `say`."""

    def __call__(self, target: str) -> str: ...


@pytest.fixture(scope="session")
def bare_image(say: Say) -> BareImage:
    """Return a function: `bare_image("bookworm")` is the tag of an image of that suite with apt and little more."""
    return functools.partial(images.bare_image, say=say)


@pytest.fixture(scope="session")
def plain_image(say: Say) -> CrossImage:
    """Return a function: `plain_image("armhf")` is the tag of a Debian user's image with a cross gcc and Rust."""
    return functools.partial(images.plain_image, say=say)


@pytest.fixture(scope="session")
def manylinux_image(say: Say) -> CrossImage:
    """Return a function: `manylinux_image("armhf")` is the tag of an image shaped like manylinux-cross."""
    return functools.partial(images.manylinux_image, say=say)


class RpmImage(Protocol):
    """`images.rpm_image` that says what goes on through `say`."""

    def __call__(self) -> str: ...


@pytest.fixture(scope="session")
def rpm_image(say: Say) -> RpmImage:
    """Return a function: `rpm_image()` is the tag of an image of a system of rpm, whose one repository has alsa."""
    return functools.partial(images.rpm_image, say=say)


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory, say: Say) -> Path:
    """Return a folder with the wheels of xprov, as the checkout is now, and of all it depends on."""
    say("a wheelhouse: xprov and what it depends on")
    return fill_wheelhouse(tmp_path_factory.mktemp("wheelhouse"))


@pytest.fixture(scope="session")
def shared(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Return the folders that all jobs use. Downloads and zig's own are for all runs, what cargo compiles for one."""
    homes = [images.cache_folder() / name for name in ("cargo", "zig")]
    for folder in homes:
        folder.mkdir(exist_ok=True)
    cargo_home, zig_cache = homes
    target = tmp_path_factory.mktemp("cargo-target")
    return Shared(wheelhouse=wheelhouse, cargo_home=cargo_home, cargo_target=target, zig_cache=zig_cache)


class UnpackPython(Protocol):
    """Unpack the Python of a suite, unasked that of the target's images, for a target, once."""

    def __call__(self, target: str, suite: str | None = None) -> ForeignPython: ...


@pytest.fixture(scope="session")
def foreign_python(tmp_path_factory: pytest.TempPathFactory) -> UnpackPython:
    """Return a function: `foreign_python("armhf", "bullseye")` is that suite's Python of that target, run by QEMU."""

    @functools.cache
    def unpack(target: str, suite: str) -> ForeignPython:
        found = find_target(target)
        return unpack_python(found, tmp_path_factory.mktemp(f"{suite}-{found.debian}") / "root", suite=suite)

    def unpack_that_of(target: str, suite: str | None = None) -> ForeignPython:
        return unpack(target, suite or images.HOST_SUITES[target])

    return unpack_that_of


class StartJob(Protocol):
    """Set up a job that builds one of the fixture crates for a target in an image."""

    def __call__(self, image: str, target: str, *, crate: str = "sound-and-bus") -> Job: ...


@pytest.fixture
def start_job(tmp_path: Path, shared: Shared) -> StartJob:
    """Return a function: `start_job(plain_image("armhf"), "armhf")` is a runner's job with the crate checked out."""

    def start(image: str, target: str, *, crate: str = "sound-and-bus") -> Job:
        found = find_target(target)
        job = Job(image=image, target=found, folder=tmp_path, shared=shared)
        job.check_out(CRATES / crate)
        return job

    return start
