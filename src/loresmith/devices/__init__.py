"""The hardware that models run on: which device, how much memory, how many threads."""

from __future__ import annotations

from loresmith.devices.device import Device, DeviceKind, detect_device
from loresmith.devices.free_memory import free_memory
from loresmith.devices.threads import choose_threads, passive_environment, wait_passively

__all__ = [
    "Device",
    "DeviceKind",
    "choose_threads",
    "detect_device",
    "free_memory",
    "passive_environment",
    "wait_passively",
]
