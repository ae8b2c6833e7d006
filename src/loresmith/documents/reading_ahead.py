"""Reads several files at once, and hands them out in the order in which they were asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

ItemT = TypeVar("ItemT")
ReadT = TypeVar("ReadT")
_AHEAD = 3
"""Files in the making for each one that reads: results wait in memory for those before them."""
_LOOK_SECONDS = 0.2


def read_ahead(
    items: Iterable[ItemT],
    read: Callable[[ItemT], ReadT],
    *,
    at_once: int,
    check: Callable[[], None],
) -> Generator[ReadT, None, None]:
    """What `read` makes of each item, in their order, with `at_once` of them read at a time.

    `check` is called several times a second; what it raises ends the reading, and so does closing
    the iterator: no further file is begun then. `read` raises nothing but what ends all.
    """
    waiting = iter(items)
    executor = ThreadPoolExecutor(at_once, thread_name_prefix="reading")
    under_way: deque[Future[ReadT]] = deque()
    try:
        while True:
            for item in islice(waiting, _AHEAD * at_once - len(under_way)):
                under_way.append(executor.submit(read, item))
            if not under_way:
                return
            while not wait([under_way[0]], timeout=_LOOK_SECONDS).done:
                check()
            yield under_way.popleft().result()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
