"""Guessing passwords is slow: after a few wrong ones the next try has to wait, longer each time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from loresmith.workspace.accounts.errors import TooManyAttempts


class _Limit(NamedTuple):
    free: int
    """Tries that need not wait."""
    longest: float
    """Longest pause, in seconds."""


_ADDRESS = _Limit(free=5, longest=15 * 60.0)
_NAME = _Limit(free=10, longest=60.0)
"""Guesses from many addresses at one name; shorter, or anybody could lock its owner out."""
_FORGOTTEN_AFTER = 3600.0
_MOST_REMEMBERED = 10_000


class _Tries(NamedTuple):
    made: int
    last: float


class Attempts:
    """Logins that failed or are under way, in memory. Safe to use from several threads.

    `clock` tells seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tries: dict[tuple[str, _Limit], _Tries] = {}

    def begin(self, *, name: str, address: str) -> None:
        """Counts a login before its password is looked at; raises TooManyAttempts."""
        keys = ((name, _NAME), (address, _ADDRESS))
        with self._lock:
            now = self._clock()
            pause = max(self._pause(key, now) for key in keys)
            if pause > 0:
                raise TooManyAttempts(
                    "too many wrong passwords",
                    retry_after=pause,
                    hint=f"Try again in {max(1, round(pause))} seconds.",
                )
            self._forget_old(now)
            for key in keys:
                known = self._tries.get(key)
                self._tries[key] = _Tries(1 if known is None else known.made + 1, now)

    def succeeded(self, *, name: str, address: str) -> None:
        """Begins the count anew."""
        with self._lock:
            self._tries.pop((name, _NAME), None)
            self._tries.pop((address, _ADDRESS), None)

    def _pause(self, key: tuple[str, _Limit], now: float) -> float:
        """Seconds to wait: 2, 4, 8, ... after each try beyond the free ones."""
        known, limit = self._tries.get(key), key[1]
        if known is None or known.made < limit.free:
            return 0.0
        pause = min(limit.longest, 2.0 ** min(known.made - limit.free + 1, 20))
        return known.last + pause - now

    def _forget_old(self, now: float) -> None:
        for key in [key for key, tries in self._tries.items() if _is_old(tries, now)]:
            del self._tries[key]
        while len(self._tries) >= _MOST_REMEMBERED:
            del self._tries[next(iter(self._tries))]


def _is_old(tries: _Tries, now: float) -> bool:
    return now - tries.last > _FORGOTTEN_AFTER
