"""Cards that nobody here owns are read from what their tools are known to print."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from loresmith.devices.card_load import CardLoad
from loresmith.devices.load import LoadWatch
from loresmith.devices.nvidia import nvidia_loads
from loresmith.devices.smi import cards_in_json, cards_in_table, processes_in, smi_loads

MALFORMED = (
    '{"card0": {"Card Series": "BW", "Average Graphics Package Power (W)": "92.0"'
    '"Average GFX Core Power (W)": "21.0""Average Memory Power (W)": "37.0", '
    '"Temperature (Sensor edge) (C)": "55.0", "HCU use (%)": "12.5", '
    '"HCU memory use (%)": "97", "": "", "": "", "vram Total Memory (MiB)": "65520", '
    '"vram Total Used Memory (MiB)": "63554"}}'
)
TABLE = """
============================ System Management Interface =============================
======================================================================================
DCU     Temp     AvgPwr     Perf     PwrCap     VRAM%      DCU%      Mode
0       64.0C    9.0W       manual   600.0W     81%        72%       Normal
1       66.0C    8.0W       manual   600.0W     83%        31%       N/A
======================================================================================
=================================== End of SMI Log ===================================
"""
NEWER_TABLE = """
HCU     Temp     AvgPwr     Perf     PwrCap     VRAM%      HCU%      Dec%      Enc%      Mode
0       52.0C    96.0W      auto     1000.0W    2%         0.0%      0.0%      0.0%      Normal
"""
OLDER_TABLE = """
DCU Temp AvgPwr SCLK MCLK Fan Perf PwrCap VRAM% DCU%
0 44.0c 31.0W 700Mhz 1200Mhz 0% auto 300W 21% 83%
"""
PIDS = """
PID: 2004101
\tHCU Index: ['1'] 
\tVRAM USED(MiB): 9650
\tVRAM USED(%): inf
PID: 2004177
\tHCU Index: ['0', '1'] 
\tVRAM USED(MiB): 100
\tVRAM USED(%): 1
"""  # noqa: W291 - as the tool prints it


def test_json_without_commas_is_read() -> None:
    (card,) = cards_in_json(MALFORMED, kind="dcu")
    assert card == CardLoad(
        index=0,
        name="Hygon DCU BW",
        kind="dcu",
        busy_percent=12.5,
        memory_used=63554 * 2**20,
        memory_total=65520 * 2**20,
        memory_percent=97.0,
        temperature=55.0,
        power=92.0,
    )


@pytest.mark.parametrize("word", ["DCU", "HCU", "GPU"])
def test_each_name_of_a_card_is_known(word: str) -> None:
    cards = cards_in_json(
        f'{{"card0":{{"{word} use (%)":"0.0"}},"card1":{{"{word} use (%)":"28.5"}}}}', kind="dcu"
    )
    assert [(card.index, card.busy_percent) for card in cards] == [(0, 0.0), (1, 28.5)]


def test_amd_s_bytes_and_its_warning_are_understood() -> None:
    (card,) = cards_in_json(
        "WARNING: AMD GPU device(s) is/are in a low-power state.\n"
        '{"card0": {"VRAM Total Memory (B)": "17179869184", '
        '"VRAM Total Used Memory (B)": "1342181376"}}',
        kind="rocm",
    )
    assert (card.memory_total, card.memory_used) == (17179869184, 1342181376)
    assert card.busy_percent is None


def test_tables_are_read_by_the_names_of_their_columns() -> None:
    first, second = cards_in_table(TABLE, kind="dcu")
    assert (first.temperature, first.power, first.power_limit) == (64.0, 9.0, 600.0)
    assert (first.memory_percent, first.busy_percent) == (81.0, 72.0)
    assert (second.index, second.busy_percent) == (1, 31.0)
    (newer,) = cards_in_table(NEWER_TABLE, kind="dcu")
    assert (newer.memory_percent, newer.busy_percent, newer.power) == (2.0, 0.0, 96.0)
    (older,) = cards_in_table(OLDER_TABLE, kind="dcu")
    assert (older.temperature, older.memory_percent, older.busy_percent) == (44.0, 21.0, 83.0)


def test_processes_are_told_with_what_they_hold_on_each_card() -> None:
    assert processes_in(PIDS) == {
        1: {2004101: 9650 * 2**20, 2004177: 100 * 2**20},
        0: {2004177: 100 * 2**20},
    }
    assert processes_in("No KFD PIDs currently running!") == {}


@pytest.mark.parametrize("text", ["", "no such option", "{", "DCU\n", '{"card0": {}'])
def test_what_is_no_answer_brings_no_card(text: str) -> None:
    assert cards_in_json(text, kind="dcu") == []
    assert cards_in_table(text, kind="dcu") == []


def test_the_tool_is_asked_and_its_table_is_the_second_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "hy-smi"
    pids = PIDS.replace("'", "'\\''")
    tool.write_text(
        "#!/bin/sh\n"
        f"case \"$1\" in --showpids) printf '%s' '{pids}';; --*) echo 'unknown option'; exit 2;;\n"
        f"*) printf '%s' '{TABLE}';; esac\n"
    )
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    first, second = smi_loads()
    assert first.busy_percent == 72.0
    assert second.processes[2004101] == 9650 * 2**20


def test_without_a_driver_there_is_no_card(tmp_path: Path) -> None:
    assert nvidia_loads(driver=tmp_path / "no driver") == []


def test_a_machine_is_shown_while_its_cards_have_not_answered_yet(tmp_path: Path) -> None:
    answer = threading.Event()

    def slow() -> list[CardLoad]:
        answer.wait(30)
        return [CardLoad(index=0, name="Hygon DCU", kind="dcu")]

    watch = LoadWatch(slow)
    load = watch.now({"projects": tmp_path, "models": tmp_path / "not" / "there"})
    assert load.cards == ()
    assert load.memory_total > load.memory_used > 0
    (disk,) = load.disks
    assert disk.name == "projects, models"
    assert disk.total >= disk.used + disk.free > 0
    answer.set()
    watch._asking.join()  # type: ignore[union-attr]  # the thread that asks
    assert watch.now({}).cards[0].name == "Hygon DCU"
