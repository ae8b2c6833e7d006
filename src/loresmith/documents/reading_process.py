"""Reads a file in a process of its own, within limits of time and memory.

Processes stay warm for the next file of whichever thread. Each ends by itself when this process is
gone or has no work for it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO

from typing_extensions import Self

from loresmith.documents.reading_task import ReadingAnswer, ReadingTask
from loresmith.errors import DocumentError, JobCancelled, NoTextLayerError
from loresmith.records import Document


class ReadingProcesses:
    """Processes that read for one caller. Leaving the block ends those that are still at work."""

    def __init__(self) -> None:
        self._at_work: set[_Process] = set()
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with _lock:
            self._ended = True
            at_work = list(self._at_work)
        for process in at_work:
            process.kill()

    def read(self, task: ReadingTask) -> Document:
        """The document of `task`. Raises as `answer` does."""
        document = self.answer(task).document
        assert document is not None  # what a task of this kind is answered with
        return document

    def answer(self, task: ReadingTask) -> ReadingAnswer:
        """The answer to `task`, as any thread may ask for it. Raises DocumentError, also for a
        file that took too long, wanted too much memory or ended the process that read it; and
        JobCancelled where the block was left meanwhile."""
        process = self._taken()
        answer = self._ask(process, task)
        if answer is None and process.had_left():
            process = self._taken()
            answer = self._ask(process, task)
        if answer is None:
            raise process.failure(task)
        if answer.out_of_memory:
            raise DocumentError(
                f"{task.name} needs more than {task.max_memory:,} bytes of memory to be read",
                hint="If you trust the file, raise documents.max_memory; or split it.",
            )
        if process.can_go_on():
            with _lock:
                _idle.append(process)
        if answer.message and answer.pages:
            raise NoTextLayerError(answer.message, pages=answer.pages, hint=answer.hint)
        if answer.message:
            raise DocumentError(answer.message, hint=answer.hint)
        return answer

    def _taken(self) -> _Process:
        """A process that waits for work, or a new one."""
        with _lock:
            if self._ended:
                raise JobCancelled("the reading was stopped")
            while _idle and not _idle[-1].is_running():
                _idle.pop()
            process = _idle.pop() if _idle else _Process()
            self._at_work.add(process)
            return process

    def _ask(self, process: _Process, task: ReadingTask) -> ReadingAnswer | None:
        try:
            answer = process.ask(task)
        except BaseException:
            process.kill()  # Ctrl-C: nobody waits for its answer any more
            raise
        finally:
            with _lock:
                self._at_work.discard(process)
        if self._ended:
            raise JobCancelled("the reading was stopped")
        return answer


class _Process:
    """One process that reads, as who asks it sees it."""

    def __init__(self) -> None:
        self._errors: IO[bytes] = TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "loresmith.documents.reading_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONSAFEPATH": "1", "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        self._late = False

    def ask(self, task: ReadingTask) -> ReadingAnswer | None:
        """The answer; None where the process ended before it could give one."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._late = False
        try:
            self._process.stdin.write(task.model_dump_json() + "\n")
            self._process.stdin.flush()
        except OSError:
            self._wait()
            return None
        timer = threading.Timer(task.max_seconds, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if not line.endswith("\n"):
            self._wait()
            return None
        return ReadingAnswer.model_validate_json(line)

    def had_left(self) -> bool:
        """Whether it ended by itself, for want of work, just before it was asked."""
        return self._process.returncode == 0 and not self._late

    def failure(self, task: ReadingTask) -> DocumentError:
        """Why there is no answer."""
        if self._late or -self._process.returncode == getattr(signal, "SIGALRM", None):
            return DocumentError(
                f"{task.name} took longer than {task.max_seconds:g} seconds to read",
                hint="If you trust the file, raise documents.max_seconds; or split it.",
            )
        return DocumentError(
            f"{task.name} ended the process that read it ({self._last_words()})",
            hint="The file may be damaged, or made to do harm: save it anew in the program that it"
            " comes from. It may also need more than documents.max_memory.",
        )

    def is_running(self) -> bool:
        return self._process.poll() is None

    def can_go_on(self) -> bool:
        """Whether it may be asked again: not where its time was up just as it answered."""
        return not self._late and self.is_running()

    def kill(self) -> None:
        """Ends it at once, whatever it does."""
        self._process.kill()
        self._wait()

    def _wait(self) -> None:
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                assert pipe is not None
                pipe.close()

    def _give_up(self) -> None:
        self._late = True
        self._process.kill()

    def _last_words(self) -> str:
        code = self._process.returncode
        if code < 0:
            return signal.Signals(-code).name
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:200] if lines else f"exit code {code}"


_lock = threading.Lock()
_idle: list[_Process] = []
"""Processes that wait for work: no more than were ever at work at once."""

if hasattr(os, "register_at_fork"):  # a copy of us must not talk to processes that are not its own
    os.register_at_fork(after_in_child=_idle.clear)
