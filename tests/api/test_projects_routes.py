"""Projects over the API: the same as on their page."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from loresmith.jobs.queue import Queue
from loresmith.jobs.worker_name import worker_name
from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject

PROJECTS = "/api/v1/projects"


def test_a_project_is_made_read_renamed_and_deleted(api: TestClient, home: Home) -> None:
    made = api.post(PROJECTS, json={"name": "Harbour", "source": "example"})
    assert made.status_code == 201
    card = made.json()
    assert (card["name"], card["documents"], card["runs"]) == ("Harbour", 6, 0)
    assert "folder" not in card, "no path of the server leaves it"
    at = f"{PROJECTS}/{card['id']}"
    read = api.get(at)
    changed = api.patch(at, json={"name": "Port"}, headers={"If-Match": read.headers["etag"]})
    assert changed.json()["name"] == "Port"
    assert api.get(f"{at}/losses").json()["documents"] == 6
    assert api.delete(at).json()["documents"] == 6
    assert api.get(at).status_code == 404
    assert home.projects.all() == []


def test_two_who_rename_at_once_do_not_overwrite_one_another(
    api: TestClient, project: KnownProject
) -> None:
    at = f"{PROJECTS}/{project.id}"
    etag = api.get(at).headers["etag"]
    assert api.patch(at, json={"name": "A"}, headers={"If-Match": etag}).status_code == 200
    assert api.patch(at, json={"name": "B"}, headers={"If-Match": etag}).status_code == 412
    assert api.patch(at, json={"name": "B"}).status_code == 428
    assert api.get(at).json()["name"] == "A"


def test_settings_are_copied_with_or_without_documents(
    api: TestClient, project: KnownProject
) -> None:
    new = {"name": "Copy", "source": "copy", "copy_of": project.id}
    assert api.post(PROJECTS, json=new).json()["documents"] == 0
    assert api.post(PROJECTS, json=new | {"with_documents": True}).json()["documents"] == 2
    assert api.post(PROJECTS, json=new | {"copy_of": "nothing"}).status_code == 404


def test_a_repeated_request_makes_one_project(api: TestClient) -> None:
    once = {"Idempotency-Key": "first"}
    first = api.post(PROJECTS, json={"name": "Coast"}, headers=once).json()
    assert api.post(PROJECTS, json={"name": "Coast"}, headers=once).json() == first
    assert api.get(PROJECTS).json()["total"] == 1


def test_a_bad_name_is_a_problem(api: TestClient) -> None:
    answer = api.post(PROJECTS, json={"name": " "})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "needs a name" in answer.json()["detail"]


def test_projects_come_in_pages_newest_first(api: TestClient, home: Home) -> None:
    for name in ("a", "b", "c"):
        home.projects.create(name)
    first = api.get(PROJECTS, params={"limit": 2}).json()
    rest = api.get(PROJECTS, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [card["name"] for card in first["items"] + rest["items"]] == ["c", "b", "a"]
    assert rest["next_cursor"] is None


def test_a_project_at_work_is_not_deleted(
    api: TestClient, home: Home, project: KnownProject
) -> None:
    with home.workspace(project.id).opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        queue.claim(worker_name(), job_id=queue.submit("run", {}))
    assert api.delete(f"{PROJECTS}/{project.id}").status_code == 409
    assert Path(project.folder).exists()
