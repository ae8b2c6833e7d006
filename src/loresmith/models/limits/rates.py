"""Keeps calls to an endpoint within so many requests and so many tokens a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from loresmith.models.limits.shared import Rate, SharedLimits

_LONGEST_NAP = 0.5


class Rates:
    """The rates of one endpoint, kept together with the other processes of this machine."""

    def __init__(self, shared: SharedLimits, endpoint: str) -> None:
        self._shared = shared
        self._endpoint = endpoint
        self._gate = threading.Lock()

    def wait(
        self,
        *,
        requests: int | None,
        tokens: int | None,
        expected: int,
        gone: Callable[[], bool],
    ) -> None:
        """Waits until one more request of `expected` tokens fits both rates (None is no rate)."""
        if requests is None and tokens is None:
            return
        one = Rate(1, requests) if requests is not None else None
        many = Rate(expected, tokens) if tokens is not None else None
        with self._gate:  # one waits for all that come after it
            while not gone():
                pause = self._shared.take(self._endpoint, requests=one, tokens=many)
                if not pause:
                    return
                time.sleep(min(pause, _LONGEST_NAP))

    def settle(self, *, tokens: int | None, expected: int, used: int) -> None:
        """Says how many tokens a call really used."""
        if tokens is not None and used != expected:
            self._shared.correct_tokens(self._endpoint, Rate(used - expected, tokens).seconds)
