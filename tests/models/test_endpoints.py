"""Calls of several processes, and rates, at one real endpoint."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from loresmith.models import OpenAICompatible, Sampling
from loresmith.models.limits.of_machine import EndpointLimits, LimitsOfMachine
from loresmith.records import Message
from loresmith.settings import load_settings
from servers.teacher_server import TeacherServer

ASKED = (Message(role="user", content="ready?"),)
CALLS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from loresmith.models import OpenAICompatible, Sampling
from loresmith.records import Message
asked = (Message(role="user", content="ready?"),)
with OpenAICompatible(model="any", url=sys.argv[1], concurrency=3).open() as model:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: model.reply(asked, Sampling()), range(12)))
"""


@pytest.fixture(autouse=True)
def home_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "home"))


def ask(server: TeacherServer, calls: int, **settings: Any) -> float:
    """Calls at once; returns the seconds that they took."""
    spec = OpenAICompatible(model="any", url=server.url, **settings)
    with spec.open() as model, ThreadPoolExecutor(calls) as pool:
        began = time.monotonic()
        list(pool.map(lambda _: model.reply(ASKED, Sampling()), range(calls)))
        return time.monotonic() - began


def test_two_processes_stay_within_one_limit() -> None:
    with TeacherServer(latency=0.1) as server:
        command = [sys.executable, "-c", CALLS, server.url]
        both = [subprocess.Popen(command, env={**os.environ}) for _ in range(2)]
        assert [process.wait(60) for process in both] == [0, 0]
        assert len(server.finished) == 24
        assert server.most_at_once <= 3


def test_requests_a_minute_are_kept() -> None:
    with TeacherServer() as server:
        # 50 % of 240 a minute may come at once only by the burst of 8; then one in 0.26 s.
        seconds = ask(server, 12, concurrency=12, requests_per_minute=240)
        assert len(server.finished) == 12
        assert 0.5 <= seconds < 20


def test_tokens_a_minute_are_kept() -> None:
    with TeacherServer() as server:
        # 500 tokens are expected of a first reply: two fit the burst, others wait.
        seconds = ask(server, 4, concurrency=4, tokens_per_minute=60_000)
        assert len(server.finished) == 4
        assert seconds < 20


def test_the_limits_of_the_machine_hold_beside_those_of_the_recipe() -> None:
    with TeacherServer(latency=0.05) as server:
        LimitsOfMachine(load_settings().home).set(server.url, EndpointLimits(concurrency=2))
        ask(server, 8, concurrency=8)
        assert server.most_at_once == 2


def test_auto_gets_all_calls_done_and_widens() -> None:
    with TeacherServer(latency=0.02) as server:
        spec = OpenAICompatible(model="any", url=server.url, concurrency="auto")
        with spec.open() as model, ThreadPoolExecutor(16) as pool:
            first = model.concurrency
            replies = list(pool.map(lambda _: model.reply(ASKED, Sampling()), range(900)))
            assert len(replies) == 900
            assert model.concurrency > first


def test_the_pace_changes_nothing_of_what_is_done_already() -> None:
    slow = OpenAICompatible(model="any", requests_per_minute=5, tokens_per_minute=1000)
    assert slow.fingerprint() == OpenAICompatible(model="any").fingerprint()
