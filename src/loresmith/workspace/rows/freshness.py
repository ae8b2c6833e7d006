"""Keeps the index of rows up to date: small ones at once, large ones in a process of their own.

A server that reads a hundred thousand records to list fifty of them would neither answer in time
nor give the memory back; so it goes on showing what is listed until the other process is done.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from loresmith.store.review_log import ReviewLog
from loresmith.store.row_index import RowIndex
from loresmith.workspace.context import Context
from loresmith.workspace.rows.stamp import stamp_of, written_rows


def make_current(context: Context) -> bool:
    """True once the index shows today's rows; False while that is being worked at elsewhere."""
    if is_current(context):
        return True
    if written_rows(context) > _LISTED_AT_ONCE:
        _start(context.project.folder)
        return False
    return _list_now(context)


def is_current(context: Context) -> bool:
    """Whether the index shows today's rows with all their reviews; reads only."""
    index = RowIndex(context.engine, project_id=context.project_id)
    with index.reading() as connection:
        state = index.state(connection)
        last = ReviewLog(connection, project_id=context.project_id).last()
    return state is not None and state.reviews == last and state.stamp == stamp_of(context)


_LISTED_AT_ONCE = 3_000
"""Stored rows up to which a request builds the index itself: about a second's work."""
_REST = 9.0
"""Of the time in which rows keep coming, at most a tenth is spent on listing them."""


class _Listed(NamedTuple):
    """When a project was listed last, and how long it took, both in seconds."""

    at: float
    took: float


_lock = threading.Lock()
_listed: dict[str, _Listed] = {}
_started: dict[Path, subprocess.Popen[bytes]] = {}


def _list_now(context: Context) -> bool:
    from loresmith.workspace.rows.projection import list_rows

    with _lock:
        last = _listed.get(context.project_id)
        if last is not None and time.monotonic() - last.at < _REST * last.took:
            return False
        took = _timed(lambda: list_rows(context))
        _listed[context.project_id] = _Listed(time.monotonic(), took)
    return True


def _timed(work: Callable[[], None]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _start(folder: Path) -> None:
    """Starts the process that lists the rows of a project, unless one is at it."""
    with _lock:
        running = _started.get(folder)
        if running is not None and running.poll() is None:
            return
        _started[folder] = subprocess.Popen(
            [sys.executable, "-m", "loresmith.workspace.rows.listing", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
