"""Why: Ctrl-C and a polite kill end a training after its step, with a checkpoint, not in it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from typing_extensions import Self

from loresmith.errors import JobCancelled


class Interrupts:
    """Within this, SIGINT and SIGTERM only make `wanted` true; a second one is not held back.

    In another thread than the main one signals stay as they are, and only `should_stop` counts.
    """

    def __init__(self, should_stop: Callable[[], bool] | None = None) -> None:
        self._should_stop = should_stop
        self._signalled = False
        self._at_once = False
        self._before: dict[int, Any] = {}

    @property
    def wanted(self) -> bool:
        """Whether the training is to end."""
        return self._signalled or (self._should_stop is not None and self._should_stop())

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Within this, a signal raises JobCancelled where the program is: for long work that
        leaves the training as it was."""
        before, self._at_once = self._at_once, True
        try:
            yield
        finally:
            self._at_once = before

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self._signalled and not self._at_once:
            raise KeyboardInterrupt
        self._signalled = True
        if self._at_once:
            raise JobCancelled("stopped by the user")
