"""Trainings and exams over the API: started once, watched by cursor, marked without overwriting."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from loresmith.workspace.background import Background
from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject


@pytest.fixture
def base(project: KnownProject) -> str:
    return f"/api/v1/projects/{project.id}"


def test_a_project_without_runs_has_an_empty_list(api: TestClient, base: str) -> None:
    page = api.get(f"{base}/runs").json()
    assert (page["items"], page["next_cursor"], page["total"]) == ([], None, 0)


def test_a_check_tells_faults_and_the_command_and_starts_nothing(
    api: TestClient, base: str, home: Home, project: KnownProject
) -> None:
    asked = {"changes": {"training.rank": 8, "teacher": {"type": "openai", "model": "gpt-4o-mini"}}}
    looked = api.post(f"{base}/runs/check", json=asked).json()
    assert looked["ready"] is False
    faults = [one for one in looked["readiness"]["checks"] if one["severity"] == "fault"]
    assert [one["subject"] for one in faults] == ["teacher"]
    assert "OPENAI_API_KEY" in faults[0]["message"]
    assert "--set training.rank=8" in looked["offer"]["command"]
    assert str(home.workspace(project.id).project.folder) not in json.dumps(looked)
    assert Background(home.workspace(project.id)).jobs() == []


def test_a_wrong_setting_is_a_problem_that_names_it(api: TestClient, base: str) -> None:
    for path in (f"{base}/runs", f"{base}/runs/check"):
        reply = api.post(path, json={"changes": {"training.rank": 0}})
        assert reply.status_code == 422
        assert reply.headers["content-type"] == "application/problem+json"
        assert "training.lora.rank" in reply.json()["faults"][0]


def test_a_start_sent_twice_under_one_key_starts_one_job(
    api: TestClient, base: str, home: Home, project: KnownProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "loresmith.workspace.background.background.start_worker", lambda *_, **__: None
    )
    key = {"Idempotency-Key": "the very same"}
    asked = {"changes": {"seed": 7}, "verb": "train"}
    first = api.post(f"{base}/runs", json=asked, headers=key)
    again = api.post(f"{base}/runs", json=asked, headers=key)
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    (job,) = Background(home.workspace(project.id)).jobs()
    assert (job.id, job.verb) == (first.json()["job_id"], "train")
    assert "seed: 7" in (Path(project.folder) / "loresmith.yaml").read_text()
    stopped = api.post(f"{base}/runs/stop").json()
    assert stopped["state"] == "cancelled"
    assert api.post(f"{base}/runs/stop").status_code == 409


def test_what_is_not_there_is_not_found(api: TestClient, base: str) -> None:
    for path in ("runs/v1-x", "runs/v1-x/curves", "runs/v1-x/exam", "runs/..%2f..%2fetc/curves"):
        assert api.get(f"{base}/{path}").status_code == 404
    assert api.delete(f"{base}/runs/v1-x").status_code == 404
    assert api.get(f"{base}/exams/compare?run=a&run=b").status_code == 404
    assert api.get(f"{base}/runs/compare?run=a&run=b").status_code == 404
    assert api.get(f"{base}/runs/compare?run=a").status_code == 422


def test_settings_are_changed_by_who_has_read_them_last(api: TestClient, base: str) -> None:
    read = api.get(f"{base}/recipe")
    tag = {"If-Match": read.headers["etag"]}
    changed = api.patch(f"{base}/recipe", json={"changes": {"training.rank": 8}}, headers=tag)
    assert changed.json()["settings"]["training"]["rank"] == 8
    late = api.patch(f"{base}/recipe", json={"changes": {"training.rank": 9}}, headers=tag)
    assert late.status_code == 412
    assert api.patch(f"{base}/recipe", json={"changes": {"seed": 1}}).status_code == 428
    fresh = {"If-Match": changed.headers["etag"]}
    again = api.patch(f"{base}/recipe", json={"changes": {"training.rank": None}}, headers=fresh)
    assert again.json()["settings"]["training"]["rank"] == 64


@pytest.mark.parametrize(
    "path", ["", ".", "seed.x", "a b", "seed: 1\nexam", "training..rank", "training.rank.x"]
)
def test_a_path_that_names_no_setting_is_refused(api: TestClient, base: str, path: str) -> None:
    reply = api.patch(f"{base}/recipe", json={"changes": {path: 1}}, headers={"If-Match": "*"})
    assert reply.status_code == 422


def test_half_a_character_in_a_setting_is_no_fault_of_the_server(
    api: TestClient, base: str
) -> None:
    body = '{"changes": {"exam.system_prompt": "a\\ud800\\u0000\\u0085b"}}'
    headers = {"If-Match": "*", "content-type": "application/json"}
    reply = api.patch(f"{base}/recipe", content=body, headers=headers)
    assert reply.status_code < 500
    assert api.get(f"{base}/recipe").status_code == 200


def test_the_form_follows_from_the_schema(api: TestClient, base: str) -> None:
    form = api.get(f"{base}/recipe/form", params={"path": ["training", "seed"]}).json()
    fields = {field["path"]: field for group in form["groups"] for field in group["fields"]}
    assert fields["training.rank"]["kind"] == "integer" and fields["training.rank"]["common"]
    assert fields["training.type"]["options"][0]["value"] == "lora"
    assert fields["seed"]["value"] == 42
    assert api.get(f"{base}/recipe/form?path=training.rnak").status_code == 404
