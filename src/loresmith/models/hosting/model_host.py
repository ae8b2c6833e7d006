"""The parent's side of a model's process: asks, hears, and notices when it is gone."""

from __future__ import annotations

import itertools
import math
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from loresmith.devices.threads import passive_environment
from loresmith.errors import ModelUnavailable, RateLimited
from loresmith.models.hosting.protocol import (
    TOLD,
    AddAdapter,
    Ask,
    Cancel,
    Command,
    DropAdapter,
    Failed,
    Finished,
    HostTask,
    Piece,
    Question,
    Ready,
    Told,
)

Listener = Callable[[Piece | Finished | Failed], None]
"""Hears pieces, then Finished or Failed; called from another thread, and must not block."""


class Ticket:
    """A question that is being answered."""

    def __init__(self, cancel: Callable[[], None]) -> None:
        self.cancel = cancel
        """Stops the answer; nothing more is heard of it."""


class ModelHost:
    """A process with one base model and its adapters. Thread-safe.

    Raises ModelUnavailable where the model cannot be loaded; a process that dies answers every
    open question with a Failed, and `alive` is False.
    """

    def __init__(self, task: HostTask, *, queue_limit: int = 64) -> None:
        self._queue_limit = queue_limit
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._listeners: dict[int, Callable[[Told], None]] = {}
        self._asked: dict[int, float] = {}
        self._seconds_a_reply = 2.0
        self._last_used = time.monotonic()
        self._closing = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the process)
        self.state: Ready | None = None
        self._child = subprocess.Popen(
            [sys.executable, "-W", "ignore::FutureWarning", "-c", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **passive_environment(), "PYTHONSAFEPATH": "1"},
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C reaches the parent only, which then closes the pipe
        )
        loaded: queue.SimpleQueue[Told] = queue.SimpleQueue()
        self._listeners[0] = loaded.put
        threading.Thread(target=self._hear, daemon=True).start()
        self._write(task.model_dump_json())
        self._expect_ready(loaded)
        del self._listeners[0]
        self._last_used = time.monotonic()

    @property
    def alive(self) -> bool:
        return not self._closing and self._child.poll() is None

    @property
    def memory(self) -> int:
        """Bytes of main memory that the process holds."""
        import psutil

        try:
            return int(psutil.Process(self._child.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            return 0

    @property
    def in_flight(self) -> int:
        """Questions that are being answered, or wait."""
        return len(self._asked)

    @property
    def idle_seconds(self) -> float:
        """Since the last reply ended; 0 while there is anything to answer."""
        return 0.0 if self._asked else time.monotonic() - self._last_used

    def ask(self, adapter: str, question: Question, listener: Listener) -> Ticket:
        """Has a question answered. Raises RateLimited when too many wait already."""
        number = next(self._numbers)
        with self._lock:
            if len(self._asked) >= self._queue_limit:
                raise RateLimited(
                    f"{len(self._asked)} questions are being answered or wait already",
                    retry_after=max(1.0, math.ceil(self._seconds_a_reply)),
                    hint="Ask again in a moment.",
                )
            self._asked[number] = time.monotonic()
            self._listeners[number] = self._until_ended(number, listener)
        self._send(Ask(id=number, adapter=adapter, question=question))
        return Ticket(lambda: self._cancel(number))

    def add_adapter(self, name: str, folder: Path) -> None:
        """Loads an adapter beside the others, and waits for it. Raises ModelUnavailable."""
        self._order(AddAdapter(id=next(self._numbers), name=name, folder=str(folder)))

    def drop_adapter(self, name: str) -> None:
        """Frees an adapter."""
        self._order(DropAdapter(id=next(self._numbers), name=name))

    def close(self) -> None:
        """Ends the process and waits until its memory is free."""
        self._closing = True
        self._child.kill()
        self._child.wait()

    def _order(self, command: AddAdapter | DropAdapter) -> None:
        heard: queue.SimpleQueue[Told] = queue.SimpleQueue()
        with self._lock:
            self._listeners[command.id] = heard.put
        self._send(command)
        self._expect_ready(heard)

    def _expect_ready(self, heard: queue.SimpleQueue[Told]) -> None:
        told = heard.get()
        if isinstance(told, Failed):
            raise told.error()
        assert isinstance(told, Ready)  # nothing else answers these commands
        self.state = told

    def _until_ended(self, number: int, listener: Listener) -> Callable[[Told], None]:
        def hear(told: Told) -> None:
            assert not isinstance(told, Ready)  # questions are not answered with it
            if not isinstance(told, Piece):
                self._forget(number)
            listener(told)

        return hear

    def _cancel(self, number: int) -> None:
        if self._forget(number):
            self._send(Cancel(id=number))

    def _forget(self, number: int) -> bool:
        with self._lock:
            self._listeners.pop(number, None)
            started = self._asked.pop(number, None)
            self._last_used = time.monotonic()
            if started is not None:
                self._seconds_a_reply += 0.2 * (self._last_used - started - self._seconds_a_reply)
        return started is not None

    def _send(self, command: Command) -> None:
        self._write(command.model_dump_json())

    def _write(self, line: str) -> None:
        """A process that is gone hears nothing: `_hear` tells those who wait for it."""
        assert self._child.stdin is not None  # a pipe was asked for
        try:
            with self._lock:
                self._child.stdin.write(line + "\n")
                self._child.stdin.flush()
        except (BrokenPipeError, ValueError):
            self._bury()

    def _hear(self) -> None:
        assert self._child.stdout is not None  # a pipe was asked for
        for line in self._child.stdout:
            told = TOLD.validate_json(line)
            listener = self._listeners.get(told.id)
            if listener is not None:
                listener(told)
        self._child.wait()
        self._bury()

    def _bury(self) -> None:
        """Tells everyone who still waits that the process is gone."""
        with self._lock:
            waiting = dict(self._listeners)
            self._listeners.clear()
            self._asked.clear()
        for number, listener in waiting.items():
            listener(Failed.of(self._last_words(), id=number))

    def _last_words(self) -> ModelUnavailable:
        code = self._child.wait()
        if code < 0:
            how = f"was ended by {signal.Signals(-code).name}"
        else:
            how = f"broke off (exit code {code}): {self._last_line()}"
        return ModelUnavailable(
            f"the model's process {how}",
            hint="Ask again to load it anew. If memory ran out: unload other models, or take a "
            "smaller one.",
        )

    def _last_line(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else "it said nothing"


_CHILD = "import sys; from loresmith.models.hosting.child import main; sys.exit(main())"
