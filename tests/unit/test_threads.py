"""Work side by side."""

import threading

import pytest

from xprov.threads import each


def test_results_come_in_the_order_of_what_they_are_of() -> None:
    assert each(lambda number: number * 2, range(100), at_once=8) == list(range(0, 200, 2))
    assert each(str, [], at_once=8) == []


def test_work_is_done_side_by_side() -> None:
    together = threading.Barrier(4)

    assert len(each(lambda _number: together.wait(10), range(4), at_once=4)) == 4


def test_the_first_failure_is_raised_and_ends_the_work() -> None:
    done: list[int] = []

    def fail(number: int) -> None:
        if number == 3:
            raise ValueError(number)
        done.append(number)

    with pytest.raises(ValueError, match="3"):
        each(fail, range(100), at_once=1)

    assert done == [0, 1, 2]


def test_without_threads_the_work_is_done_all_the_same() -> None:
    before = threading.stack_size()
    # No thread gets a stack of so many bytes: as where a container allows no more of them.
    threading.stack_size(1 << 46)
    try:
        assert each(str, range(10), at_once=8) == [str(number) for number in range(10)]
    finally:
        threading.stack_size(before)
