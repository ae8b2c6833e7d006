"""Preferences, marked answers and texts on the pages Questions and Review, and into a dataset."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pytest

from loresmith import Workspace
from loresmith.workspace.home import Home
from loresmith.workspace.rows import RowFilter, Rows
from projects import copy_documents
from servers.row_teacher import row_teacher
from servers.teacher_server import TeacherServer

ROWS = """
generation:
  rows:
  - {type: preference, form: both}
  - {type: pretraining}
dataset: {confirmed_only: true}
"""


@pytest.fixture
def project(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a project with rows of these shapes, of which only confirmed ones count."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    folder = copy_documents(tmp_path / "coast", "annual-review.md")
    with TeacherServer(row_teacher) as server:
        teacher = f"teacher: {{type: openai, model: any, url: '{server.url}'}}\n"
        (folder / "loresmith.yaml").write_text(teacher + ROWS)
        Workspace(folder).do("curate")
    return f"/projects/{home.projects.add(folder, name='Coast').id}"


def test_rows_of_each_shape_are_listed_reviewed_and_frozen_once_confirmed(
    client: Any, home: Home, project: str
) -> None:
    workspace = home.workspace(project.split("/")[2])
    rows = Rows(workspace)
    for kind in ("preference", "feedback", "text"):
        found = rows.page(RowFilter(kind=(kind,), state=("kept",))).rows
        assert found, kind
        listed = client.get(f"{project}/questions?kind={kind}").text
        assert all(f'data-id="{row.id}"' in listed for row in found)
        shown = client.get(f"{project}/review?row={found[0].id}").text
        assert "Short answer" not in shown
        typed = {"question": "Who?", "answer": "x", "version": rows.row(found[0].id).version}
        edited = client.post(f"{project}/review/{found[0].id}/edit", data=typed)
        assert f"a row of the kind {kind} cannot be edited" in edited.text
        reply = client.post(
            f"{project}/review/{found[0].id}/verdict", data={"verdict": "confirmed"}
        )
        assert reply.status_code < 400
    fact = rows.page(RowFilter(kind=("pair",), state=("kept",))).rows[0]
    client.post(f"{project}/review/{fact.id}/verdict", data={"verdict": "confirmed"})
    Workspace(workspace.project.folder).do("dataset")
    folder = workspace.project.folder / "datasets" / "v1"
    frozen = {
        name: [
            row
            for file in (f"{name}.json", f"{name}_validation.json")
            if (folder / file).exists()
            for row in json.loads((folder / file).read_text("utf-8"))
        ]
        for name in ("dpo", "kto", "pretrain")
    }
    assert {name: len(found) for name, found in frozen.items()} == {
        "dpo": 1,
        "kto": 1,
        "pretrain": 1,
    }


def test_a_preference_shows_both_answers_and_names_the_flaw(
    client: Any, home: Home, project: str
) -> None:
    rows = Rows(home.workspace(project.split("/")[2]))
    row = rows.page(RowFilter(kind=("preference",))).rows[0]
    page = client.get(f"{project}/review?row={row.id}").text
    right, wrong = row.answer.split("\n\n✗ ", 1)
    beside = html.unescape(page.split("compared-answers")[1].split("<form")[0])
    assert right in beside and wrong.split("] ", 1)[1] in beside and "✗" not in beside
    chinese = client.get(f"{project}/review?row={row.id}", headers={"Accept-Language": "zh"}).text
    assert "正确" in chinese and "错误" in chinese
    assert "数字不同" in chinese or "答非所问" in chinese
