"""The page Jobs: what is at work, how far it is, how it ended, and what can be done about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from loresmith.jobs.queue import Queue
from loresmith.jobs.worker_name import worker_name
from loresmith.workspace.background import Background
from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject
from projects import copy_documents
from waiting import wait_for

STEPS = {
    "parse": {"done": 2, "total": 2, "note": "", "seconds": 0.1, "began_at": 0},
    "generate": {
        "done": 30,
        "total": 120,
        "note": "35 calls <b>",
        "seconds": 10.0,
        "began_at": 10,
    },
}


@pytest.fixture
def project(home: Home, tmp_path: Path) -> KnownProject:
    return home.projects.add(copy_documents(tmp_path / "coast", "annual-review.md"), name="Coast")


@pytest.fixture
def queue(home: Home, project: KnownProject) -> Queue:
    with home.workspace(project.id).opened() as context:
        return Queue(context.engine, project_id=context.project_id)


def begun(queue: Queue, verb: str = "generate", **progress: Any) -> str:
    """A background job that this very process is at work on."""
    job_id = queue.submit(verb, {}, background=True)
    claim = queue.claim(worker_name(), job_id=job_id)
    assert claim is not None
    queue.renew(claim, progress={"steps": STEPS, "current": "generate", **progress})
    return job_id


def finished(queue: Queue, state: Any, why: str = "", **progress: Any) -> str:
    job_id = queue.submit("generate", {}, background=True)
    claim = queue.claim(worker_name(), job_id=job_id)
    assert claim is not None
    told = {"steps": STEPS, "current": "", **progress}
    queue.finish(claim, state=state, error=why, progress=told)
    return job_id


def test_an_empty_list_says_where_to_begin(client: TestClient, project: KnownProject) -> None:
    page = client.get(f"/projects/{project.id}/jobs").text
    assert "Nothing has run here yet" in page
    assert f'href="/projects/{project.id}/documents"' in page
    assert "Nothing has run yet" in client.get("/jobs").text


def test_a_job_at_work_shows_every_step_with_rate_and_time_left(
    client: TestClient, project: KnownProject, queue: Queue
) -> None:
    job_id = begun(queue)
    for address in (f"/projects/{project.id}/jobs", f"/projects/{project.id}/jobs/{job_id}"):
        page = client.get(address).text
        assert 'max="120" value="30"' in page
        assert "2.0 a second" in page
        assert "45\u00a0s left" in page
        assert "35 calls &lt;b&gt;" in page
        assert "Stop" in page
    assert "Coast" in client.get("/jobs").text
    assert 'max="120" value="30"' in client.get("/jobs/list").text


def test_a_failed_job_says_why_and_can_go_on(
    client: TestClient, project: KnownProject, queue: Queue
) -> None:
    told = {"type": "ModelUnavailable", "message": "nobody <i>answers</i>", "hint": "Start it."}
    job_id = finished(queue, "failed", "ModelUnavailable: nobody", error=told)
    page = client.get(f"/projects/{project.id}/jobs/{job_id}").text
    assert "nobody &lt;i&gt;answers" in page
    assert "Start it." in page
    assert "Go on" in page
    assert "failed" in client.get(f"/projects/{project.id}/jobs").text


def test_work_left_undone_is_not_called_done(
    client: TestClient, project: KnownProject, queue: Queue
) -> None:
    failure = {"step": "generate", "subject": "<x>.md", "reason": "no reply"}
    job_id = finished(queue, "done", failures=[failure], failure_count=3)
    page = client.get(f"/projects/{project.id}/jobs/{job_id}").text
    assert "done in part" in page
    assert "3 pieces of work are missing" in page
    assert "&lt;x&gt;.md" in page
    assert "and 2 more" in page
    again = client.post(f"/projects/{project.id}/jobs/{job_id}/retry").text
    assert "Try what is missing again" in page and f'id="job-{job_id}"' not in again
    assert "generate" in {job.kind for job in queue.jobs() if job.id != job_id}


def test_a_job_began_with_its_first_attempt(
    client: TestClient, project: KnownProject, queue: Queue, home: Home
) -> None:
    job_id = queue.submit("parse", {})
    for outcome in ("failed", "done"):
        claim = queue.claim(worker_name(), job_id=job_id)
        assert claim is not None
        queue.finish(claim, state=outcome)
        if outcome == "failed":
            queue.retry(job_id)
    job = Background(home.workspace(project.id)).job(job_id)
    assert len(job.attempts) == 2
    assert job.began_at == job.attempts[0].started_at != job.started_at
    assert job.began_at in client.get(f"/projects/{project.id}/jobs").text


def test_a_job_is_stopped_and_goes_on_from_the_page(
    client: TestClient, project: KnownProject, queue: Queue, home: Home
) -> None:
    held = queue.claim(worker_name(), job_id=queue.submit("parse", {}))
    assert held is not None
    job_id = queue.submit("parse", {"recipe": {}}, background=True)
    at = f"/projects/{project.id}/jobs/{job_id}"
    assert "stopped" in client.post(f"{at}/cancel").text
    queue.finish(held, state="done")
    retried = client.post(f"{at}/retry", data={"today": "true"})
    assert retried.headers["HX-Trigger"] == "jobschanged"
    background = Background(home.workspace(project.id))
    wait_for(lambda: background.job(job_id).is_over, what="the end of the job")
    assert background.job(job_id).state == "done"
    page = client.get(at).text
    assert "attempt 1 at `parse`" in page
    offset = client.get(f"{at}/log").json()["offset"]
    assert client.get(f"{at}/log", params={"offset": offset}).json()["text"] == ""


def test_an_unknown_job_is_not_found(client: TestClient, project: KnownProject) -> None:
    assert client.get(f"/projects/{project.id}/jobs/nothing").status_code == 404
    assert client.get("/projects/nothing/jobs").status_code == 404


def test_older_jobs_are_shown_when_asked_for(
    client: TestClient, project: KnownProject, queue: Queue
) -> None:
    for _ in range(32):
        queue.cancel(queue.submit("parse", {}, background=True))
    page = client.get(f"/projects/{project.id}/jobs").text
    assert page.count("<tr id=") == 30
    assert "Show older ones" in page
    assert client.get(f"/projects/{project.id}/jobs?limit=200").text.count("<tr id=") == 32


def test_chinese_is_spoken(client: TestClient, project: KnownProject, queue: Queue) -> None:
    begun(queue)
    page = client.get(f"/projects/{project.id}/jobs", headers={"Accept-Language": "zh-CN"}).text
    for word in ("编写问答", "运行中", "每秒 2.0 项", "停止"):
        assert word in page
