"""The models page: keys go in and are not shown, tests are explained, choices are saved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from loresmith.models.presets import PRESETS
from loresmith.workspace.home import Home
from loresmith.workspace.providers import NewEndpoint, Providers
from loresmith.workspace.rows import Rows
from servers.teacher_server import TeacherServer
from written_rows import copy_written

KEY = "sk-page-0011223344556677"


@pytest.fixture(autouse=True)
def _no_keys_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for preset in PRESETS.values():
        if preset.api_key_env:
            monkeypatch.delenv(preset.api_key_env, raising=False)


def test_the_page_explains_the_embedded_teachers_limits_until_there_is_another(
    client: Any, home: Home
) -> None:
    assert "No project yet" in client.get("/models").text
    home.projects.create("海岸")
    assert "Only the embedded teacher is ready" in client.get("/models").text
    Providers(home).set_key("deepseek", KEY)
    assert "Only the embedded teacher is ready" not in client.get("/models").text
    assert "教师模型服务商" in client.get("/models", headers={"Accept-Language": "zh"}).text


def test_a_key_is_saved_and_is_on_no_page(client: Any, home: Home) -> None:
    row = client.post("/models/providers/deepseek/key", data={"key": KEY})
    assert "key set" in row.text
    page = client.get("/models").text
    for text in (row.text, page, str(row.headers)):
        assert KEY not in text
        assert KEY[-4:] not in text
    fields = re.findall(r'<input[^>]*type="password"[^>]*>', page)
    assert fields and all('autocomplete="off"' in one and " value=" not in one for one in fields)
    refused = client.post("/models/providers/deepseek/key", data={"key": f"{KEY}\n{KEY}"})
    assert refused.status_code >= 400
    assert KEY not in refused.text
    assert "no key yet" in client.post("/models/providers/deepseek/forget-key").text
    assert Providers(home).get("deepseek").key == "missing"


def test_a_test_call_is_explained(client: Any, home: Home) -> None:
    with TeacherServer(models=["good"]) as server:
        lab = Providers(home).add(NewEndpoint(name="Lab", url=server.url))
        good = client.post(f"/models/providers/{lab.id}/test", data={"model": "good"}).text
        bad = client.post(f"/models/providers/{lab.id}/test", data={"model": "worse"}).text
    gone = client.post(f"/models/providers/{lab.id}/test", data={"model": "good"}).text
    assert "It works" in good and "Answered after" in good
    assert "It does not know this model" in bad
    assert "Nobody listens there" in gone


def test_a_providers_models_are_offered_to_be_taken(client: Any, home: Home) -> None:
    evil = '"><script>alert(1)</script>'
    with TeacherServer(models=["deepseek-chat", evil]) as server:
        lab = Providers(home).add(NewEndpoint(name="Lab", url=server.url))
        shown = client.get(f"/models/providers/{lab.id}/models").text
    assert 'data-take="deepseek-chat"' in shown and "2 models" in shown
    assert evil not in shown
    gone = client.get(f"/models/providers/{lab.id}/models").text
    assert "Nobody listens there" in gone
    chinese = {"Accept-Language": "zh"}
    told = client.get(f"/models/providers/{lab.id}/models", headers=chinese).text
    assert "请启动该服务" in told


def test_an_endpoint_is_added_with_its_faults_at_the_field(client: Any) -> None:
    wrong = client.post("/models/providers", data={"name": "Lab", "url": "file:///etc/passwd"})
    assert wrong.status_code == 422
    assert 'id="url-error"' in wrong.text and "is not a URL" in wrong.text
    metadata = client.post("/models/providers", data={"name": "L", "url": "http://169.254.169.254"})
    assert "never called" in metadata.text
    added = client.post(
        "/models/providers", data={"name": "<b>Lab", "url": "http://lab.example/v1"}
    )
    assert added.headers["HX-Redirect"] == "/models"
    page = client.get("/models").text
    assert "&lt;b&gt;Lab" in page and "<b>Lab" not in page


def test_a_projects_teacher_and_base_model_are_chosen(client: Any, home: Home) -> None:
    project = home.projects.create("Coast")
    folder = home.settings.models / "qwen-small"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    address = f"/models/projects/{project.id}"
    chosen = {"provider": "dashscope", "model": "qwen-plus"}
    assert "Saved." in client.post(f"{address}/teacher", data=chosen).text
    teacher = home.workspace(project.id).recipe.teacher
    assert (getattr(teacher, "preset", ""), getattr(teacher, "model", "")) == (
        "dashscope",
        "qwen-plus",
    )
    refused = client.post(f"{address}/teacher", data={"provider": "dashscope", "model": ""})
    assert refused.status_code == 422 and "Not saved" in refused.text
    assert "Saved." in client.post(f"{address}/base-model", data={"id": "embedded"}).text
    elsewhere = client.post(f"{address}/base-model", data={"id": "/etc"})
    assert elsewhere.status_code == 422 and "Not saved" in elsewhere.text
    assert home.workspace(project.id).recipe.base_model == "embedded"
    assert "qwen-small" in client.get("/models").text


def test_another_teacher_is_asked_about_before_questions_are_set_aside(
    client: Any, home: Home, tmp_path: Path
) -> None:
    project = home.projects.add(copy_written(tmp_path / "coast"), name="Coast")
    address = f"/models/projects/{project.id}/teacher"
    before = home.workspace(project.id).recipe.teacher
    written = Rows(home.workspace(project.id)).facets().total
    asked = client.post(address, data={"provider": "embedded"}).text
    assert f"{written} questions were written with the present teacher" in asked
    assert "put these lines back into the recipe" in asked and "model: any" in asked
    assert home.workspace(project.id).recipe.teacher == before
    chinese = client.post(
        address, data={"provider": "embedded"}, headers={"Accept-Language": "zh"}
    ).text
    assert f"有 {written} 个问题是用现在的教师模型编写的" in chinese
    assert "Saved." in client.post(address, data={"provider": "embedded", "agreed": "true"}).text
    assert home.workspace(project.id).recipe.teacher != before
    back = client.post(address, data={"provider": "dashscope", "model": "qwen-plus"}).text
    assert "Saved." in back, "nothing is asked where nothing was written"


def test_a_broken_recipe_is_told_and_stops_no_other_project(client: Any, home: Home) -> None:
    broken = home.projects.create("Broken")
    home.projects.create("Whole")
    (home.settings.home / "projects" / "Broken" / "loresmith.yaml").write_text("teacher: 3")
    page = client.get("/models").text
    assert broken.name in page and "Its recipe cannot be read" in page and "Whole" in page
