"""The example leads a new user from step to step, until the guide is put away."""

from __future__ import annotations

from pathlib import Path

import pytest

from loresmith.jobs.queue import Queue
from loresmith.jobs.worker_name import worker_name
from loresmith.records import Review
from loresmith.settings import load_settings
from loresmith.workspace import Workspace
from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject, end_guide, guide_of
from loresmith.workspace.rows import RowFilter, Rows
from loresmith.workspace.steps.curate import curated


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "home"))
    return Home(load_settings())


@pytest.fixture
def example(home: Home) -> KnownProject:
    return home.projects.create_example("港口示例")


def next_step(known: KnownProject) -> str:
    guide = guide_of(known)
    assert guide is not None
    return guide.current


def test_the_example_leads_from_writing_to_the_chat(example: KnownProject) -> None:
    assert next_step(example) == "write"
    workspace = Workspace(example.folder)
    workspace.do("curate")
    assert next_step(example) == "review"
    with workspace.opened() as context:
        kept = curated(context)
        assert kept is not None
        row = kept.facts[0].id
        context.store.add([Review(id="r1", subject_id=row, verdict="confirmed", at="2031-01-01")])
    assert next_step(example) == "train"
    run = Path(example.folder) / "runs" / "v1-first"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    assert next_step(example) == "train", "a training that has not come to its end"
    (run / "training.json").write_text("{}")
    assert next_step(example) == "exam"
    (run / "report.json").write_text(
        '{"exam": {"before": {"accuracy": 0.1}, "after": {"accuracy": 0.8}}}'
    )
    assert next_step(example) == "chat"


def test_whoever_trains_without_a_review_is_not_sent_back(example: KnownProject) -> None:
    Workspace(example.folder).do("curate")
    run = Path(example.folder) / "runs" / "v1-first"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    assert next_step(example) == "train"
    (run / "training.json").write_text("{}")
    guide = guide_of(example)
    assert guide is not None and guide.current == "exam"
    assert guide.done == ("write", "train"), "nobody has reviewed anything"


def test_whoever_rejects_every_row_is_not_sent_back_to_write(example: KnownProject) -> None:
    workspace = Workspace(example.folder)
    workspace.do("curate")
    Rows(workspace).review(RowFilter(), "rejected")
    assert next_step(example) == "train"


def test_a_guide_tells_of_the_job_at_work_and_of_one_that_failed(example: KnownProject) -> None:
    with Workspace(example.folder).opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
    job_id = queue.submit("generate", {}, background=True)
    guide = guide_of(example)
    assert guide is not None
    assert (guide.working, guide.failed_job) == (True, "")
    claim = queue.claim(worker_name(), job_id=job_id)
    assert claim is not None
    queue.finish(claim, state="failed", error="no reply")
    guide = guide_of(example)
    assert guide is not None
    assert (guide.working, guide.failed_job) == (False, job_id)
    queue.submit("generate", {}, background=True)
    guide = guide_of(example)
    assert guide is not None
    assert (guide.working, guide.failed_job) == (True, "")


def test_only_the_example_is_guided_and_only_until_that_is_ended(
    home: Home, example: KnownProject
) -> None:
    assert guide_of(home.projects.create("Mine")) is None
    assert guide_of(home.projects.create_like(example.id, "Alike", with_documents=True)) is None
    end_guide(example)
    end_guide(example)
    assert guide_of(example) is None


def test_a_project_that_cannot_be_opened_is_not_guided(example: KnownProject) -> None:
    (Path(example.folder) / "loresmith.yaml").write_text("teacher: 7\n")
    assert guide_of(example) is None
