"""Shares out an endpoint among all models and threads of this process that use it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Endpoint:
    """How many calls are in flight at one base URL, and until when it asked to be left alone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._in_flight = 0
        self._quiet_until = 0.0

    @contextmanager
    def slot(self, limit: int, *, gone: Callable[[], bool]) -> Iterator[None]:
        """Waits until fewer than `limit` calls are in flight and no pause is due, then counts one.

        Looks at `gone()` while it waits: once true, it waits no longer.
        """
        with self._changed:
            while not gone() and (self._in_flight >= limit or self._pause() > 0):
                self._changed.wait(min(0.5, self._pause() or 0.5))
            self._in_flight += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def quiet(self, seconds: float) -> None:
        """Holds back every new call for so long."""
        with self._changed:
            self._quiet_until = max(self._quiet_until, time.monotonic() + seconds)

    def _pause(self) -> float:
        return max(0.0, self._quiet_until - time.monotonic())


_known: dict[str, Endpoint] = {}
_known_lock = threading.Lock()


def endpoint(url: str) -> Endpoint:
    """The one endpoint of this process at `url`."""
    with _known_lock:
        return _known.setdefault(url.rstrip("/").casefold(), Endpoint())
