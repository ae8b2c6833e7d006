"""Whoever made a card, and however its tool behaves, a look at the machine comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from loresmith.devices import card_tools
from loresmith.devices.amd import amd_loads
from loresmith.devices.card_kinds import CARD_KINDS, card_loads
from loresmith.devices.hygon import hygon_loads
from monitoring_tools import LINES, MALFORMED, PIDS, TABLE, PutTool


def test_hy_smi_is_asked_and_its_table_is_the_second_choice(put_tool: PutTool) -> None:
    put_tool("hy-smi", {"--showpids": PIDS, "--showuse": "unknown option", "": TABLE})
    first, second = card_loads()
    assert (first.name, first.kind, first.busy_percent) == ("Hygon DCU", "dcu", 72.0)
    assert second.processes[2004101] == 9650 * 2**20


def test_a_tool_that_answers_and_fails_is_believed(put_tool: PutTool) -> None:
    put_tool("hy-smi", {"--showuse": MALFORMED}, code=2)
    (card,) = hygon_loads()
    assert (card.name, card.memory_total) == ("Hygon DCU BW", 65520 * 2**20)


def test_dcu_smi_is_the_same_tool_by_another_name(put_tool: PutTool) -> None:
    put_tool("dcu-smi", {"": TABLE})
    assert [card.index for card in hygon_loads()] == [0, 1]


def test_amd_s_tool_is_asked_where_hygon_s_is_not(put_tool: PutTool) -> None:
    put_tool("rocm-smi", {"--showuse": LINES})
    assert [(card.kind, card.name) for card in amd_loads()] == [("rocm", "AMD GPU")] * 2
    put_tool("hy-smi", {"--showuse": MALFORMED})
    assert amd_loads() == [], "both tools tell of the same cards"
    assert [card.kind for card in card_loads()] == ["dcu"]


@pytest.mark.parametrize("name", ["hy-smi", "rocm-smi", "nvidia-smi"])
@pytest.mark.parametrize("text", ["", "Segmentation fault", "\x01\x02{{{{", "inf N/A\n" * 50])
def test_a_tool_that_prints_garbage_brings_no_card(put_tool: PutTool, name: str, text: str) -> None:
    put_tool(name, {"": text}, code=139)
    assert card_loads() == []


def test_a_tool_that_cannot_be_started_brings_no_card(put_tool: PutTool) -> None:
    put_tool("hy-smi", {}).write_text("#!/no/such/interpreter\n")
    assert card_loads() == []


def test_a_tool_that_hangs_is_given_up_and_the_other_makers_are_told(
    put_tool: PutTool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert card_tools._TIMEOUT_SECONDS == 15.0, "a first call of hy-smi can take ten"
    monkeypatch.setattr(card_tools, "_TIMEOUT_SECONDS", 0.3)
    put_tool("hy-smi", {}, before=f"exec sleep 30 > {tmp_path / 'nowhere'}")
    assert hygon_loads() == []


def test_each_maker_is_one_line() -> None:
    assert set(CARD_KINDS) == {"NVIDIA", "Hygon", "AMD"}
