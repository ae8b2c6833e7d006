"""Why: whether a training fits depends on the memory that is free now, not on what was built in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from loresmith.devices.card_kinds import card_loads
from loresmith.devices.device import Device

_CGROUP = Path("/sys/fs/cgroup")


def free_memory(device: Device, *, cgroup: Path = _CGROUP) -> int:
    """Bytes that this process may still take on `device`; of a CPU, what the machine has left, its
    container allows, and a limit on the process (`ulimit -v`) lets through, whichever is least."""
    if device.kind == "cpu":
        return max(0, min(_of_machine(), _of_container(cgroup), _of_process()))
    return min(device.memory_bytes, _of_card(device))


def _of_machine() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


def _of_container(cgroup: Path) -> int:
    """What cgroup v2 lets the container take; files that are only cached are given back first."""
    limit, used = _number(cgroup / "memory.max"), _number(cgroup / "memory.current")
    if limit is None or used is None:
        return sys.maxsize
    cached = 0
    for line in _text(cgroup / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file":
            cached = int(value)
    return limit - used + cached


def _of_process() -> int:
    if os.name == "nt":
        return sys.maxsize
    import resource

    import psutil

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return sys.maxsize
    return limit - int(psutil.Process().memory_info().vms)


def _of_card(device: Device) -> int:
    """Asked of the card's tool: torch would begin to use the card to answer."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").partition(",")[0].strip()
    index = int(visible) if visible.isdigit() else 0
    for card in card_loads():
        if card.index == index and card.memory_total is not None and card.memory_used is not None:
            return card.memory_total - card.memory_used
    return device.memory_bytes


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
