"""What a server says of the part that it sends."""

import pytest

from xprov.archive.transfer import continues


@pytest.mark.parametrize(
    ("header", "size", "right"),
    [
        ("bytes 10-99/100", 100, True),
        ("bytes 10-99/*", 100, True),
        ("bytes 10-99/100", None, True),
        ("bytes 10-99/*", None, True),
        ("bytes 9-99/100", 100, False),
        ("bytes 10-98/100", 100, False),
        ("bytes 10-98/100", None, False),
        ("bytes 10-100/101", 100, False),
        ("bytes 10-9/100", None, False),
        ("bytes */100", 100, False),
        ("items 10-99/100", 100, False),
        ("bytes 10-99/100\n", 100, True),
        ("bytes \u0661\u0660-99/100", 100, False),
        ("", 100, False),
        (None, 100, False),
    ],
)
def test_a_part_follows_only_when_it_goes_on_where_asked_up_to_the_end(
    header: str | None, size: int | None, *, right: bool
) -> None:
    assert continues(header, 10, size) is right
