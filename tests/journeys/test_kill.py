"""A run that is killed with SIGKILL again and again ends as one that was left alone."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from loresmith import records
from loresmith.database import open_database, sqlite_url
from loresmith.store.sql import SqlStore
from projects import QUICK, command, copy_documents, environment, loresmith, with_settings
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import FinishedCall, TeacherServer

_IN_FLIGHT_SECONDS = 1.0
"""A reply that went out so shortly before a kill may not have reached the client's disk."""
_CONCURRENCY = 5
_FEWEST_KILLS = 4
"""Of the five that are drawn for a journey: what comes when all is done is none."""
_TRIES = 3
"""So many journeys are begun for one with enough kills: some are quicker than undisturbed."""
_STAGES = ("parse", "generate", "exam before", "train", "exam after", "report")
_STORED = ("Document", "Chunk", "Fact", "Wording", "Curated", "Dataset", "Run", "ExamReply")


class _Moment(NamedTuple):
    """When to kill: so many seconds after the first sign of life from a stage, or a later one."""

    stage: str
    seconds: float


class _Journey:
    """One project with a teacher of its own, whose log is the proof of what was paid for."""

    def __init__(self, folder: Path, base: Path, server: TeacherServer) -> None:
        self.project = copy_documents(folder / "coast", "annual-review.md", "渔港纪要.txt")
        self._server = server
        self._words = [
            *("run", self.project, "--teacher", f"openai:any@{server.url}", "--base-model", base),
            *with_settings((*QUICK, "training.checkpoint_seconds=0.2")),
        ]
        self._said = folder / "stderr.txt"

    def finish(self) -> None:
        done = loresmith(*self._words)
        assert done.code == 0, done.err[-3000:]

    def kill(self, moment: _Moment) -> float | None:
        """Runs and kills it then; the time of the kill, or None if it was done before."""
        due: float | None = None
        with (
            self._said.open("wb") as said,
            subprocess.Popen(
                command(*self._words), env=environment(), stdout=said, stderr=said
            ) as process,
        ):
            while process.poll() is None:
                now = time.monotonic()
                if due is None and self._has_reached(moment.stage):
                    due = now + moment.seconds
                if due is not None and now >= due:
                    process.kill()
                    return time.time()
                time.sleep(0.01)
        assert process.returncode == 0, self._said.read_text(encoding="utf-8")[-3000:]
        return None

    def _has_reached(self, stage: str) -> bool:
        said = self._said.read_text(encoding="utf-8", errors="replace").splitlines()
        later = tuple(f"{name}:" for name in _STAGES[_STAGES.index(stage) :])
        return any(line.startswith(later) for line in said)

    @property
    def paid(self) -> list[FinishedCall]:
        """What the server answered in full, less the little call that asks whether it is there."""
        return [call for call in self._server.finished if call.text != "ready"]

    @property
    def report(self) -> dict[str, Any]:
        (path,) = self.project.glob("runs/*/report.json")
        return dict(json.loads(path.read_text(encoding="utf-8")))

    def result(self) -> dict[str, Any]:
        """All that may not differ between two runs: not times, nor the last digits of a loss.

        An id is the hash of what it stands for, and the store has one row for each.
        """
        files = sorted((self.project / "datasets" / "v1").iterdir())
        return {
            "files": {file.name: file.read_bytes() for file in files},
            "stored": self._stored_ids(),
            "exam": [
                (item["id"], item["prompt"], item["before"]["reply"])
                for item in self.report["exam"]["items"]
            ],
            "dropped": self.report["dropped"],
        }

    def steps_logged(self) -> list[int]:
        (log,) = self.project.glob("runs/*/trainer_log.jsonl")
        return [
            json.loads(line)["current_steps"]
            for line in log.read_text(encoding="utf-8").splitlines()
        ]

    def _stored_ids(self) -> dict[str, list[str]]:
        state = self.project / ".loresmith"
        project_id = json.loads((state / "project.json").read_text(encoding="utf-8"))["id"]
        engine = open_database(sqlite_url(state / "project.sqlite"))
        store = SqlStore(engine, project_id=project_id)
        found = {
            name: sorted(one.id for one in store.all(getattr(records, name))) for name in _STORED
        }
        engine.dispose()
        return found


def test_a_run_that_is_killed_five_times_ends_as_one_that_was_left_alone(
    tmp_path: Path, tiny_base: Path
) -> None:
    _killed(tmp_path, tiny_base, journeys=1, seed=5)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_hundred_kills_change_nothing(tmp_path: Path, tiny_base: Path) -> None:
    _killed(tmp_path, tiny_base, journeys=20, seed=100)


def _killed(folder: Path, base: Path, *, journeys: int, seed: int) -> None:
    draw = random.Random(seed)
    with TeacherServer(sentence_teacher, latency=0.25) as server:
        undisturbed = _Journey(folder / "undisturbed", base, server)
        undisturbed.finish()
    assert not server.paid_twice
    left = journeys
    for number in range(_TRIES * journeys):
        with TeacherServer(sentence_teacher, latency=0.25) as server:
            killed = _Journey(folder / f"killed {number}", base, server)
            moments = _draw_moments(draw, undisturbed.report["usage"]["seconds"])
            kills = [at for moment in moments if (at := killed.kill(moment)) is not None]
            killed.finish()
        assert killed.result() == undisturbed.result()
        _assert_trained_alike(killed, undisturbed)
        _assert_paid_once(killed.paid, kills)
        assert {call.digest for call in killed.paid} == {c.digest for c in undisturbed.paid}
        left -= len(kills) >= _FEWEST_KILLS
        if not left:
            return
    pytest.fail("the kills came when all was done")


def _draw_moments(draw: random.Random, seconds: dict[str, float]) -> list[_Moment]:
    """Moments spread over all that takes time, in the order in which a run comes to them."""
    stages = ["parse", "generate", "exam before", "train", draw.choice(("train", "exam after"))]
    drawn = [_Moment(stage, draw.uniform(0.0, seconds.get(stage, 0.3))) for stage in stages]
    return sorted(drawn, key=lambda moment: (_STAGES.index(moment.stage), moment.seconds))


def _assert_trained_alike(killed: _Journey, undisturbed: _Journey) -> None:
    losses = killed.report["training"]["losses"]
    assert losses == pytest.approx(undisturbed.report["training"]["losses"], abs=1e-4)
    assert killed.steps_logged() == list(range(1, len(losses) + 1)), "each step is logged once"


def _assert_paid_once(paid: Sequence[FinishedCall], kills: Sequence[float]) -> None:
    """A call was paid for again only if its reply was under way when the run was killed."""
    lost = dict.fromkeys(kills, 0)
    for digest in {call.digest for call in paid}:
        times = sorted(call.at for call in paid if call.digest == digest)
        for earlier, _later in pairwise(times):
            kill = min(kills, key=lambda at: abs(at - earlier), default=0.0)
            assert abs(kill - earlier) < _IN_FLIGHT_SECONDS, "a finished call was paid for again"
            lost[kill] += 1
    assert all(count <= _CONCURRENCY for count in lost.values())
