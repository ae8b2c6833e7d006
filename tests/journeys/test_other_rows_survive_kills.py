"""The writing of rows of other kinds, killed with SIGKILL, goes on where it stood."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from pathlib import Path

from projects import command, copy_documents, environment, loresmith, with_settings
from servers.row_teacher import row_teacher
from servers.teacher_server import TeacherServer

ROWS = (
    "generation.rows=[{type: dialogue}, {type: preference, form: both}, {type: pretraining},"
    " {type: comparison, across: passages, alike: 0.3},"
    " {type: distillation, topic: Harbours, branches: 2, leaves: 2, questions: 2}]"
)
_CONCURRENCY = 5
"""So many replies may be on their way to the client's disk when it is killed, and no more."""


def files(project: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (project / "datasets" / "v1").iterdir()}


def words_for(project: Path, server: TeacherServer) -> list[str | Path]:
    teacher = ("--teacher", f"openai:any@{server.url}")
    return ["dataset", project, *teacher, *with_settings([ROWS])]


def test_a_killed_writing_of_other_rows_ends_as_one_that_was_left_alone(tmp_path: Path) -> None:
    documents = ("annual-review.md", "渔港纪要.txt")
    quiet = copy_documents(tmp_path / "quiet" / "coast", *documents)
    with TeacherServer(row_teacher) as server:
        done = loresmith(*words_for(quiet, server))
        assert done.code == 0, done.err[-2000:]
        calls = len(server.finished)
    killed = copy_documents(tmp_path / "killed" / "coast", *documents)
    in_flight: set[str] = set()
    with TeacherServer(row_teacher, latency=0.3) as server:
        for stop in (calls // 3, 2 * calls // 3):
            with subprocess.Popen(
                command(*words_for(killed, server)),
                env=environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ) as process:
                while process.poll() is None and len(server.finished) < stop:
                    time.sleep(0.01)
                process.kill()
            in_flight |= {call.digest for call in server.finished[-_CONCURRENCY:]}
        done = loresmith(*words_for(killed, server))
        assert done.code == 0, done.err[-2000:]
        paid = server.finished
    assert files(killed) == files(quiet)
    times = Counter(call.digest for call in paid if call.text != "ready")
    assert {digest for digest, count in times.items() if count > 1} <= in_flight
