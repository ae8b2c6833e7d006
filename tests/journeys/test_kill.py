"""A run that is killed with SIGKILL again and again ends as one that was left alone."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer
from tiny_model import make_tiny_model

_HARBOR = Path(__file__).parents[2] / "examples" / "harbor" / "documents"
_IN_FLIGHT_SECONDS = 0.5
"""A reply that went out so shortly before a kill may not have reached the client's disk."""


def _project(folder: Path) -> Path:
    project = folder / "coast"
    (project / "documents").mkdir(parents=True)
    for name in ("annual-review.md", "渔港纪要.txt"):
        shutil.copy(_HARBOR / name, project / "documents")
    return project


def _command(project: Path, base: Path, url: str) -> list[str]:
    return [
        *(sys.executable, "-c", "from loresmith.cli import main; main()", "run", str(project)),
        *("--teacher", f"openai:any@{url}", "--base-model", str(base)),
        *("--set", "training.num_epochs=3", "--set", "training.checkpoint_seconds=0.2"),
        *("--set", "exam.max_items=10", "--set", "exam.max_tokens=4"),
    ]


def _finish(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=_environment())
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENAI_API_KEY": "none"}


def _kill_after(command: list[str], seconds: float) -> float | None:
    """Runs `command` and kills it; the moment of the kill, or None if it was done before."""
    with subprocess.Popen(
        command, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            at = time.time()
            process.send_signal(signal.SIGKILL)
            return at
    return None


def _result(project: Path) -> dict[str, object]:
    """What a run brought, less what may differ between two runs (times, folder names)."""
    (report_path,) = project.glob("runs/*/report.json")
    report = json.loads(report_path.read_text(encoding="utf-8"))
    log = report_path.with_name("trainer_log.jsonl").read_text(encoding="utf-8").splitlines()
    steps = [json.loads(line)["current_steps"] for line in log]
    assert steps == list(range(1, len(steps) + 1)), "each step is logged once"
    files = sorted((project / "datasets" / "v1").iterdir())
    return {
        "files": {file.name: file.read_text(encoding="utf-8") for file in files},
        "exam": [(item["prompt"], item["before"]["reply"]) for item in report["exam"]["items"]],
        "dropped": report["dropped"],
        "losses": [round(loss, 4) for loss in report["training"]["losses"]],
    }


def _killed_many_times(folder: Path, *, kills: int, seed: int) -> None:
    base = make_tiny_model(folder / "base")
    draw = random.Random(seed)
    with TeacherServer(sentence_teacher, latency=0.25) as server:
        undisturbed = _project(folder / "undisturbed")
        began = time.time()
        _finish(_command(undisturbed, base, server.url))
        longest = time.time() - began
        calls_needed = len(server.finished)

    with TeacherServer(sentence_teacher, latency=0.25) as server:
        killed = _project(folder / "killed")
        command = _command(killed, base, server.url)
        moments = []
        for _ in range(kills):
            at = _kill_after(command, draw.uniform(0.5, longest))
            if at is None:  # it was done: begin the training and the exams anew
                shutil.rmtree(killed / "runs")
            else:
                moments.append(at)
        _finish(command)
        finished = [call for call in server.finished if "passage" in call.messages[-1]["content"]]

    assert _result(killed) == _result(undisturbed)
    paid: dict[str, float] = {}
    for call in sorted(finished, key=lambda call: call.at):
        lost = call.digest in paid and any(
            abs(at - paid[call.digest]) < _IN_FLIGHT_SECONDS for at in moments
        )
        assert call.digest not in paid or lost, "a call that was finished was paid for again"
        paid[call.digest] = call.at
    assert moments, "not one kill hit"
    assert len(paid) <= calls_needed


def test_five_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    _killed_many_times(tmp_path, kills=5, seed=5)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_hundred_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    _killed_many_times(tmp_path, kills=100, seed=100)
