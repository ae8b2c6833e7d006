"""Finds by itself how many calls at once an endpoint serves best.

It doubles while that pays, as TCP's slow start does; throughput that grew by less than a quarter
says that the pipe is full (the rule by which BBR leaves its start-up: Cardwell and others, "BBR:
Congestion-Based Congestion Control", ACM Queue 14(5), 2016). From then on it adds a little as long
as that pays and takes a step back where it does not, and at a refusal (429) or a time-out it goes
down by three tenths: additive increase, multiplicative decrease (Chiu and Jain, 1989).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

FIRST = 4
MOST = 512
_PAYS = 1.25
_PAYS_LITTLE = 1.02
_LESS = 0.7
_SHORTEST_WINDOW = 1.0
_REST_WINDOWS = 8
"""Windows between two trials of a higher limit, once one did not pay."""


class BestConcurrency:
    """The limit that is right by now, from what calls told. Not safe for threads by itself."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = FIRST
        self._clock = clock
        self._starting = True
        self._best = 0.0
        """Tokens (or calls) a second at the limit before this one."""
        self._before = FIRST
        self._rest = 0
        self._ignored_until = 0.0
        self._began = clock()
        self._calls = self._most = 0
        self._amount = self._seconds = 0.0

    def ended(self, seconds: float, amount: float, *, in_flight: int) -> None:
        """A call gave a reply after `seconds`: `amount` of whatever throughput is counted in."""
        self._calls += 1
        self._amount += amount
        self._seconds += seconds
        self._most = max(self._most, in_flight)
        now = self._clock()
        window = max(_SHORTEST_WINDOW, 2.0 * self._seconds / self._calls)
        if self._calls >= self.limit and now - self._began >= window:
            self._judge(self._amount / (now - self._began))
            self._open_window()

    def hindered(self, seconds: float = 1.0) -> None:
        """A call was refused for coming too soon, or ran out of time.

        All calls that were in flight with it say so too: within `seconds` it counts once.
        """
        now = self._clock()
        if now < self._ignored_until:
            return
        self._ignored_until = now + seconds
        self._starting = False
        self._rest = _REST_WINDOWS
        self.limit = self._before = max(1, math.floor(self.limit * _LESS))
        self._best = 0.0
        self._open_window()

    def _judge(self, throughput: float) -> None:
        if self._most < self.limit:
            return  # there was not enough to do to learn anything
        raised = self.limit > self._before
        pays = throughput >= self._best * (_PAYS if self._starting else _PAYS_LITTLE)
        if raised and not pays:
            self.limit, self._starting, self._rest = self._before, False, _REST_WINDOWS
            return
        self._best = throughput
        self._before = self.limit
        if self._rest:
            self._rest -= 1
            return
        step = self.limit if self._starting else max(1, math.isqrt(self.limit))
        self.limit = min(MOST, self.limit + step)

    def _open_window(self) -> None:
        self._began = self._clock()
        self._calls = self._most = 0
        self._amount = self._seconds = 0.0
