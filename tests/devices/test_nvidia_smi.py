"""NVIDIA's cards are told by its program where the library for Python is missing."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from loresmith.devices.nvidia import nvidia_loads
from loresmith.devices.nvidia_smi import cards_in_csv

CARDS = """0, GPU-aa, NVIDIA A100-SXM4-80GB, 37, 20480, 81920, 54, 212.50, 400.00
1, GPU-bb, NVIDIA T4, [N/A], 12, 15360, 41, [Not Supported], [N/A]
"""
PROCESSES = "GPU-aa, 4711, 18432\nGPU-aa, 4712, [N/A]\n"


def test_cards_are_read_with_what_each_process_holds() -> None:
    busy, silent = cards_in_csv(CARDS, PROCESSES)
    assert (busy.name, busy.busy_percent, busy.memory_used) == (
        "NVIDIA A100-SXM4-80GB",
        37.0,
        20480 * 2**20,
    )
    assert (busy.temperature, busy.power, busy.power_limit) == (54.0, 212.5, 400.0)
    assert busy.processes == {4711: 18432 * 2**20, 4712: 0}
    assert (silent.index, silent.busy_percent, silent.power) == (1, None, None)
    assert silent.processes == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No devices were found\n",
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n",
    ],
)
def test_what_is_no_answer_of_it_brings_no_card(text: str) -> None:
    assert cards_in_csv(text, text) == []


def test_the_program_is_asked_where_the_library_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = tmp_path / "version"
    driver.write_text("NVRM version")
    monkeypatch.setitem(sys.modules, "pynvml", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert nvidia_loads(driver=tmp_path / "no driver") == []
    assert nvidia_loads(driver=driver) == []
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        "#!/bin/sh\n"
        f"case $1 in --query-gpu=*) printf '%s' '{CARDS}';; *) printf '%s' '{PROCESSES}';; esac\n"
    )
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    cards = nvidia_loads(driver=driver)
    assert [card.name for card in cards] == ["NVIDIA A100-SXM4-80GB", "NVIDIA T4"]
