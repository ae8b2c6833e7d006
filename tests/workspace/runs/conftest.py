"""One project with one finished run for all tests that only look; copies for those that change."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from examined_runs import project_with_tiny_model
from loresmith import Workspace
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer


@pytest.fixture(scope="session")
def teacher_url() -> Iterator[str]:
    with TeacherServer(sentence_teacher) as server:
        yield server.url


@pytest.fixture(scope="session")
def examined(tmp_path_factory: pytest.TempPathFactory, teacher_url: str) -> Path:
    """The folder of a project that was run to its report. Not to be changed."""
    folder = tmp_path_factory.mktemp("examined") / "coast"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "none")
        patch.setenv("OMP_NUM_THREADS", "1")
        project_with_tiny_model(folder, teacher_url).do("run")
    return folder


@pytest.fixture
def workspace(examined: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A copy of it to work on."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    return Workspace(shutil.copytree(examined, tmp_path / "coast"))
