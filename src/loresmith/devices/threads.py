"""Why: a thread that waits for a busy core spins, and makes the others up to ten times slower.

So the number of torch's threads follows the load, and threads that wait are told to sleep.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

_LOOK_SECONDS = 0.4
_TOLERATED_BUSY = 0.25  # of one core: an idle machine is never quite idle


def choose_threads(busy_cores: float | None = None, *, cores: int | None = None) -> int:
    """How many threads to compute with: the physical cores that others leave free, at least 1.

    `busy_cores` (for example 0.6) and `cores` are looked up when not given; the look takes 0.4 s
    and counts this process too, so call it before heavy work starts.
    """
    available = cores if cores is not None else available_cores()
    if available <= 1:
        return 1
    busy = busy_cores if busy_cores is not None else measure_busy_cores()
    return max(1, min(available, math.floor(available - busy + _TOLERATED_BUSY)))


def available_cores() -> int:
    """Physical cores that this process may use: by affinity, container and OMP_NUM_THREADS."""
    import psutil

    logical = psutil.cpu_count(logical=True) or 1
    physical = psutil.cpu_count(logical=False) or logical
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else logical
    share = max(1, round(allowed * physical / logical))
    limits = [float(share), _container_quota(), _wanted_threads()]
    return max(1, math.floor(min(limit for limit in limits if limit is not None)))


def measure_busy_cores() -> float:
    """Cores' worth of work that this machine does at the moment, averaged over 0.4 s."""
    import psutil

    logical: list[float] = psutil.cpu_percent(interval=_LOOK_SECONDS, percpu=True)
    physical = psutil.cpu_count(logical=False) or len(logical)
    # Two logical cores of one physical core can both be busy: it is still one core's worth.
    return min(sum(logical) / 100, float(physical))


def wait_passively() -> None:
    """Makes OpenMP's threads sleep while they wait; works only before torch is imported."""
    for name, value in passive_environment().items():
        os.environ.setdefault(name, value)


def passive_environment() -> dict[str, str]:
    """What `wait_passively` sets, for the environment of a child process."""
    return {"OMP_WAIT_POLICY": "PASSIVE"}


def _container_quota() -> float | None:
    """Cores that cgroup v2 allows; None without a limit."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else int(quota) / int(period)


def _wanted_threads() -> float | None:
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return float(wanted) if wanted.isdigit() and int(wanted) > 0 else None
