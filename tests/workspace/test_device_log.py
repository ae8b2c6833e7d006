"""How busy the device was is kept beside the loss, with cards and without, whatever happens."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from loresmith.devices.card_load import CardLoad
from loresmith.workspace.device_log import DEVICE_LOG, DeviceLog
from loresmith.workspace.runs.curves import read_curves


def card(index: int, **told: Any) -> CardLoad:
    return CardLoad(index=index, name="Hygon DCU", kind="dcu", **told)


def looked(folder: Path, *cards: CardLoad) -> dict[str, Any]:
    """What one look at these cards notes."""
    log = DeviceLog(folder / DEVICE_LOG, os.getpid(), seconds=0.0, look_at_cards=lambda: cards)
    log.look(3)
    line: dict[str, Any] = json.loads((folder / DEVICE_LOG).read_text().splitlines()[-1])
    return line


def test_without_cards_it_is_the_processor(tmp_path: Path) -> None:
    line = looked(tmp_path)
    assert line["step"] == 3
    assert line["busy_percent"] >= 0
    assert line["memory_bytes"] > 2**20


def test_only_the_cards_of_the_training_count_where_that_is_told(tmp_path: Path) -> None:
    ours = card(1, busy_percent=90.0, memory_used=10, power=200.0, processes={os.getpid(): 8})
    line = looked(tmp_path, card(0, busy_percent=10.0, memory_used=5), ours)
    assert (line["busy_percent"], line["memory_bytes"], line["power"]) == (90.0, 10, 200.0)
    warm = card(0, busy_percent=10.0, temperature=41.0)
    both = looked(tmp_path, warm, card(1, busy_percent=30.0))
    assert (both["busy_percent"], both["temperature"], both["power"]) == (20.0, 41.0, None)


def test_looks_keep_their_distance_and_a_dead_trainer_is_no_error(tmp_path: Path) -> None:
    log = DeviceLog(tmp_path / DEVICE_LOG, os.getpid(), seconds=3600.0)
    log.look(1)
    DeviceLog(tmp_path / DEVICE_LOG, 2**22 + 1, seconds=0.0).look(1)
    DeviceLog(tmp_path / "no folder" / DEVICE_LOG, os.getpid(), seconds=0.0).look(1)
    assert not (tmp_path / DEVICE_LOG).exists()


def test_the_curve_has_each_step_once_also_after_a_crash(tmp_path: Path) -> None:
    lines = [{"step": 1, "busy_percent": 50}, {"step": 4, "busy_percent": 60}]
    again = [{"step": 4, "busy_percent": 70.0}, {"step": 6, "busy_percent": None}]
    text = "".join(json.dumps(line) + "\n" for line in [*lines, *again])
    (tmp_path / DEVICE_LOG).write_text(text + '{"step": 9, "busy_')
    curves = read_curves(tmp_path, state="training")
    assert curves.device_step == (1, 4, 6)
    assert curves.device_busy == (50.0, 70.0, None)
