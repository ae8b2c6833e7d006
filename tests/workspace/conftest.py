"""Projects with a truthful teacher beside them, up to the dataset: no model is trained here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loresmith import Workspace
from projects import copy_documents
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[TeacherServer]:
    """A server whose log tells what was paid for."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with TeacherServer(sentence_teacher) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an English and a Chinese document."""
    return copy_documents(tmp_path / "coast", "annual-review.md", "渔港纪要.txt")


@pytest.fixture
def open_workspace(project: Path, teacher: TeacherServer) -> Callable[..., Workspace]:
    """`open_workspace("chunking.max_length=900")`: the project, with that teacher."""

    def opened(*overrides: str) -> Workspace:
        return Workspace(project, teacher=f"openai:any@{teacher.url}", overrides=overrides)

    return opened
