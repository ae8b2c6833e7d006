"""A look at the machine never waits for a card longer than whoever looks wants to."""

from __future__ import annotations

import threading
from pathlib import Path

from loresmith.devices.card_load import CardLoad
from loresmith.devices.load import LoadWatch


def test_a_machine_is_shown_while_its_cards_have_not_answered_yet(tmp_path: Path) -> None:
    answer = threading.Event()

    def slow() -> list[CardLoad]:
        answer.wait(30)
        return [CardLoad(index=0, name="Hygon DCU", kind="dcu")]

    watch = LoadWatch(slow)
    load = watch.now({"projects": tmp_path, "models": tmp_path / "not" / "there"}, patience=0.0)
    assert load.cards == ()
    assert load.memory_total > load.memory_used > 0
    (disk,) = load.disks
    assert disk.name == "projects, models"
    assert disk.total >= disk.used + disk.free > 0
    answer.set()
    assert watch.now({}, patience=30.0).cards[0].name == "Hygon DCU"
