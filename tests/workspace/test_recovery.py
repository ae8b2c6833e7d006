"""A server sees to the jobs of every project, whatever has become of their workers and recipes."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from loresmith.jobs.queue import Queue
from loresmith.jobs.worker_name import worker_name
from loresmith.settings import load_settings
from loresmith.workspace import Workspace
from loresmith.workspace.background import Background
from loresmith.workspace.home import Home
from loresmith.workspace.recovery import Recovery
from projects import copy_documents
from waiting import wait_for

DEAD = worker_name().rsplit("/", 1)[0] + "/1000000000"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LORESMITH_DATABASE_URL", raising=False)
    return Home(load_settings())


def left_behind(folder: Path) -> str:
    """A job whose worker died in the midst of it."""
    workspace = Workspace(folder)
    with workspace.opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        payload = {"recipe": workspace.recipe.model_dump(mode="json")}
        job_id = queue.submit("chunk", payload, background=True)
        queue.claim(DEAD)
    return job_id


def test_what_a_crash_left_behind_goes_on_even_where_today_s_recipe_is_broken(
    home: Home, tmp_path: Path
) -> None:
    folder = copy_documents(tmp_path / "coast", "annual-review.md")
    home.projects.add(folder)
    job_id = left_behind(folder)
    workspace = Workspace(folder)
    (folder / "loresmith.yaml").write_text("sed: 1")
    Recovery(home).look()
    wait_for(lambda: Background(workspace).job(job_id).is_over, what="the end of the job")
    job = Background(workspace).job(job_id)
    assert job.state == "done"
    assert [attempt.outcome for attempt in job.attempts] == ["lost", "done"]


def test_a_project_that_is_gone_is_told_once_and_stops_no_other(
    home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home.projects.add(copy_documents(tmp_path / "gone", "annual-review.md"))
    folder = copy_documents(tmp_path / "coast", "annual-review.md")
    home.projects.add(folder)
    job_id = left_behind(folder)
    (tmp_path / "gone").rename(tmp_path / "elsewhere")
    recovery = Recovery(home)
    with caplog.at_level(logging.WARNING):
        recovery.look()
        recovery.look()
    assert len([one for one in caplog.records if "cannot be recovered" in one.message]) == 1
    background = Background(Workspace(folder))
    wait_for(lambda: background.job(job_id).is_over, what="the end of the job")
    assert background.job(job_id).state == "done"


def test_a_quiet_project_is_not_asked_again_until_something_happens(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_documents(tmp_path / "coast", "annual-review.md")
    home.projects.add(folder)
    asked: list[Path] = []
    recover = Background.recover

    def counted(self: Background) -> bool:
        asked.append(folder)
        return recover(self)

    monkeypatch.setattr(Background, "recover", counted)
    recovery = Recovery(home)
    for _ in range(3):
        recovery.look()
    assert asked == [], "a project without a database has no job"
    Workspace(folder).do("parse")
    asked.clear()
    for _ in range(3):
        recovery.look()
    assert len(asked) == 1
    job_id = left_behind(folder)
    recovery.look()
    assert len(asked) == 2
    background = Background(Workspace(folder))
    wait_for(lambda: background.job(job_id).is_over, what="the end of the job")
