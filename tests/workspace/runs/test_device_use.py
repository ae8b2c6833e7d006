"""The page of a training shows the card that it trains on, whoever made that."""

from __future__ import annotations

import os

import pytest

from loresmith.devices import load
from loresmith.devices.card_load import CardLoad
from loresmith.workspace.runs.device_use import device_use


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> list[CardLoad]:
    """The cards of this machine, to be filled by a test."""
    known: list[CardLoad] = []
    watch = load.LoadWatch(lambda: known)
    monkeypatch.setattr(load, "THE_WATCH", watch)
    return known


def test_the_trainer_s_own_card_is_told(cards: list[CardLoad]) -> None:
    cards += [
        CardLoad(index=0, name="Hygon DCU", kind="dcu", busy_percent=1.0),
        CardLoad(
            index=1,
            name="Hygon DCU BW",
            kind="dcu",
            busy_percent=88.0,
            memory_used=2**30,
            memory_total=2**36,
            temperature=61.0,
            power=240.0,
            processes={os.getpid(): 2**29},
        ),
    ]
    load.THE_WATCH.cards(patience=30.0)
    use = device_use(os.getpid())
    assert use is not None
    assert (use.gpu_name, use.gpu_percent, use.gpu_total_bytes) == ("Hygon DCU BW", 88.0, 2**36)
    assert (use.gpu_temperature, use.gpu_power) == (61.0, 240.0)


def test_without_a_card_it_is_the_processor_alone(cards: list[CardLoad]) -> None:
    del cards
    load.THE_WATCH.cards(patience=30.0)
    use = device_use(os.getpid())
    assert use is not None
    assert (use.gpu_name, use.gpu_percent) == ("", None)
    assert use.memory_bytes > 2**20
