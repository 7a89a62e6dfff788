"""Fixtures for tests that meet the real thing; what they do stands in the modules beside."""

from collections.abc import Callable

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


@pytest.fixture(scope="session")
def bare_image(say: Say) -> Callable[[str], str]:
    """`bare_image("bookworm")`: the tag of an image of that Debian suite with apt and nothing more."""
    return lambda suite: images.bare_image(suite, say=say)
