"""The page Chat: what it offers, and what it says when there is nothing to talk with yet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from loresmith.models.hosting import Hosts
from loresmith.web import create_studio
from loresmith.workspace.chat import Chats
from loresmith.workspace.home import Home
from projects import copy_documents
from served_project import ServedProject, serve_project


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> ServedProject:
    return serve_project(tmp_path_factory.mktemp("served"))


@pytest.fixture
def asking(served: ServedProject) -> Iterator[TestClient]:
    """A browser's view of the studio over the served project."""
    app = create_studio(served.home)
    app.state.chats = Chats(served.home, hosts=Hosts(device="cpu", dtype="float32"))
    with TestClient(
        app,
        base_url="http://127.0.0.1:8000",
        client=("127.0.0.1", 50000),
        headers={"Accept": "text/html", "Accept-Language": "en"},
    ) as client:
        page = client.get("/settings").text
        token = re.search(r'name="csrf-token" content="([^"]*)"', page)
        assert token is not None
        client.headers["X-CSRF-Token"] = token[1]
        yield client
    app.state.chats.close()


def chosen(page: str) -> list[str]:
    return re.findall(r'<option value="([^"]*)" selected>', page)


def test_the_newest_run_stands_beside_its_base(asking: TestClient, served: ServedProject) -> None:
    page = asking.get(f"/projects/{served.project.id}/chat")
    assert page.status_code == 200
    assert chosen(page.text) == [served.base.name, "coast/v1-ilse"]
    assert str(served.base.parent) not in page.text


def test_an_address_may_name_the_run(asking: TestClient, served: ServedProject) -> None:
    page = asking.get(f"/projects/{served.project.id}/chat?run=v1-cost")
    assert chosen(page.text) == [served.base.name, "coast/v1-cost"]


def test_a_project_without_a_run_says_what_to_do(
    asking: TestClient, served: ServedProject, tmp_path: Path
) -> None:
    folder = copy_documents(tmp_path / "fresh", "annual-review.md")
    project = served.home.projects.add(folder)
    page = asking.get(f"/projects/{project.id}/chat").text
    assert "No trained run yet" in page
    assert f"/projects/{project.id}/train" in page
    assert chosen(page) == ["embedded"]


def test_a_model_is_loaded_and_unloaded_with_its_memory_shown(
    asking: TestClient, served: ServedProject
) -> None:
    address = f"/projects/{served.project.id}/chat"
    at_first = asking.get(f"{address}/models").text
    assert "No model is in memory" in at_first
    sent = [json.loads(unescape(text)) for text in re.findall(r'hx-vals="([^"]*)"', at_first)]
    assert {"model": "coast/v1-ilse"} in sent
    loaded = asking.post(f"{address}/load", data={"model": "coast/v1-ilse"}).text
    assert re.search(r'data-model="coast/v1-ilse" data-loaded="yes"', loaded)
    assert re.search(r"[\d.]+\s(MB|GB)", loaded)
    freed = asking.post(f"{address}/unload", data={"model": served.base.name}).text
    assert 'data-loaded="yes"' not in freed


def test_a_model_that_cannot_be_loaded_is_told_beside_the_models(
    asking: TestClient, served: ServedProject, tmp_path: Path
) -> None:
    folder = copy_documents(tmp_path / "lost", "annual-review.md")
    (folder / "loresmith.yaml").write_text(f"base_model: {tmp_path}/nowhere\n", encoding="utf-8")
    project = served.home.projects.add(folder)
    answer = asking.post(f"/projects/{project.id}/chat/load", data={"model": "nowhere"})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text


def test_another_projects_model_is_not_found(
    asking: TestClient, served: ServedProject, tmp_path: Path
) -> None:
    folder = copy_documents(tmp_path / "other", "annual-review.md")
    project = served.home.projects.add(folder)
    answer = asking.post(f"/projects/{project.id}/chat/load", data={"model": "coast/v1-ilse"})
    assert answer.status_code == 404


def test_the_page_speaks_chinese(asking: TestClient, served: ServedProject) -> None:
    page = asking.get(
        f"/projects/{served.project.id}/chat", headers={"Accept-Language": "zh-CN"}
    ).text
    assert "底座模型" in page
    assert "回答方式" in page


def test_a_home_without_projects_serves_the_embedded_model(tmp_path: Path) -> None:
    from loresmith.settings import Settings

    home = Home(Settings(home=tmp_path / "home", database_url=None))
    assert [model.id for model in Chats(home).models()] == ["embedded"]
