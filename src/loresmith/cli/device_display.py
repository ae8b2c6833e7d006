"""What the terminal shows of a machine: its cards as a table, and what a doctor found."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from loresmith.cli.display import console, say

if TYPE_CHECKING:
    from loresmith.devices.card_load import CardLoad
    from loresmith.devices.examination import Examination
    from loresmith.devices.load import MachineLoad
    from loresmith.devices.matrix_check import ProductCheck
    from loresmith.workspace.doctor import Diagnosis
    from loresmith.workspace.machine_use import MachineView

_UNKNOWN = "–"


def print_devices(view: MachineView) -> None:
    """The machine's load, its cards, what is computed on, and what came of a product."""
    console.print(_load(view.load))
    for line in _examined(view.examination):
        say(line)


def print_devices_as_json(view: MachineView) -> None:
    print(json.dumps(_plain(view), ensure_ascii=False, indent=2))


def watch_devices(every: float, *, as_json: bool) -> None:
    """Shows the machine anew each `every` seconds until Ctrl-C; as lines where nobody watches."""
    from loresmith.workspace.machine_use import machine_load

    try:
        if as_json or not console.is_terminal:
            while True:
                load = machine_load()
                if as_json:
                    print(json.dumps(load.model_dump(mode="json"), ensure_ascii=False), flush=True)
                else:
                    console.print(_load(load))
                    sys.stdout.flush()
                time.sleep(every)
        with Live(_load(machine_load()), console=console, auto_refresh=False) as live:
            while True:
                time.sleep(every)
                live.update(_load(machine_load()), refresh=True)
    except KeyboardInterrupt:
        return


def print_diagnosis(diagnosis: Diagnosis, *, as_json: bool) -> None:
    """What was looked at, and each finding with its fix."""
    if as_json:
        print(json.dumps(_plain(diagnosis), ensure_ascii=False, indent=2))
        return
    for line in _examined(diagnosis.examination):
        say(line)
    for finding in diagnosis.findings:
        say(f"{'wrong' if finding.wrong else 'note'}: {finding.message}")
        if finding.hint:
            say(f"  fix: {finding.hint}" if finding.wrong else f"  {finding.hint}")
    count = {0: "Nothing is wrong.", 1: "1 thing is wrong."}
    say(count.get(diagnosis.faults, f"{diagnosis.faults} things are wrong."))


def _plain(shown: MachineView | Diagnosis) -> dict[str, Any]:
    return shown.model_dump(mode="json", exclude={"examination": {"machine": {"cpu_flags"}}})


def _load(load: MachineLoad) -> RenderableType:
    busy = sum(load.cores_percent) / 100
    lines = [
        f"processor: {busy:.1f} of {len(load.cores_percent)} cores busy",
        f"memory: {_size(load.memory_used)} of {_size(load.memory_total)} used",
        *(f"disk ({disk.name}): {_size(disk.free)} free" for disk in load.disks),
    ]
    text = Text("\n".join(lines), overflow="fold")
    if not load.cards:
        return Group(text, Text("cards: none that can be asked"))
    processes = [
        f"  on {card.kind}:{card.index} process {pid} holds {_size(held)}"
        for card in load.cards
        for pid, held in card.processes.items()
    ]
    return Group(text, _cards(load.cards), *map(Text, processes))


def _cards(cards: tuple[CardLoad, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("card")
    table.add_column("name")
    for name in ("use", "memory", "heat", "power"):
        table.add_column(name, justify="right", no_wrap=True)
    for card in cards:
        table.add_row(
            f"{card.kind}:{card.index}",
            Text(card.name),
            _with(card.busy_percent, " %"),
            _memory(card),
            _with(card.temperature, " °C"),
            _power(card),
        )
    return table


def _memory(card: CardLoad) -> str:
    if card.memory_total:
        return f"{(card.memory_used or 0) / 2**30:.1f}/{_size(card.memory_total)}"
    return _with(card.memory_percent, " %")


def _power(card: CardLoad) -> str:
    limit = f"/{card.power_limit:.0f}" if card.power_limit else ""
    return _UNKNOWN if card.power is None else f"{card.power:.0f}{limit} W"


def _with(value: float | None, unit: str) -> str:
    return _UNKNOWN if value is None else f"{value:.0f}{unit}"


def _size(amount: int) -> str:
    return f"{amount / 2**30:.1f} GiB"


def _examined(examination: Examination) -> list[str]:
    machine, device = examination.machine, examination.device
    precision = "bf16" if device.bf16 else "fp32"
    versions = {
        "torch": machine.torch_version or "not installed",
        "CUDA": machine.cuda_version,
        "HIP": machine.hip_version,
        "driver": machine.driver_version,
        "DTK": machine.dtk_version,
    }
    lines = [
        f"computes on: {device.name} ({device.kind}, {precision}, {_size(device.memory_bytes)})",
        ", ".join(f"{name} {version}" for name, version in versions.items() if version),
    ]
    for one in examination.products:
        what = f"check: a product of {one.size} x {one.size} on {one.device}"
        rate = f", {one.gflops:,.0f} GFLOP/s" if one.gflops else ""
        lines.append(f"{what} is right{rate}" if one.right else f"{what} is WRONG: {_why(one)}")
    if device.note:
        lines.append(device.note)
    if examination.fault:
        lines.append(f"torch cannot be asked: {examination.fault}")
    return lines


def _why(product: ProductCheck) -> str:
    return product.fault or ("not a number" if product.off is None else f"off by {product.off:.0%}")
