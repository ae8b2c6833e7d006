"""Work that is under way goes on, whoever is killed: who submitted it, or who does it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from loresmith.workspace import Workspace
from loresmith.workspace.background import Background, BackgroundJob
from projects import QUICK, copy_documents, environment
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import FinishedCall, TeacherServer
from waiting import wait_for

SUBMIT_AND_WAIT = """if True:
    import sys, time
    from loresmith.workspace import Workspace
    from loresmith.workspace.background import Background
    workspace = Workspace(sys.argv[1], teacher=sys.argv[2], base_model=sys.argv[3],
                          overrides=sys.argv[4:])
    print(Background(workspace).submit("run"), flush=True)
    time.sleep(600)
"""
_IN_FLIGHT_SECONDS = 1.0
"""A reply that went out so shortly before a kill may not have reached the worker's disk."""
_CONCURRENCY = 5


@pytest.fixture
def server() -> TeacherServer:
    return TeacherServer(sentence_teacher, latency=0.25)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return copy_documents(tmp_path / "coast", "annual-review.md", "渔港纪要.txt")


def test_a_run_outlives_everybody_who_works_at_it(
    folder: Path, tiny_base: Path, server: TeacherServer
) -> None:
    settings = (*QUICK, "training.checkpoint_seconds=0.2")
    teacher = f"openai:any@{server.url}"
    killed = threading.Event()

    def answer(messages: list[dict[str, str]]) -> str:
        if len(server.finished) > 3:
            killed.wait(250)
        return sentence_teacher(messages)

    server.answer = answer
    with server:
        job_id = _submit_and_be_killed(folder, teacher, tiny_base, settings)
        background = Background(
            Workspace(folder, teacher=teacher, base_model=str(tiny_base), overrides=settings)
        )
        kills = [_kill_worker(background, job_id, step="generate")]
        killed.set()
        kills.append(_kill_worker(background, job_id, step="train"))
        wait_for(lambda: background.job(job_id).is_over, seconds=250, what="the end")
        paid = [call for call in server.finished if call.text != "ready"]
    job = background.job(job_id)
    assert (job.state, job.error, job.failure_count) == ("done", "", 0)
    assert [attempt.outcome for attempt in job.attempts] == ["lost", "lost", "done"]
    assert all(step.done == step.total > 0 for step in job.steps if step.name != "fetch")
    _assert_paid_once(paid, kills)
    log = background.log(job_id).text
    assert [f"attempt {number}" in log for number in (1, 2, 3)] == [True] * 3
    assert list(folder.glob("runs/*/report.html"))


def _submit_and_be_killed(folder: Path, teacher: str, base: Path, settings: Sequence[str]) -> str:
    """Submits the job from a process that is killed as soon as it has the id."""
    with subprocess.Popen(
        [sys.executable, "-c", SUBMIT_AND_WAIT, str(folder), teacher, str(base), *settings],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        job_id = process.stdout.readline().strip()
        assert job_id
        process.kill()
    return job_id


def _kill_worker(background: Background, job_id: str, *, step: str) -> float:
    """Kills whoever is at work in the midst of a step, has it taken up again, and says when."""

    def in_the_midst() -> bool:
        job = background.job(job_id)
        assert not job.is_over, f"{step} was over too soon: {job.error}"
        return job.state == "running" and any(
            one.name == step and 0 < one.done < one.total for one in job.steps
        )

    wait_for(in_the_midst, seconds=200, what=step)
    os.kill(_pid(background.job(job_id)), signal.SIGKILL)
    killed_at = time.time()
    wait_for(background.recover, what="somebody who takes up the job")
    return killed_at


def _pid(job: BackgroundJob) -> int:
    return int(job.attempts[-1].worker.rsplit("/", 2)[1])


def _assert_paid_once(paid: Sequence[FinishedCall], kills: Sequence[float]) -> None:
    """A call was paid for again only if its reply was under way when the worker was killed."""
    lost = dict.fromkeys(kills, 0)
    for digest in {call.digest for call in paid}:
        times = sorted(call.at for call in paid if call.digest == digest)
        for earlier, _later in pairwise(times):
            kill = min(kills, key=lambda at: abs(at - earlier))
            assert abs(kill - earlier) < _IN_FLIGHT_SECONDS, "a finished call was paid for again"
            lost[kill] += 1
    assert all(count <= _CONCURRENCY for count in lost.values())
