"""Why: `hy-smi` and `rocm-smi` are of one descent, and what they print has many forms.

`hy-smi` says DCU or HCU where `rocm-smi` says GPU. Both print JSON, which may lack commas and hold
empty keys; lines such as `GPU[0] : GPU use (%): 25`; and a table whose columns come and go. There
is no such card here: the forms are recorded ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from loresmith.devices.card_load import CardLoad
from loresmith.devices.card_tools import index_of, number, said

_QUESTIONS = (
    *("--showuse", "--showmemuse", "--showmeminfo", "vram"),
    *("--showtemp", "--showpower", "--json"),
)
"""Never --showhw or --showtopo, which spoil the JSON."""
_CARD = re.compile(r'"card([0-9]{1,4})"\s*:\s*\{(.*?)(?:\}|\Z)', re.S)
_PAIR = re.compile(r'"([^"]*)"\s*:\s*(?:"([^"]*)"|(-?[0-9.]+))')
_LINE = re.compile(r"^\s*(?:[DH]CU|GPU)\[([0-9]{1,4})\]\s*:\s*(.+?)\s*:\s*(\S[^:\n]*)$", re.M)
_TABLE_HEAD = re.compile(r"^\s*(?:[DH]CU|GPU)\s+.*\b(?:Temp|VRAM%)", re.M)
_UNITS = {"b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_PROCESS = re.compile(r"^PID:\s*([0-9]{1,10})", re.M)
_PROCESS_CARD = re.compile(r"(?:[DH]CU|GPU)\s*Index:\s*\[([^\]]*)\]")
_PROCESS_MEMORY = re.compile(r"VRAM USED\s*\((\w+)\)\s*:\s*([0-9]{1,15})\b")
_PROCESS_ROW = re.compile(r"^([0-9]{1,10})\s+\S.*?\s+([0-9]+)\s+([0-9]{1,15})\s+[0-9]+\s+\S+\s*$")
_PLAIN_NAMES = {"dcu": "Hygon DCU", "rocm": "AMD GPU"}


def loads_by(tool: str, *, kind: str) -> list[CardLoad]:
    """A look at each card that `tool` tells of; none where it does not answer."""
    cards = cards_in(said(tool, *_QUESTIONS), kind=kind) or cards_in(said(tool), kind=kind)
    if not cards:
        return []
    used = processes_in(said(tool, "--showpids"), cards=[card.index for card in cards])
    return [card.model_copy(update={"processes": used.get(card.index, {})}) for card in cards]


def cards_in(text: str, *, kind: str) -> list[CardLoad]:
    """The cards that an answer tells of, in whichever form it is."""
    return (
        cards_in_json(text, kind=kind)
        or cards_in_lines(text, kind=kind)
        or cards_in_table(text, kind=kind)
    )


def cards_in_json(text: str, *, kind: str) -> list[CardLoad]:
    """The cards of JSON, well-formed or not; a line before it is passed over."""
    found = []
    for place, body in _CARD.findall(text):
        told = {key.strip().lower(): a or b for key, a, b in _PAIR.findall(body) if key.strip()}
        if told:
            found.append(_card(int(place), told, kind))
    return found


def cards_in_lines(text: str, *, kind: str) -> list[CardLoad]:
    """The cards of lines that begin with `GPU[0]`, one figure a line."""
    told: dict[int, dict[str, str]] = {}
    for place, key, value in _LINE.findall(text):
        told.setdefault(int(place), {})[key.strip().lower()] = value
    return [_card(index, told[index], kind) for index in sorted(told)]


def cards_in_table(text: str, *, kind: str) -> list[CardLoad]:
    """The cards of the table that the tool prints when it is asked nothing."""
    head = _TABLE_HEAD.search(text)
    if head is None:
        return []
    lines = text[head.start() :].strip("\n").splitlines()
    columns = [re.sub(r"^(?:[dh]cu|gpu)(?=%?$)", "card", name.lower()) for name in lines[0].split()]
    found = []
    for line in lines[1:]:
        row = dict(zip(columns, line.split(), strict=False))
        index = index_of(row.get("card", ""))
        if index is None:
            break
        found.append(
            CardLoad(
                index=index,
                name=_PLAIN_NAMES[kind],
                kind=kind,
                busy_percent=number(row.get("card%")),
                memory_percent=number(row.get("vram%")),
                temperature=number(row.get("temp")),
                power=number(row.get("avgpwr")),
                power_limit=number(row.get("pwrcap")),
            )
        )
    return found


def processes_in(text: str, *, cards: list[int]) -> dict[int, dict[int, int]]:
    """By card, the bytes that each process holds of its memory, from `--showpids`.

    Hygon names the cards of a process. AMD counts them only, so that its table says whose memory
    it is where there is one card.
    """
    found: dict[int, dict[int, int]] = {}
    begins = [*_PROCESS.finditer(text)]
    for place, begin in enumerate(begins, start=1):
        end = begins[place].start() if place < len(begins) else len(text)
        block = text[begin.start() : end]
        card, memory = _PROCESS_CARD.search(block), _PROCESS_MEMORY.search(block)
        if card is None or memory is None:
            continue
        held = int(memory.group(2)) * _UNITS.get(memory.group(1).lower(), 1)
        for index in re.findall(r"[0-9]{1,4}", card.group(1)):
            found.setdefault(int(index), {})[int(begin.group(1))] = held
    if len(cards) == 1 and not begins:
        rows = (_PROCESS_ROW.match(line) for line in text.splitlines())
        held_by = {int(row.group(1)): int(row.group(3)) for row in rows if row is not None}
        return {cards[0]: held_by} if held_by else {}
    return found


def _card(index: int, told: Mapping[str, str], kind: str) -> CardLoad:
    series = told.get("card series") or told.get("card model") or ""
    named = series not in ("", "N/A")
    return CardLoad(
        index=index,
        name=f"{_PLAIN_NAMES[kind]} {series}" if named else _PLAIN_NAMES[kind],
        kind=kind,
        busy_percent=_told(told, r"(?:[dh]cu|gpu) use \(%\)"),
        memory_used=_bytes(told, "vram total used memory"),
        memory_total=_bytes(told, "vram total memory"),
        memory_percent=_told(told, r"(?:[dh]cu|gpu) memory (?:use \(%\)|allocated \(vram%\))"),
        temperature=_told(told, r"temperature \(sensor (?:edge|junction)\) \(c\)"),
        power=_told(told, r"(?:average|current socket) graphics package power \(w\)"),
        power_limit=_told(told, r"max graphics package power \(w\)"),
    )


def _told(told: Mapping[str, str], pattern: str) -> float | None:
    """The first number under a key of this form."""
    for key, value in told.items():
        if re.fullmatch(pattern, key) and number(value) is not None:
            return number(value)
    return None


def _bytes(told: Mapping[str, str], name: str) -> int | None:
    """An amount of memory, whose unit is in its key: `(B)` or `(MiB)`."""
    for key, value in told.items():
        unit = re.fullmatch(rf"{name} \((\w+)\)", key)
        amount = number(value)
        if unit is not None and amount is not None:
            return int(amount) * _UNITS.get(unit.group(1), 1)
    return None
