"""What the process that trains uses of the machine, asked of the system while it runs."""

from __future__ import annotations

import threading
from pathlib import Path

import psutil

from loresmith.devices.load import watched_cards
from loresmith.records import Record

_lock = threading.Lock()
_watched: dict[int, psutil.Process] = {}
"""Processes are kept between two looks: a share of CPU time is one over the time between them."""


class DeviceUse(Record):
    """One look at a trainer and its machine."""

    cpu_percent: float
    """Of one core, so 200 for two busy ones; since the look before, 0 at the first."""
    cores: int
    """Of the machine."""
    memory_bytes: int
    """That the trainer holds."""
    machine_memory_bytes: int
    machine_free_bytes: int
    """That other programs could still have."""
    gpu_name: str = ""
    """Empty without a card that can be asked."""
    gpu_percent: float | None = None
    gpu_memory_bytes: int | None = None
    """In use on the card, by all processes."""
    gpu_total_bytes: int | None = None
    gpu_temperature: float | None = None
    """Degrees Celsius."""
    gpu_power: float | None = None
    """Watts."""


def trainer_of(folder: Path) -> int | None:
    """The id of the process that trains in `folder`, if it lives on this machine."""
    try:
        pid = int((folder / "trainer.pid").read_text(encoding="ascii"))
        words = psutil.Process(pid).cmdline()
    except (OSError, ValueError, psutil.Error):
        return None
    return pid if str(folder) in words else None


def device_use(pid: int) -> DeviceUse | None:
    """What process `pid` uses; None when it has ended."""
    memory = psutil.virtual_memory()
    try:
        with _lock:
            process = _watched.get(pid)
            if process is None or not process.is_running():
                process = psutil.Process(pid)
                _watched.clear()
                _watched[pid] = process
            cpu, held = process.cpu_percent(None), process.memory_info().rss
    except psutil.Error:
        return None
    return DeviceUse(
        cpu_percent=cpu,
        cores=psutil.cpu_count() or 1,
        memory_bytes=held,
        machine_memory_bytes=memory.total,
        machine_free_bytes=memory.available,
        **_card(pid),
    )


def _card(pid: int) -> dict[str, str | float | int | None]:
    """Of the cards, the one that the process holds most memory on, else the first."""
    cards = watched_cards()
    if not cards:
        return {}
    card = max(cards, key=lambda one: one.processes.get(pid, 0))
    return {
        "gpu_name": card.name,
        "gpu_percent": card.busy_percent,
        "gpu_memory_bytes": card.memory_used,
        "gpu_total_bytes": card.memory_total,
        "gpu_temperature": card.temperature,
        "gpu_power": card.power,
    }
