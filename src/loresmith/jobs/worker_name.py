"""Names a worker so that others on the same machine can tell whether it still lives."""

from __future__ import annotations

import os
import socket

_CLOCK_SECONDS = 2.0
"""How far two readings of one process's start time may differ (they follow the system clock)."""


def worker_name() -> str:
    """`host/pid/start`: the start time tells a process from a later one with the same pid."""
    import psutil

    return f"{socket.gethostname()}/{os.getpid()}/{psutil.Process().create_time():.0f}"


def is_alive(worker: str) -> bool | None:
    """Whether the process that `worker` names still runs; None where this machine cannot tell."""
    import psutil

    try:
        host, pid, started = worker.rsplit("/", 2)
        if host != socket.gethostname():
            return None
        process = psutil.Process(int(pid))
        same = abs(process.create_time() - float(started)) < _CLOCK_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except (psutil.AccessDenied, ValueError):
        return None
