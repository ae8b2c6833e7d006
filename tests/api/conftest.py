"""The API over an empty home, asked without a port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from starlette.testclient import TestClient

from examined_runs import project_with_tiny_model
from loresmith.api import create_api
from loresmith.settings import load_settings
from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject
from projects import copy_documents
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home; no key of this machine's is in the environment."""
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "home"))
    for name in ("OPENAI_API_KEY", "DEEPSEEK_API_KEY", "LORESMITH_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return Home(load_settings())


@pytest.fixture
def api(home: Home) -> Iterator[TestClient]:
    """A program on this machine: no cookies, no origin, no key. `api.app.state.home` is `home`."""
    with TestClient(create_api(home), base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
def project(home: Home, tmp_path: Path) -> KnownProject:
    """A known project with one English and one Chinese document, nothing done yet."""
    folder = copy_documents(tmp_path / "coast", "annual-review.md", "渔港纪要.txt")
    return home.projects.add(folder, name="Coast")


@pytest.fixture(scope="session")
def examined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project that was run to its report. Not to be changed: copy it."""
    folder = tmp_path_factory.mktemp("examined") / "coast"
    with pytest.MonkeyPatch.context() as patch, TeacherServer(sentence_teacher) as teacher:
        patch.setenv("OPENAI_API_KEY", "none")
        patch.setenv("OMP_NUM_THREADS", "1")
        project_with_tiny_model(folder, teacher.url).do("run")
    return folder
