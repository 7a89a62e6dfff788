"""How long is waited before a second try, and how URLs are shown: pure."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from xprov.net import Bounds, PassingError, shown, wait_before
from xprov.net.retry import retry_after
from xprov.net.shown import brief


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("http://me:s3cret@a.example.org:8080/x", "http://a.example.org:8080/x"),
        ("http://me:s3c@ret@a.example.org/x@y", "http://a.example.org/x@y"),
        ("http://me:s3cret@[::1/x", "[::1/x"),
        ("http://a.example.org/x", "http://a.example.org/x"),
        ("x", "x"),
    ],
)
def test_a_url_is_shown_without_its_login(url: str, seen: str) -> None:
    assert shown(url) == seen


def test_what_others_wrote_fits_on_a_screen_and_does_nothing_to_it() -> None:
    assert brief("gone\x1b[2J\r\nfor good") == "gone [2J  for good"
    assert len(shown("http://a.example.org/" + "x" * 100_000)) < 400


def test_a_pause_is_asked_for_in_seconds_or_by_a_date() -> None:
    soon = datetime.now(timezone.utc) + timedelta(seconds=60)

    assert retry_after("5") == 5.0
    assert 50 < retry_after(format_datetime(soon, usegmt=True)) <= 60
    assert retry_after(format_datetime(soon - timedelta(days=1), usegmt=True)) == 0.0
    for nothing in (None, "", "-1", "soon", "²", "9" * 5000):
        assert retry_after(nothing) == 0.0


def test_waits_are_spread_and_a_wish_of_the_server_is_obeyed_up_to_a_bound() -> None:
    bounds = Bounds(longest_wait=10)

    spread = {wait_before(4.0, PassingError("busy"), bounds) for _ in range(50)}

    assert len(spread) > 10
    assert all(3.0 <= wait <= 5.0 for wait in spread)
    assert wait_before(1.0, PassingError("busy", after=7.0), bounds) == 7.0
    assert wait_before(1.0, PassingError("busy", after=3600.0), bounds) == 10.0
