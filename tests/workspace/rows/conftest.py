"""Copies of a project with rows, before and after curation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.workspace.rows import Rows
from written_rows import copy_written


@pytest.fixture
def open_workspace(tmp_path: Path) -> Callable[..., Workspace]:
    """`open_workspace("seed=9")`: a project with rows that are written and not yet curated."""
    folder = copy_written(tmp_path / "coast", curated=False)

    def opened(*overrides: str) -> Workspace:
        return Workspace(folder, overrides=overrides)

    return opened


@pytest.fixture
def curated(tmp_path: Path) -> Workspace:
    """The same project with its rows curated."""
    return Workspace(copy_written(tmp_path / "curated"))


@pytest.fixture
def rows(curated: Workspace) -> Rows:
    return Rows(curated)
