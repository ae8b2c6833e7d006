"""Cards that nobody here owns are read from what their tools are known to print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loresmith.devices.card_load import CardLoad
from loresmith.devices.smi import cards_in, cards_in_json, cards_in_table, processes_in
from monitoring_tools import AMD_PIDS, LINES, MALFORMED, NEWER_TABLE, OLDER_TABLE, PIDS, TABLE


def test_json_without_commas_is_read() -> None:
    (card,) = cards_in(MALFORMED, kind="dcu")
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


def test_json_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    first, second = cards_in_json(MALFORMED[:-2] + '},"card1":{"HCU use (%)": 7, "HC', kind="dcu")
    assert (first.busy_percent, second.index, second.busy_percent) == (12.5, 1, 7.0)


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
        '"VRAM Total Used Memory (B)": "1342181376", "GPU Memory Allocated (VRAM%)": "8"}}',
        kind="rocm",
    )
    assert (card.memory_total, card.memory_used) == (17179869184, 1342181376)
    assert (card.busy_percent, card.memory_percent) == (None, 8.0)


def test_figures_line_by_line_are_gathered_by_card() -> None:
    first, second = cards_in(LINES, kind="rocm")
    assert (first.index, first.busy_percent, first.memory_used) == (0, 25.0, 1342181376)
    assert (second.index, second.busy_percent, second.temperature) == (1, 0.0, 41.0)


def test_figures_that_are_none_are_told_as_unknown() -> None:
    (card,) = cards_in_json(
        '{"card0": {"HCU use (%)": "inf", "Temperature (Sensor edge) (C)": "N/A", '
        '"Temperature (Sensor junction) (C)": "61.0", "vram Total Memory (MiB)": "nan"}}',
        kind="dcu",
    )
    assert (card.busy_percent, card.memory_total, card.temperature) == (None, None, 61.0)


def test_tables_are_read_by_the_names_of_their_columns() -> None:
    first, second = cards_in(TABLE, kind="dcu")
    assert (first.temperature, first.power, first.power_limit) == (64.0, 9.0, 600.0)
    assert (first.memory_percent, first.busy_percent) == (81.0, 72.0)
    assert (second.index, second.busy_percent) == (1, 31.0)
    (newer,) = cards_in(NEWER_TABLE, kind="dcu")
    assert (newer.memory_percent, newer.busy_percent, newer.power) == (2.0, 0.0, 96.0)
    (older,) = cards_in(OLDER_TABLE, kind="dcu")
    assert (older.temperature, older.memory_percent, older.busy_percent) == (44.0, 21.0, 83.0)


PERCENT = st.integers(0, 1000).map(lambda tenths: tenths / 10)


@given(
    word=st.sampled_from(["DCU", "HCU", "GPU"]),
    rows=st.lists(st.tuples(PERCENT, PERCENT, PERCENT), min_size=1, max_size=16),
    order=st.permutations(["Temp", "VRAM%", "{}%", "Perf", "SCLK", "Mode"]),
)
def test_whatever_the_order_of_columns_each_figure_is_found(
    word: str, rows: list[tuple[float, float, float]], order: list[str]
) -> None:
    lines = [f"{word}  " + "  ".join(order).format(word)]
    for index, (heat, memory, busy) in enumerate(rows):
        cells = {"Temp": f"{heat}C", "VRAM%": f"{memory}%", "{}%": f"{busy}%", "SCLK": "700Mhz"}
        lines.append("  ".join([str(index), *(cells.get(name, "N/A") for name in order)]))
    cards = cards_in_table("\n".join([*lines, "====="]), kind="dcu")
    found = [(card.temperature, card.memory_percent, card.busy_percent) for card in cards]
    assert found == rows


@given(
    st.text(
        alphabet=st.sampled_from("DHGCU[]0123456789:%(){}\",' \n\tcardPIDVRAMuse²infN/A.-"),
        max_size=300,
    )
)
def test_no_text_breaks_the_reading(text: str) -> None:
    for card in cards_in(text, kind="dcu") + cards_in(TABLE + text, kind="rocm"):
        assert card.index >= 0
    processes_in(text, cards=[0])


def test_processes_are_told_with_what_they_hold_on_each_card() -> None:
    assert processes_in(PIDS, cards=[0, 1]) == {
        1: {2004101: 9650 * 2**20, 2004177: 100 * 2**20},
        0: {2004177: 100 * 2**20},
    }
    assert processes_in("No KFD PIDs currently running!", cards=[0]) == {}


def test_amd_s_processes_are_told_where_there_is_one_card() -> None:
    """Its table counts the cards of a process and does not name them."""
    assert processes_in(AMD_PIDS, cards=[3]) == {3: {4711: 1342181376, 4712: 0}}
    assert processes_in(AMD_PIDS, cards=[0, 1]) == {}


@pytest.mark.parametrize("text", ["", "no such option", "{", "DCU\n", '{"card0": {}'])
def test_what_is_no_answer_brings_no_card(text: str) -> None:
    assert cards_in(text, kind="dcu") == []
