"""A project with an English and a Chinese document, and its `Documents`."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.workspace.documents import Documents, Uploaded, document_key
from projects import copy_documents
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer

ENGLISH = document_key("annual-review.md")
CHINESE = document_key("渔港纪要.txt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_documents(tmp_path / "coast", "annual-review.md", "渔港纪要.txt")


@pytest.fixture
def documents(folder: Path) -> Documents:
    return Documents(Workspace(folder))


@pytest.fixture
def upload(documents: Documents) -> Callable[..., Uploaded]:
    """`upload("a.txt", "text")`, in UTF-8, or bytes as they are."""

    def one(name: str, content: str | bytes, *, replace: bool = False) -> Uploaded:
        data = content.encode() if isinstance(content, str) else content
        return documents.upload(name, io.BytesIO(data), replace=replace)

    return one


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[TeacherServer]:
    """A server whose log tells what was paid for."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with TeacherServer(sentence_teacher) as server:
        yield server


@pytest.fixture
def open_workspace(folder: Path, teacher: TeacherServer) -> Callable[..., Workspace]:
    """`open_workspace("chunking.max_length=900")`: the project, with that teacher."""

    def opened(*overrides: str) -> Workspace:
        return Workspace(folder, teacher=f"openai:any@{teacher.url}", overrides=overrides)

    return opened
