"""Why: whether a card waited for its rows is seen afterwards from what it did beside the loss."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from loresmith.devices.card_load import CardLoad
from loresmith.devices.load import watched_cards

DEVICE_LOG = "device_log.jsonl"
_SECONDS = 5.0


class DeviceLog:
    """`device_log.jsonl`: every few seconds of a training, how busy its device was.

    One look a line: `step`, `busy_percent` (of the cards that the trainer holds memory on, all of
    them where that is not told; of all cores on a machine without cards), `memory_bytes` (likewise
    on cards, else the trainer's), and with cards `temperature` and `power`, the highest and the
    sum.
    """

    def __init__(
        self,
        path: Path,
        pid: int,
        *,
        seconds: float = _SECONDS,
        look_at_cards: Callable[[], Sequence[CardLoad]] = watched_cards,
    ) -> None:
        self._path, self._seconds, self._look_at_cards = path, seconds, look_at_cards
        self._trainer: psutil.Process | None = None
        try:
            self._trainer = psutil.Process(pid)
            self._trainer.cpu_percent(None)
        except psutil.Error:  # it has ended already
            pass
        self._due = time.monotonic() + seconds

    def look(self, step: int) -> None:
        """Adds a line, where the last one is old enough. Never fails, and waits for no card."""
        if time.monotonic() < self._due or self._trainer is None:
            return
        self._due = time.monotonic() + self._seconds
        try:
            line = {"step": step, **self._figures(self._trainer)}
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except (psutil.Error, OSError):  # ended just now, or a full disk, which the trainer tells
            return

    def _figures(self, trainer: psutil.Process) -> dict[str, float | int | None]:
        cards = self._look_at_cards()
        ours = [card for card in cards if trainer.pid in card.processes] or list(cards)
        if not ours:
            busy = trainer.cpu_percent(None) / (psutil.cpu_count() or 1)
            return {"busy_percent": busy, "memory_bytes": trainer.memory_info().rss}
        busy_ones = [card.busy_percent for card in ours if card.busy_percent is not None]
        return {
            "busy_percent": sum(busy_ones) / len(busy_ones) if busy_ones else None,
            "memory_bytes": sum(card.memory_used or 0 for card in ours),
            "temperature": max(
                (card.temperature for card in ours if card.temperature is not None), default=None
            ),
            "power": sum(card.power or 0.0 for card in ours) or None,
        }
