"""What freezing would bring is told before: it is what freezing then brings."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.workspace.datasets import Datasets, Imports
from loresmith.workspace.rows import RowFilter, Rows
from servers.teacher_server import TeacherServer

OpenWorkspace = Callable[..., Workspace]


def test_the_counts_told_before_are_those_of_the_version(open_workspace: OpenWorkspace) -> None:
    workspace = open_workspace()
    workspace.do("curate")
    datasets = Datasets(workspace)
    told = datasets.next_version()
    assert datasets.versions() == ()
    workspace.do("dataset")
    (version,) = datasets.versions()
    assert told.rows == version.rows + version.validation_rows
    assert (told.facts, told.apart) == (version.facts + version.withheld, version.withheld)
    assert set(told.kinds) >= {"pair", "paraphrase"} and sum(told.kinds.values()) == told.rows
    assert told.exam > 0
    assert (told.unchecked, told.passages, told.calls) == (0, 0, 0)


def test_what_is_missing_is_told_with_the_calls_that_it_takes(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    workspace = open_workspace()
    workspace.do("chunk")
    told = Datasets(workspace).next_version()
    assert told.rows == 0 and told.passages > 0 and told.calls >= told.passages
    assert told.teacher and teacher.requests == []


def test_rows_that_are_written_but_not_looked_at_are_unchecked(
    open_workspace: OpenWorkspace,
) -> None:
    workspace = open_workspace()
    workspace.do("generate")
    told = Datasets(workspace).next_version()
    assert told.rows == 0 and told.unchecked > 0 and told.passages == 0


def test_rejected_rows_stay_out_with_their_reason(open_workspace: OpenWorkspace) -> None:
    workspace = open_workspace()
    workspace.do("curate")
    rows = Rows(workspace)
    before = Datasets(workspace).next_version()
    (row,) = rows.page(RowFilter(kind=("paraphrase",), state=("kept",)), limit=1).rows
    rows.review([row.id], "rejected")
    after = Datasets(workspace).next_version()
    assert after.rows == before.rows - 1
    assert after.left_out["rejected_by_reviewer"] == 1


def test_where_only_confirmed_rows_count_the_others_are_told(
    open_workspace: OpenWorkspace,
) -> None:
    workspace = open_workspace("dataset.confirmed_only=true")
    workspace.do("curate")
    rows = Rows(workspace)
    kept = rows.page(RowFilter(use=("training",), state=("kept",)), limit=200)
    rows.review([row.id for row in kept.rows[:3]], "confirmed")
    told = Datasets(workspace).next_version()
    assert told.rows == 3
    assert told.left_out["unconfirmed"] == kept.total - 3


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A project without any document, and with nobody to ask."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "alone" / "documents").mkdir(parents=True)
    return Workspace(tmp_path / "alone", teacher="openai:nobody")


def test_of_an_empty_project_nothing_would_go_in(alone: Workspace) -> None:
    told = Datasets(alone).next_version()
    assert (told.rows, told.unchecked, told.passages, told.left_out) == (0, 0, 0, {})


def test_imported_rows_alone_need_nobody_to_ask(alone: Workspace) -> None:
    imports = Imports(alone)
    rows = [{"question": f"问{number}", "answer": f"答{number}"} for number in range(5)]
    content = io.BytesIO(json.dumps(rows).encode())
    imports.import_rows(imports.hand_over("问答.json", content).id)
    told = Datasets(alone).next_version()
    assert (told.rows, told.kinds, told.languages) == (5, {"imported": 5}, {"zh": 5})
    assert (told.passages, told.obstacle) == (0, "")
