"""A worker is started where none is, also where the end of the last has not been noted yet."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from loresmith.workspace.background import launching
from loresmith.workspace.project import Project
from waiting import wait_for


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Workers that do nothing but stay, in the order of their start; nobody notes their end."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(_project: Project) -> subprocess.Popen[bytes]:
        processes.append(subprocess.Popen(["sleep", "600"]))
        return processes[-1]

    monkeypatch.setattr(launching, "_start", start)
    monkeypatch.setattr(launching.threading.Thread, "start", lambda _thread: None)
    monkeypatch.setattr(subprocess.Popen, "poll", lambda _process: None)  # as amid another's wait
    return processes


def test_another_worker_is_started_only_where_the_last_is_gone(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    project = Project.at(tmp_path)
    assert launching.start_worker(project)
    assert not launching.start_worker(project, unless_starting=True)
    os.kill(started[0].pid, signal.SIGKILL)
    wait_for(lambda: psutil.Process(started[0].pid).status() == psutil.STATUS_ZOMBIE)
    assert launching.start_worker(project, unless_starting=True)
    for process in started:
        process.kill()
        process.wait()
    assert len(started) == 2
