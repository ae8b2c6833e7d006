"""Providers and base models over the API; a key goes in and comes out nowhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject
from servers.teacher_server import TeacherServer, always, status

KEY = "sk-routes-9876543210zyxw"


@pytest.fixture
def server() -> Iterator[TeacherServer]:
    refusal = status(401, {"message": f"Incorrect API key provided: {KEY}"})
    with TeacherServer(script=always(refusal)) as made:
        yield made


def test_a_key_is_in_no_reply_no_log_and_no_file_that_is_not_encrypted(
    api: TestClient,
    home: Home,
    project: KnownProject,
    server: TeacherServer,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    replies: list[str] = []

    def ask(method: str, path: str, **named: object) -> dict[str, str]:
        reply = api.request(method, f"/api/v1{path}", **named)  # type: ignore[arg-type]
        replies.append(f"{reply.status_code} {reply.headers} {reply.text}")
        return dict(reply.json()) if reply.text.startswith("{") else {}

    lab = ask("POST", "/providers", json={"name": "Lab", "url": server.url, "needs_key": True})[
        "id"
    ]
    assert ask("PUT", f"/providers/{lab}/key", json={"key": KEY})["key"] == "set"
    ask("PUT", "/providers/deepseek/key", json={"key": KEY})
    ask("PUT", "/providers/ollama/key", json={"key": KEY})
    ask("PUT", "/providers/none/key", json={"key": KEY})
    ask("PUT", "/providers/deepseek/key", json={"key": KEY + "\n" + KEY})
    ask("PUT", "/providers/deepseek/key", json={"kee": KEY})
    ask("PUT", "/providers/deepseek/key", json=[KEY])
    ask("PUT", "/providers/deepseek/key", json={"key": KEY, "more": KEY})
    assert ask("POST", f"/providers/{lab}/test", json={"model": "m"})["finding"] == "wrong_key"
    ask("PUT", f"/projects/{project.id}/teacher", json={"teacher": f"{lab}:m"})
    ask("GET", f"/projects/{project.id}/models")
    ask("GET", "/providers")
    (home.settings.home / "keys.key").write_bytes(b"damaged")
    ask("GET", "/providers")
    ask("POST", f"/providers/{lab}/test", json={"model": "m"})
    ask("DELETE", f"/providers/{lab}/key")
    assert any(reply.startswith("500") and "keys.key" in reply for reply in replies)
    printed = capfd.readouterr()
    written = [
        path.read_bytes().decode("utf-8", "replace")
        for folder in (home.settings.home, Path(project.folder))
        for path in folder.rglob("*")
        if path.is_file()
    ]
    for text in (*replies, caplog.text, printed.out, printed.err, *written):
        assert KEY not in text
        assert KEY[-4:] not in text


def test_an_endpoint_is_added_tested_chosen_and_removed(
    api: TestClient, project: KnownProject
) -> None:
    with TeacherServer() as server:
        wanted = {"name": "Lab", "url": server.url, "model": "any"}
        lab = api.post("/api/v1/providers", json=wanted).json()
        assert api.post("/api/v1/providers", json=wanted).status_code == 409
        found = api.post(f"/api/v1/providers/{lab['id']}/test", json={}).json()
        assert (found["finding"], found["ok"]) == ("ok", True)
        assert api.get(f"/api/v1/providers/{lab['id']}/models").json()["models"] == ["any"]
    base = f"/api/v1/projects/{project.id}"
    chosen = api.put(f"{base}/teacher", json={"teacher": f"{lab['id']}:any"}).json()
    assert chosen["teacher"] == f"{lab['id']}:any"
    assert api.get(f"{base}/models").json() == chosen
    assert api.delete(f"/api/v1/providers/{lab['id']}").status_code == 204
    assert api.delete(f"/api/v1/providers/{lab['id']}").status_code == 404
    assert api.delete("/api/v1/providers/openai").status_code == 404


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest", "file:///etc/passwd", "http://"])
def test_no_endpoint_leads_to_metadata_or_files(api: TestClient, url: str) -> None:
    reply = api.post("/api/v1/providers", json={"name": "Evil", "url": url})
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"


def test_a_teacher_that_is_at_no_provider_is_refused(
    api: TestClient, project: KnownProject
) -> None:
    wanted = {"teacher": "openai:m@http://attacker.example/v1"}
    reply = api.put(f"/api/v1/projects/{project.id}/teacher", json=wanted)
    assert (reply.status_code, "attacker" in reply.json()["detail"]) == (422, True)


def test_base_models_are_listed_and_chosen_by_name(
    api: TestClient,
    home: Home,
    project: KnownProject,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for cache in ("HF_HUB_CACHE", "MODELSCOPE_CACHE"):
        monkeypatch.setenv(cache, str(tmp_path / cache))
    folder = home.settings.models / "小模型"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    listed = api.get("/api/v1/base-models")
    assert [one["id"] for one in listed.json()["items"]] == ["embedded", "folder:小模型"]
    base = f"/api/v1/projects/{project.id}"
    chosen = api.put(f"{base}/base-model", json={"id": "embedded"})
    assert chosen.json()["base_model"] == "embedded"
    for reply in (listed, chosen):
        assert str(home.settings.home) not in reply.text


@pytest.mark.parametrize(
    "name",
    [
        "/etc",
        "../models",
        "~/models",
        "folder:../..",
        "folder:/etc",
        "C:\\models",
        "docs",
        "a/../b",
    ],
)
def test_no_path_of_a_client_is_a_base_model(
    api: TestClient, project: KnownProject, name: str
) -> None:
    reply = api.put(f"/api/v1/projects/{project.id}/base-model", json={"id": name})
    assert (reply.status_code, "base_model" in reply.json()["detail"]) == (422, True)
    assert api.post("/api/v1/base-models/check", json={"id": name}).status_code == 422
