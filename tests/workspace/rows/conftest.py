"""A project with rows that a truthful teacher wrote once, copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.workspace.rows import Rows
from projects import copy_documents
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with an English and a Chinese document, its rows written and not yet curated."""
    folder = copy_documents(
        tmp_path_factory.mktemp("rows") / "coast", "annual-review.md", "渔港纪要.txt"
    )
    with pytest.MonkeyPatch.context() as patch, TeacherServer(sentence_teacher) as server:
        patch.setenv("OPENAI_API_KEY", "none")
        (folder / "loresmith.yaml").write_text(
            f"teacher:\n  type: openai\n  model: any\n  url: {server.url}\n"
        )
        Workspace(folder).do("generate")
    yield folder


@pytest.fixture
def open_workspace(written: Path, tmp_path: Path) -> Callable[..., Workspace]:
    """`open_workspace("seed=9")`: a copy of that project."""
    folder = tmp_path / "coast"
    shutil.copytree(written, folder)

    def opened(*overrides: str) -> Workspace:
        return Workspace(folder, overrides=overrides)

    return opened


@pytest.fixture
def curated(open_workspace: Callable[..., Workspace]) -> Workspace:
    """The project with its rows curated."""
    workspace = open_workspace()
    workspace.do("curate")
    return workspace


@pytest.fixture
def rows(curated: Workspace) -> Rows:
    return Rows(curated)
