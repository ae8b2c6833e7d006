"""Why: Hygon's and AMD's cards are asked through a program, whose output has many forms.

`hy-smi` says DCU or HCU, prints tables whose columns come and go, and JSON that may lack commas;
`rocm-smi` prints the same with GPU. There is no such card here: the forms are recorded ones.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping

from loresmith.devices.card_load import CardLoad
from loresmith.devices.machine import find_hy_smi

_TIMEOUT_SECONDS = 15.0
"""A first call can take ten."""
_QUESTIONS = (
    *("--showuse", "--showmemuse", "--showmeminfo", "vram"),
    *("--showtemp", "--showpower", "--json"),
)
_CARD = re.compile(r'"card(\d+)"\s*:\s*\{(.*?)\}', re.S)
_PAIR = re.compile(r'"([^"]*)"\s*:\s*"([^"]*)"')
_TABLE_HEAD = re.compile(r"^\s*(?:[DH]CU|GPU)\s+.*\b(?:Temp|VRAM%)", re.M)
_UNITS = {"b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_PROCESS = re.compile(r"^PID:\s*(\d+)", re.M)
_PROCESS_CARD = re.compile(r"(?:[DH]CU|GPU)\s*Index:\s*\[([^\]]*)\]")
_PROCESS_MEMORY = re.compile(r"VRAM USED\s*\((\w+)\)\s*:\s*(\d+)")


def smi_loads() -> list[CardLoad]:
    """A look at each DCU or AMD card; none where no tool is, or where it does not answer."""
    hy_smi = find_hy_smi()
    tool = hy_smi or shutil.which("rocm-smi")
    if tool is None:
        return []
    kind = "dcu" if hy_smi else "rocm"
    answer = said(tool, *_QUESTIONS)
    cards = cards_in_json(answer, kind=kind) or cards_in_table(said(tool), kind=kind)
    used = processes_in(said(tool, "--showpids"))
    return [card.model_copy(update={"processes": used.get(card.index, {})}) for card in cards]


def cards_in_json(text: str, *, kind: str) -> list[CardLoad]:
    """The cards that JSON output tells of, well-formed or not; a line before it is passed over."""
    found = []
    for number, body in _CARD.findall(text):
        told = {key.strip().lower(): value for key, value in _PAIR.findall(body) if key.strip()}
        if not told:
            continue
        found.append(
            CardLoad(
                index=int(number),
                name=_name(told, kind),
                kind=kind,
                busy_percent=_told(told, r"(?:[dh]cu|gpu) use \(%\)"),
                memory_used=_bytes(told, "vram total used memory"),
                memory_total=_bytes(told, "vram total memory"),
                memory_percent=_told(told, r"(?:[dh]cu|gpu) memory use \(%\)"),
                temperature=_told(told, r"temperature \(sensor (?:edge|junction)\) \(c\)"),
                power=_told(told, r"(?:average|current socket) graphics package power \(w\)"),
            )
        )
    return found


def cards_in_table(text: str, *, kind: str) -> list[CardLoad]:
    """The cards of the table that the tool prints when it is asked nothing."""
    head = _TABLE_HEAD.search(text)
    if head is None:
        return []
    lines = text[head.start() :].strip("\n").splitlines()
    columns = [re.sub(r"^(?:[dh]cu|gpu)(?=%?$)", "card", name.lower()) for name in lines[0].split()]
    found = []
    for line in lines[1:]:
        cells = line.split()
        if not cells or not cells[0].isdigit():
            break
        row = dict(zip(columns, cells, strict=False))
        found.append(
            CardLoad(
                index=int(cells[0]),
                name=_PLAIN_NAMES[kind],
                kind=kind,
                busy_percent=_number(row.get("card%")),
                memory_percent=_number(row.get("vram%")),
                temperature=_number(row.get("temp")),
                power=_number(row.get("avgpwr")),
                power_limit=_number(row.get("pwrcap")),
            )
        )
    return found


def processes_in(text: str) -> dict[int, dict[int, int]]:
    """By card, the bytes that each process holds of its memory, from `--showpids`."""
    found: dict[int, dict[int, int]] = {}
    begins = [*_PROCESS.finditer(text)]
    for number, begin in enumerate(begins, start=1):
        end = begins[number].start() if number < len(begins) else len(text)
        block = text[begin.start() : end]
        card, memory = _PROCESS_CARD.search(block), _PROCESS_MEMORY.search(block)
        if card is None or memory is None:
            continue
        held = int(memory.group(2)) * _UNITS.get(memory.group(1).lower(), 1)
        for index in re.findall(r"\d+", card.group(1)):
            found.setdefault(int(index), {})[int(begin.group(1))] = held
    return found


_PLAIN_NAMES = {"dcu": "Hygon DCU", "rocm": "AMD GPU"}


def said(tool: str, *words: str) -> str:
    """What a monitoring tool prints; nothing where it cannot be started or does not answer."""
    try:
        done = subprocess.run(
            [tool, *words],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")


def _name(told: Mapping[str, str], kind: str) -> str:
    series = told.get("card series") or told.get("card model") or ""
    return (
        f"{_PLAIN_NAMES[kind]} {series}".strip()
        if series not in ("", "N/A")
        else _PLAIN_NAMES[kind]
    )


def _told(told: Mapping[str, str], pattern: str) -> float | None:
    """The first number under a key of this form."""
    for key, value in told.items():
        if re.fullmatch(pattern, key):
            return _number(value)
    return None


def _bytes(told: Mapping[str, str], name: str) -> int | None:
    """An amount of memory, whose unit is in its key: `(B)` or `(MiB)`."""
    for key, value in told.items():
        unit = re.fullmatch(rf"{name} \((\w+)\)", key)
        amount = _number(value)
        if unit is not None and amount is not None:
            return int(amount) * _UNITS.get(unit.group(1), 1)
    return None


def _number(text: str | None) -> float | None:
    """The number that a cell begins with, such as `64.0C`; None for `N/A`."""
    found = _NUMBER.match(text.strip()) if text is not None else None
    return float(found.group()) if found is not None else None
