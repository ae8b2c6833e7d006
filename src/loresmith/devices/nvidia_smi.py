"""Why: every NVIDIA driver brings `nvidia-smi`, also where its library for Python is missing."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator

from loresmith.devices.card_load import CardLoad
from loresmith.devices.card_tools import index_of, number, said

_CARD = (
    *("index", "uuid", "name", "utilization.gpu", "memory.used", "memory.total"),
    *("temperature.gpu", "power.draw", "enforced.power.limit"),
)
_PROCESS = ("gpu_uuid", "pid", "used_memory")
_FORM = "--format=csv,noheader,nounits"
_MIB = 2**20
_PID = re.compile(r"[0-9]{1,10}")


def nvidia_smi_loads() -> list[CardLoad]:
    """A look at each NVIDIA card; none where the tool is missing or does not answer."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    cards = said(tool, f"--query-gpu={','.join(_CARD)}", _FORM)
    processes = said(tool, f"--query-compute-apps={','.join(_PROCESS)}", _FORM)
    return cards_in_csv(cards, processes)


def cards_in_csv(cards: str, processes: str = "") -> list[CardLoad]:
    """The cards that the tool's CSV tells of; a figure such as `[N/A]` is None."""
    held: dict[str, dict[int, int]] = {}
    for uuid, pid, memory in _lines(processes, len(_PROCESS)):
        if _PID.fullmatch(pid):
            held.setdefault(uuid, {})[int(pid)] = _bytes(memory) or 0
    return [
        CardLoad(
            index=place,
            name=name,
            kind="cuda",
            busy_percent=number(busy),
            memory_used=_bytes(used),
            memory_total=_bytes(total),
            temperature=number(temperature),
            power=number(power),
            power_limit=number(limit),
            processes=held.get(uuid, {}),
        )
        for index, uuid, name, busy, used, total, temperature, power, limit in _lines(
            cards, len(_CARD)
        )
        if (place := index_of(index)) is not None
    ]


def _lines(text: str, cells: int) -> Iterator[list[str]]:
    """The lines that have so many cells; an error message has none."""
    for line in csv.reader(text.splitlines(), skipinitialspace=True):
        if len(line) == cells:
            yield [cell.strip() for cell in line]


def _bytes(cell: str) -> int | None:
    mebibytes = number(cell)
    return None if mebibytes is None else int(mebibytes * _MIB)
