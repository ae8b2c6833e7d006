"""Rows of other kinds, from the recipe to the files of a version."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loresmith import Workspace
from loresmith.errors import DatasetError, ModelUnavailable
from loresmith.workspace.rows import RowFilter, Rows
from projects import copy_documents
from servers.row_teacher import row_teacher
from servers.teacher_server import TeacherServer

OpenWorkspace = Callable[..., Workspace]


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[TeacherServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with TeacherServer(row_teacher) as server:
        yield server


def rows_of(project: Path, name: str, version: int = 1) -> Any:
    path = project / "datasets" / f"v{version}" / name
    return json.loads(path.read_text(encoding="utf-8"))


def origins(project: Path, kind: str, version: int = 1) -> list[dict[str, Any]]:
    path = project / "datasets" / f"v{version}" / "provenance.jsonl"
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line["kind"] == kind]


DIALOGUES = "generation.rows=[{type: dialogue, rounds: 3, system_prompt: Be brief.}]"


def test_dialogues_are_rows_of_the_dataset_in_both_languages(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    assert open_workspace(DIALOGUES).do("dataset").complete
    found = [row for row in rows_of(project, "sharegpt.json") if len(row["messages"]) > 3]
    assert found
    assert all(row["messages"][0]["content"] == "Be brief." for row in found)
    assert {row["document"] for row in origins(project, "dialogue")} == {
        *("annual-review.md", "渔港纪要.txt")
    }
    counted = rows_of(project, "statistics.json")
    trained = [row for row in origins(project, "dialogue") if row["split"] == "train"]
    assert counted["kinds"]["dialogue"] == len(trained)
    assert all(row["evidence"] and row["fact_ids"] for row in trained)


def test_no_turn_that_is_trained_on_states_a_withheld_fact(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    open_workspace(DIALOGUES, "dataset.split.withheld=0.4").do("dataset")
    with open_workspace().opened() as context:
        from loresmith.records import Dataset

        (frozen,) = context.store.all(Dataset)
    withheld = set(frozen.withheld)
    trained = [row for row in origins(project, "dialogue") if row["split"] == "train"]
    assert trained and withheld
    assert not any(withheld & set(row["fact_ids"]) for row in trained)
    assert rows_of(project, "statistics.json")["dropped"]["withheld"] > 0


def test_running_again_asks_nothing_twice_and_another_kind_asks_for_itself_alone(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    open_workspace().do("dataset")
    before = len(teacher.requests)
    open_workspace(DIALOGUES).do("dataset")
    added = len(teacher.requests) - before
    assert added > 0
    open_workspace(DIALOGUES).do("dataset")
    open_workspace().do("dataset")
    assert len(teacher.requests) == before + added


def test_without_row_kinds_the_dataset_is_what_it_was(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    open_workspace().do("dataset")
    files = {path.name for path in (project / "datasets" / "v1").iterdir()}
    open_workspace(DIALOGUES).do("dataset")
    open_workspace().do("dataset")
    assert sorted(path.name for path in (project / "datasets").iterdir()) == ["v1", "v2"]
    assert not files & {"dpo.json", "kto.json", "pretrain.json"}


def test_the_embedded_model_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    project = copy_documents(tmp_path / "coast", "annual-review.md")
    with pytest.raises(ModelUnavailable, match="rows of kind dialogue"):
        Workspace(project, teacher="embedded", overrides=[DIALOGUES]).do("generate")


def test_dialogues_are_listed_beside_their_source_and_a_rejected_one_stays_out(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    open_workspace(DIALOGUES).do("dataset")
    rows = Rows(open_workspace(DIALOGUES))
    listed = rows.page(RowFilter(kind=("conversation",)), limit=50).rows
    assert len(listed) == len(origins(project, "dialogue")) > 1
    view = rows.row(listed[0].id)
    assert view.source is not None and view.source.evidence
    assert "▸ " in view.row.answer and view.row.state == "kept"
    with pytest.raises(DatasetError, match="several turns"):
        rows.edit(listed[0].id, answer="Another answer.")
    rows.review([listed[0].id], "rejected")
    assert rows.row(listed[0].id).row.state == "dropped"
    open_workspace(DIALOGUES).do("dataset")
    assert len(origins(project, "dialogue", 2)) == len(listed) - 1


def test_only_confirmed_dialogues_are_trained_on_where_that_is_wanted(
    open_workspace: OpenWorkspace, project: Path
) -> None:
    open_workspace(DIALOGUES).do("dataset")
    rows = Rows(open_workspace(DIALOGUES))
    one, *_ = rows.page(RowFilter(kind=("conversation",)), limit=50).rows
    facts = rows.page(RowFilter(kind=("pair",)), limit=50).rows
    rows.review([one.id, *(fact.id for fact in facts)], "confirmed")
    open_workspace(DIALOGUES, "dataset.confirmed_only=true").do("dataset")
    assert len(origins(project, "dialogue", 2)) == 1
