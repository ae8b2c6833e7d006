"""The page Devices: the machine as it is now, whatever cards it has."""

from __future__ import annotations

import os

import pytest
from starlette.testclient import TestClient

from loresmith.devices.card_load import CardLoad
from loresmith.devices.load import LoadWatch
from loresmith.workspace import machine_use


def test_the_machine_and_our_processes_are_shown(client: TestClient) -> None:
    page = client.get("/devices").text
    for word in ("Processor", "Memory and disks", "This studio", str(os.getpid())):
        assert word in page
    assert "Our processes" in client.get("/devices/now").text


def test_a_machine_without_cards_says_what_could_be_asked(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_use, "_watch", LoadWatch(list))
    assert "No card that can be asked" in client.get("/devices").text


def test_cards_show_what_they_tell_and_nothing_else(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = CardLoad(
        index=0,
        name="Hygon DCU <BW>",
        kind="dcu",
        busy_percent=72.0,
        memory_used=8 * 2**30,
        memory_total=64 * 2**30,
        temperature=64.0,
        power=96.0,
        power_limit=600.0,
        processes={os.getpid(): 3 * 2**30},
    )
    silent = CardLoad(index=1, name="Hygon DCU", kind="dcu")
    monkeypatch.setattr(machine_use, "_watch", LoadWatch(lambda: [told, silent]))
    page = client.get("/devices", headers={"Accept-Language": "zh"}).text
    for word in ("Hygon DCU &lt;BW&gt;", "72 %", "64 °C", "96 / 600 W", "64\u00a0GB", "加速卡"):
        assert word in page
    assert "3\u00a0GB" in page, "what our processes hold of a card"


def test_what_is_wrong_with_the_machine_is_told_in_chinese_with_the_fix(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "<all>")
    assert "/devices/findings" in client.get("/devices").text
    page = client.get("/devices/findings", headers={"Accept-Language": "zh"}).text
    assert "OMP_NUM_THREADS 为“&lt;all&gt;”，不是线程数" in page
    assert "请取消设置 OMP_NUM_THREADS" in page
