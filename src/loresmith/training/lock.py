"""Why: two trainers in one folder would spoil each other's files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loresmith.errors import Conflict


@contextmanager
def trainer_lock(folder: Path) -> Iterator[None]:
    """Holds `folder` for this process; the system frees it when the process ends, however it does.

    Raises Conflict, naming the other process, when it is held already.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / "trainer.lock")
    name = folder / "trainer.pid"  # beside the lock: trying to lock empties the lock's own file
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Conflict(
            f"process {_read(name)} is training in {folder} already",
            hint="Wait until it has finished, or stop it; what it has done is kept.",
        ) from None
    try:
        name.write_text(str(os.getpid()), encoding="ascii")
        yield
    finally:
        name.unlink(missing_ok=True)
        lock.release()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip() or "unknown"
    except OSError:
        return "unknown"
