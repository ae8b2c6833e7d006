"""The same job in a few lines of Python, on a tiny model, and what a second run makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.workspace import Progress
from projects import QUICK, copy_documents
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer

_STEPS = ("parse", "chunk", "generate", "curate", "exam before", "train", "exam after")


def test_a_workspace_runs_reports_and_runs_again_for_nothing(
    tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    project = copy_documents(tmp_path / "coast", "annual-review.md")
    told: list[Progress] = []
    with TeacherServer(sentence_teacher) as server:

        def workspace(*overrides: str) -> Workspace:
            return Workspace(
                project,
                teacher=f"openai:any@{server.url}",
                base_model=str(tiny_base),
                overrides=(*QUICK, *overrides),
            )

        report = workspace().run(on_progress=told.append)
        asked = len(server.requests)
        assert workspace().run() == report
        assert len(server.requests) == asked

        # Another exam of the same model: nothing is written or trained, and the report is new.
        more = workspace("exam.max_items=4").run()
        assert len(server.requests) == asked
    assert dict.fromkeys(one.step for one in told) == dict.fromkeys(_STEPS)
    assert all(one.done <= one.total for one in told if one.total)
    assert 4 <= report.exam.before.n <= 6  # but for those that were withheld from training
    assert more.exam.before.n <= 4
    assert more.run.id == report.run.id
    assert (more.usage.calls, more.training) == (report.usage.calls, report.training)
    assert report.usage.calls == len([call for call in server.finished if call.text != "ready"])
    assert report.dataset.rows == sum(document.rows for document in report.documents)
