"""Why: a broken driver can hang or end whoever asks it, so that a process of its own asks.

That also keeps torch out of the memory of a server that only wants to know.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import lru_cache

from loresmith.devices.device import Device, detect_device
from loresmith.devices.machine import Machine, probe_machine, probe_outside
from loresmith.devices.matrix_check import ProductCheck, check_product
from loresmith.devices.threads import passive_environment
from loresmith.records import Record

_SECONDS = 120
_CODE = "from loresmith.devices.examination import main; main()"


class Examination(Record):
    """What can be known of a machine by using it."""

    machine: Machine
    device: Device
    """What is computed on."""
    products: tuple[ProductCheck, ...] = ()
    """One for each card that torch sees, else for the processor; none where none was asked for."""
    fault: str = ""
    """Why torch or the driver could not be asked at all, if so."""


@lru_cache(maxsize=2)
def examine_machine(*, products: bool) -> Examination:
    """Looks at this machine from a process of its own, and with `products` lets it compute a
    little, which takes memory on its cards. Remembered for this process's life."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CODE, "products" if products else "look"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            env={**os.environ, **passive_environment(), "PYTHONSAFEPATH": "1"},
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _unexamined(f"no answer from torch within {_SECONDS} s")
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"machine"')]
    if lines:
        return Examination.model_validate_json(lines[-1])
    last = done.stderr.strip().splitlines()[-1:]
    told = last[0] if last else "it said nothing"
    return _unexamined(f"the process that asked torch ended with code {done.returncode}: {told}")


def main() -> None:
    """The child: looks, computes where asked to, and prints one line of JSON."""
    machine = probe_machine()
    device = detect_device(machine=machine)
    found = []
    if sys.argv[1:] == ["products"] and machine.torch_version and not machine.torch_fault:
        found = [check_product(name, name=told) for name, told in _devices(device, machine)]
    done = Examination(machine=machine, device=device, products=tuple(found))
    print(json.dumps(done.model_dump(mode="json")), flush=True)


def _devices(device: Device, machine: Machine) -> list[tuple[str, str]]:
    if device.kind == "cpu":
        return [("cpu", device.name)]
    import torch

    return [
        (f"cuda:{index}", torch.cuda.get_device_properties(index).name)
        for index in range(machine.card_count)
    ]


def _unexamined(fault: str) -> Examination:
    machine = probe_outside()
    return Examination(machine=machine, device=detect_device(machine=machine), fault=fault)
