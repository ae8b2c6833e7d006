"""Shares out an endpoint among all models, threads and processes of this machine that use it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from loresmith.errors import StoreError
from loresmith.models.limits import Rates, SharedLimits
from loresmith.models.limits.finding import MOST, BestConcurrency

Limit = int | Literal["auto"]
_RENEWED_SECONDS = 0.25
"""How often it is settled with other processes who holds how much, while there is work."""
_LEFT_AFTER_SECONDS = 2.0
"""How long without a call this process keeps its place among them."""


class Endpoint:
    """The calls in flight at one base URL, and until when it asked to be left alone."""

    def __init__(self, url: str, shared: SharedLimits) -> None:
        self.rates = Rates(shared, url)
        self._url = url
        self._shared = shared
        self._lock = threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._in_flight = 0
        self._granted = 0
        self._limit = 1
        """The limit of the newest caller."""
        self._quiet_until = 0.0
        self._keeper: threading.Thread | None = None
        self._best = BestConcurrency()

    @contextmanager
    def slot(self, limit: Limit, *, gone: Callable[[], bool]) -> Iterator[None]:
        """Waits until fewer than `limit` calls are in flight and no pause is due, then counts one.

        Whoever came first goes first. Looks at `gone()` while it waits: once true, it waits no
        longer.
        """
        counted = self._enter(limit, gone)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= counted
                self._let_in()

    def concurrency(self, limit: Limit) -> int:
        """How many calls `limit` means by now."""
        return self._best.limit if limit == "auto" else limit

    def quiet(self, seconds: float) -> None:
        """Holds back every new call of this machine for so long."""
        with self._lock:
            self._quiet_until = max(self._quiet_until, time.monotonic() + seconds)
        self._with_others(lambda: self._shared.quiet(self._url, time.time() + seconds))

    def ended(self, seconds: float, tokens: int) -> None:
        """A call gave a reply; from this the best number of calls is found."""
        with self._lock:
            self._best.ended(seconds, tokens or 1, in_flight=self._in_flight)

    def hindered(self) -> None:
        """A call was refused for coming too soon, or ran out of time."""
        with self._lock:
            self._best.hindered()

    def _enter(self, limit: Limit, gone: Callable[[], bool]) -> int:
        with self._lock:
            self._limit = self.concurrency(limit)
            self._keep()
            waiting = _Waiting(self._limit)
            self._queue.append(waiting)
            self._let_in()
        while not waiting.admitted.wait(min(0.2, self._pause() or 0.2)):
            with self._lock:
                if waiting.admitted.is_set():
                    break
                if gone():
                    self._queue.remove(waiting)
                    return 0
                waiting.limit = self.concurrency(limit)
                self._let_in()
        return 1

    def _let_in(self) -> None:
        """Admits who waits, as far as there is room. The lock is held."""
        if self._pause() > 0:
            return
        while self._queue and self._in_flight < min(self._granted, self._queue[0].limit):
            self._in_flight += 1
            self._queue.popleft().admitted.set()

    def _pause(self) -> float:
        return max(0.0, self._quiet_until - time.monotonic())

    def _keep(self) -> None:
        """Sees to it that places are held while there are calls. The lock is held."""
        if self._keeper is not None:
            return
        self._renew()
        self._keeper = threading.Thread(target=self._keep_on, name="endpoint", daemon=True)
        self._keeper.start()

    def _keep_on(self) -> None:
        idle_since = time.monotonic()
        while True:
            time.sleep(_RENEWED_SECONDS)
            with self._lock:
                if self._in_flight or self._queue:
                    idle_since = time.monotonic()
                elif time.monotonic() - idle_since > _LEFT_AFTER_SECONDS:
                    self._granted = 0
                    self._keeper = None
                    self._with_others(lambda: self._shared.leave(self._url))
                    return
                self._renew()
                self._let_in()

    def _renew(self) -> None:
        """Settles with the other processes how many places are this one's. The lock is held."""
        limit = max([self._limit, *(one.limit for one in self._queue)])
        wanted = min(limit, self._in_flight + len(self._queue) + 1)
        self._granted = limit  # what holds where nothing can be settled

        def settle() -> None:
            held = self._shared.renew(
                self._url, in_flight=self._in_flight, wanted=wanted, limit=limit
            )
            self._granted = held.granted
            left = held.quiet_until - time.time()
            if left > 0:
                self._quiet_until = max(self._quiet_until, time.monotonic() + left)

        self._with_others(settle)

    def _with_others(self, settle: Callable[[], None]) -> None:
        """Where the shared file cannot be used, the limit holds in this process alone."""
        try:
            settle()
        except StoreError as error:
            logging.getLogger(__name__).warning(
                "%s; until then limits hold in each process alone. %s", error.message, error.hint
            )


class _Waiting:
    """A call that waits for its turn."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.admitted = threading.Event()


_known: dict[tuple[Path, str], Endpoint] = {}
_known_lock = threading.Lock()


def endpoint(url: str, home: Path) -> Endpoint:
    """The one endpoint of this process at `url`; its limits are shared by those of one `home`."""
    key = home, url.rstrip("/").casefold()
    with _known_lock:
        if key not in _known:
            _known[key] = Endpoint(key[1], SharedLimits(home / "limits.sqlite"))
        return _known[key]


__all__ = ["MOST", "Endpoint", "Limit", "endpoint"]
