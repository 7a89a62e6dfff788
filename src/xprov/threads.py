"""Work side by side, as far as threads can be had: a container may allow few of them, or none (`--pids-limit`)."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Item = TypeVar("Item")
Result = TypeVar("Result")


def start(work: Callable[[], None]) -> threading.Thread | None:
    """Return a thread that does `work`, or None where none can be had. It does not keep the process alive."""
    thread = threading.Thread(target=work, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread


def each(work: Callable[[Item], Result], items: Iterable[Item], *, at_once: int) -> list[Result]:
    """Return what `work` makes of each of `items`, in their order. Raises the first that it raises."""
    open_items = deque(enumerate(items))
    results: dict[int, Result] = {}
    failures: list[BaseException] = []

    def serve() -> None:
        while True:
            try:
                number, item = open_items.popleft()
            except IndexError:
                return
            try:
                results[number] = work(item)
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
                failures.append(error)
                open_items.clear()

    # The one who waits works too.
    threads = [start(serve) for _ in range(min(at_once, len(open_items)) - 1)]
    serve()
    for thread in threads:
        if thread is not None:
            thread.join()
    if failures:
        raise failures[0]
    return [results[number] for number in sorted(results)]
