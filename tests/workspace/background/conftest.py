"""A small project whose jobs are done by real worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from loresmith.workspace import Workspace
from loresmith.workspace.background import Background
from postgres_server import new_database
from projects import copy_documents


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def folder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A project with two documents, its records in each kind of database."""
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    project = copy_documents(tmp_path / "coast", "annual-review.md", "渔港纪要.txt")
    if request.param == "sqlite":
        yield project
    else:
        with new_database() as url:
            monkeypatch.setenv("LORESMITH_DATABASE_URL", url)
            yield project


@pytest.fixture
def background(folder: Path) -> Background:
    return Background(Workspace(folder))
