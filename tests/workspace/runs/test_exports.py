"""A run is exported in the background, into its own folder; and what a run notes of itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.errors import Conflict, NotFound
from loresmith.workspace.background import Background
from loresmith.workspace.runs import ExportRequest, Runs
from waiting import wait_for


def _run(workspace: Workspace) -> Path:
    return workspace.project.runs / Runs(workspace).all()[0].id


def test_a_trained_run_is_exported_by_a_job(workspace: Workspace) -> None:
    run = _run(workspace)
    job_id = Runs(workspace).export(run.name, ExportRequest(language="zh"))
    background = Background(workspace)
    wait_for(lambda: background.job(job_id).is_over, seconds=120)
    job = background.job(job_id)
    assert (job.state, job.verb, job.error) == ("done", "export", "")
    assert [(step.name, step.done, step.total) for step in job.steps] == [("export", 1, 1)]
    note = json.loads((run / "export" / "export.json").read_text(encoding="utf-8"))
    assert note["type"] == "merged"
    assert "闭卷考试" in (run / "export" / "README.md").read_text(encoding="utf-8")


def test_a_run_that_is_not_trained_is_not_exported(workspace: Workspace) -> None:
    run = _run(workspace)
    for folder in ("adapter", "model"):
        if (run / folder).exists():
            (run / folder).rename(run / f"no-{folder}")
    with pytest.raises(Conflict, match="not trained yet"):
        Runs(workspace).export(run.name)
    with pytest.raises(NotFound):
        Runs(workspace).export("../elsewhere")


def test_a_run_notes_what_it_was_computed_with_and_on(examined: Path) -> None:
    (run,) = (one for one in (examined / "runs").iterdir() if (one / "run.json").is_file())
    noted = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    assert {"loresmith", "torch", "transformers"} <= noted["packages"].keys()
    assert noted["device"]["kind"] == "cpu"
    assert noted["data"]["rows"] > 0 and len(noted["data"]["hash"]) == 24
    assert noted["started_at"]
    for name in ("recipe.yaml", "trainer_log.jsonl", "training.json", "training_loss.png"):
        assert (run / name).is_file()


def test_a_runs_card_says_what_it_was_made_of_and_what_its_exam_said(examined: Path) -> None:
    (card,) = (examined / "runs").glob("*/README.md")
    text = card.read_text(encoding="utf-8")
    noted = json.loads((card.parent / "environment.json").read_text(encoding="utf-8"))
    report = json.loads((card.parent / "report.json").read_text(encoding="utf-8"))
    assert text.startswith("---\nlibrary_name: ")
    assert noted["data"]["hash"] in text
    assert f"Rows learned: {noted['data']['rows']}" in text
    after = report["exam"]["after"]
    assert f"| {after['accuracy']:.0%} | {after['n']} |" in text
