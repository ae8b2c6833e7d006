"""Why: NVIDIA's cards are asked through its library, or, where that is missing, its program."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loresmith.devices.card_load import CardLoad
from loresmith.devices.nvidia_smi import nvidia_smi_loads

_DRIVER = Path("/proc/driver/nvidia/version")


def nvidia_loads(*, driver: Path = _DRIVER) -> list[CardLoad]:
    """A look at each NVIDIA card; none without a driver. Without `nvidia-ml-py`, `nvidia-smi` is
    asked. (Under WSL the program is the only sign of a driver.)"""
    if not driver.exists() and shutil.which("nvidia-smi") is None:
        return []
    try:
        import pynvml
    except ImportError:
        return nvidia_smi_loads()
    try:
        pynvml.nvmlInit()
        cards = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        return [_load(pynvml, index, card) for index, card in enumerate(cards)]
    except pynvml.NVMLError:
        return nvidia_smi_loads()


def _load(nvml: Any, index: int, card: Any) -> CardLoad:
    def asked(question: Callable[[Any], Any]) -> Any:
        """The answer, or None: not every card tells everything."""
        try:
            return question(card)
        except nvml.NVMLError:
            return None

    name = asked(nvml.nvmlDeviceGetName)
    memory = asked(nvml.nvmlDeviceGetMemoryInfo)
    rates = asked(nvml.nvmlDeviceGetUtilizationRates)
    power = asked(nvml.nvmlDeviceGetPowerUsage)
    limit = asked(nvml.nvmlDeviceGetEnforcedPowerLimit)
    temperature = asked(lambda one: nvml.nvmlDeviceGetTemperature(one, nvml.NVML_TEMPERATURE_GPU))
    processes = asked(nvml.nvmlDeviceGetComputeRunningProcesses) or []
    return CardLoad(
        index=index,
        name=name.decode() if isinstance(name, bytes) else str(name or "NVIDIA GPU"),
        kind="cuda",
        busy_percent=float(rates.gpu) if rates is not None else None,
        memory_used=int(memory.used) if memory is not None else None,
        memory_total=int(memory.total) if memory is not None else None,
        temperature=float(temperature) if temperature is not None else None,
        power=power / 1000 if power is not None else None,
        power_limit=limit / 1000 if limit is not None else None,
        processes={one.pid: int(one.usedGpuMemory or 0) for one in processes},
    )
