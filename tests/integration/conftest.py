"""Fixtures for tests that meet the real thing; what they do stands in the modules beside."""

import functools
from typing import Protocol

import pytest
from tests.integration import images
from tests.integration.images import Say


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
