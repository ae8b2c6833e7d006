"""The log of one job: a file that its worker writes and pages read while it grows."""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone
from pathlib import Path

from loresmith.errors import LoresmithError
from loresmith.records import Record
from loresmith.workspace.background.redaction import without_secrets
from loresmith.workspace.progress import Progress

_PART_BYTES = 64 * 1024
_PAUSE_SECONDS = 5.0
"""A step that goes on says no more than a line in so long."""


class LogPart(Record):
    """Whole lines of a job's log."""

    text: str
    """The lines, each `2026-01-31T08:00:00Z  what happened`; may be empty."""
    offset: int
    """Ask with it for what comes after this."""
    start: int
    """Where this part begins: above 0 where the log is longer than what is sent at once."""


class JobLog:
    """Writes what a job does, a line an event, each with its time (UTC)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", errors="replace", buffering=1)
        self._said: dict[str, tuple[float, bool]] = {}

    def take_output(self) -> None:
        """Sends what this process (or a child of it) prints into the log too."""
        for number in (1, 2):
            os.dup2(self._file.fileno(), number)

    def say(self, text: str) -> None:
        """Adds a line; a text of several lines is indented below its time."""
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines = without_secrets(text).splitlines() or [""]
        self._file.write(f"{now}  " + ("\n" + " " * 22).join(lines) + "\n")

    def tell(self, progress: Progress) -> None:
        """Adds a line of progress: at the start of a step, every few seconds, and at its end."""
        if progress.said:
            self.say(f"{progress.step}: {progress.said}")
        now, ended = time.monotonic(), progress.total > 0 and progress.done >= progress.total
        said_at, was_over = self._said.get(progress.step, (-_PAUSE_SECONDS, False))
        if now - said_at < _PAUSE_SECONDS and ended <= was_over:
            return
        self._said[progress.step] = (now, ended)
        of = f"{progress.done}/{progress.total}" if progress.total else "..."
        self.say(f"{progress.step}: {of} {progress.note}".rstrip())

    def stopped(self, error: LoresmithError) -> None:
        """Says what stopped the job, and what to do about it."""
        self.say(f"{type(error).__name__}: {error.message}")
        if error.hint:
            self.say(f"hint: {error.hint}")

    def close(self) -> None:
        self._file.close()


def read_log(path: Path, offset: int | None) -> LogPart:
    """The lines from `offset` on, or the last ones for None; empty before there is a log."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - _PART_BYTES) if offset is None else min(max(offset, 0), size)
            file.seek(start)
            found = file.read(_PART_BYTES)
    except FileNotFoundError:
        return LogPart(text="", offset=0, start=0)
    if offset is None and start > 0:  # begin with a whole line
        cut = found.find(b"\n") + 1
        start, found = start + cut, found[cut:]
    end = found.rfind(b"\n") + 1
    if end == 0 and len(found) == _PART_BYTES:  # one endless line
        end = len(found)
    return LogPart(text=found[:end].decode("utf-8", "replace"), offset=start + end, start=start)
