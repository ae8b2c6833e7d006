"""Jobs over the API: started once, watched, stopped, and gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject
from projects import copy_documents
from waiting import wait_for


@pytest.fixture
def jobs(project: KnownProject) -> str:
    return f"/api/v1/projects/{project.id}/jobs"


def ended(api: TestClient, at: str) -> dict[str, Any]:
    wait_for(lambda: api.get(at).json()["finished_at"], what="the end of the job")
    return dict(api.get(at).json())


def test_a_job_is_started_and_watched_to_its_end(api: TestClient, jobs: str) -> None:
    started = api.post(jobs, json={"verb": "chunk"})
    assert started.status_code == 202
    at = f"{jobs}/{started.json()['job_id']}"
    job = ended(api, at)
    assert (job["state"], job["verb"]) == ("done", "chunk")
    assert [(step["name"], step["done"], step["total"]) for step in job["steps"]] == [
        ("parse", 2, 2),
        ("chunk", 2, 2),
    ]
    log = api.get(f"{at}/log").json()
    assert log["text"].endswith("done\n")
    assert api.get(f"{at}/log", params={"offset": log["offset"]}).json()["text"] == ""
    assert [one["id"] for one in api.get(jobs).json()["items"]] == [job["id"]]


def test_a_repeated_request_starts_one_job(api: TestClient, jobs: str) -> None:
    once = {"Idempotency-Key": "one job"}
    first = api.post(jobs, json={"verb": "parse"}, headers=once).json()
    assert api.post(jobs, json={"verb": "parse"}, headers=once).json() == first
    assert api.get(jobs).json()["total"] == 1
    ended(api, f"{jobs}/{first['job_id']}")


def test_a_failed_job_tells_why_and_is_retried(
    api: TestClient, jobs: str, project: KnownProject
) -> None:
    for path in (Path(project.folder) / "documents").iterdir():
        path.unlink()
    at = f"{jobs}/{api.post(jobs, json={'verb': 'parse'}).json()['job_id']}"
    job = ended(api, at)
    assert (job["state"], job["error_type"]) == ("failed", "DocumentError")
    assert job["hint"]
    (Path(project.folder) / "documents" / "a.md").write_text("# One\n\nIt opened in 2031.\n")
    assert api.post(f"{at}/retry").status_code == 202
    assert ended(api, at)["state"] == "done"
    assert [one["outcome"] for one in api.get(at).json()["attempts"]] == ["failed", "done"]
    assert api.post(f"{at}/retry").status_code == 409


def test_a_job_that_is_over_stays_as_it_is_when_cancelled(api: TestClient, jobs: str) -> None:
    at = f"{jobs}/{api.post(jobs, json={'verb': 'parse'}).json()['job_id']}"
    ended(api, at)
    assert api.post(f"{at}/cancel").json()["state"] == "done"


def test_unknown_verbs_jobs_and_offsets_are_refused(api: TestClient, jobs: str) -> None:
    assert api.post(jobs, json={"verb": "dance"}).status_code == 404
    assert api.post(jobs, json={"verb": "generate", "scope": {"chunks": []}}).status_code == 422
    assert api.get(f"{jobs}/nothing").status_code == 404
    assert api.get(f"{jobs}/nothing/log").status_code == 404
    assert api.get(f"{jobs}/nothing/log", params={"offset": -1}).status_code == 422


def test_another_project_s_job_is_not_there(
    api: TestClient, jobs: str, home: Home, tmp_path: Path
) -> None:
    job_id = api.post(jobs, json={"verb": "parse"}).json()["job_id"]
    ended(api, f"{jobs}/{job_id}")
    other = home.projects.add(copy_documents(tmp_path / "other", "annual-review.md"))
    theirs = f"/api/v1/projects/{other.id}/jobs/{job_id}"
    for answer in (
        api.get(theirs),
        api.get(f"{theirs}/log"),
        api.post(f"{theirs}/cancel"),
        api.post(f"{theirs}/retry"),
    ):
        assert answer.status_code == 404


def test_the_jobs_of_all_projects_are_listed_with_whose_they_are(
    api: TestClient, jobs: str, project: KnownProject
) -> None:
    ended(api, f"{jobs}/{api.post(jobs, json={'verb': 'parse'}).json()['job_id']}")
    (one,) = api.get("/api/v1/jobs").json()["items"]
    assert (one["project_id"], one["project_name"]) == (project.id, "Coast")
    assert one["job"]["state"] == "done"


def test_the_machine_is_told(api: TestClient) -> None:
    machine = api.get("/api/v1/devices").json()
    assert machine["load"]["memory_total"] > machine["load"]["memory_used"] > 0
    assert [one["role"] for one in machine["processes"]] == ["server"]
