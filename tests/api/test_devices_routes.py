"""The machine over the API: figures as they are now, with or without cards, and no crash."""

from __future__ import annotations

import os

import pytest
from starlette.testclient import TestClient

from loresmith.devices.card_load import CardLoad
from loresmith.devices.load import LoadWatch
from loresmith.workspace import machine_use


def test_processor_memory_and_disk_are_told_without_a_card(
    api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_use, "_watch", LoadWatch(list))
    told = api.get("/api/v1/devices")
    assert told.status_code == 200
    load = told.json()["load"]
    assert load["cards"] == []
    assert load["cores_percent"]
    assert 0 < load["memory_used"] < load["memory_total"]
    assert all(0 <= disk["free"] <= disk["total"] for disk in load["disks"])
    server = told.json()["processes"][0]
    assert (server["role"], server["pid"]) == ("server", os.getpid())
    assert server["memory"] > 0


def test_a_card_is_told_with_what_is_ours_on_it(
    api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = CardLoad(
        index=0, name="Hygon DCU", kind="dcu", busy_percent=72.0, processes={os.getpid(): 2**30}
    )
    monkeypatch.setattr(machine_use, "_watch", LoadWatch(lambda: [card]))
    told = api.get("/api/v1/devices").json()
    (shown,) = told["load"]["cards"]
    assert (shown["name"], shown["busy_percent"], shown["memory_total"]) == (
        "Hygon DCU",
        72.0,
        None,
    )
    assert told["processes"][0]["card_memory"] == 2**30


def test_what_is_wrong_with_the_machine_is_told_with_its_fix(
    api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "all")
    told = api.get("/api/v1/devices/findings")
    assert told.status_code == 200
    (found,) = [one for one in told.json() if one["check"] == "card_environment"]
    assert found["wrong"] is True
    assert "OMP_NUM_THREADS is 'all'" in found["message"]
    assert found["hint"].startswith("Unset OMP_NUM_THREADS")
