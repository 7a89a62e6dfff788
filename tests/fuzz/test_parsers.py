"""Bytes that others have made: whatever they are, there is a value or an `XprovError`, and nothing else.

A small part of what `tests/fuzz/run.py` tries for as long as one likes; the same inputs in each run.
"""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz.targets import TARGETS, WORDS, seeds

EXAMPLES = 150
GATE = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@st.composite
def changed(draw: st.DrawFn, sound: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """Return a sound input with a few bytes replaced, put in, taken out or said twice."""
    data = bytearray(draw(st.sampled_from(sound)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.sampled_from((0, 1, 1, 4, 12, 60, 512))))
        fresh = draw(st.one_of(st.sampled_from(words), st.binary(max_size=12), st.just(bytes(data[at:end]) * 2)))
        data[at:end] = fresh
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_sound_input_is_taken_and_changed_input_ends_as_a_value_or_an_error_of_ours(name: str) -> None:
    @GATE
    @given(st.one_of(changed(seeds(name), WORDS[name]), st.binary(max_size=400)))
    def try_one(data: bytes) -> None:
        TARGETS[name](data)

    for sound in seeds(name):
        TARGETS[name](sound)
    try_one()
