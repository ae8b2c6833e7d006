"""Conversations that row kinds wrote, on the pages Questions and Review."""

from __future__ import annotations

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
  - {type: dialogue, rounds: 2}
  - {type: distillation, topic: Harbours, branches: 2, leaves: 2, questions: 2}
"""


@pytest.fixture
def project(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a project with dialogues and distilled rows."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    folder = copy_documents(tmp_path / "coast", "annual-review.md")
    with TeacherServer(row_teacher) as server:
        teacher = f"teacher: {{type: openai, model: any, url: '{server.url}'}}\n"
        (folder / "loresmith.yaml").write_text(teacher + ROWS)
        Workspace(folder).do("curate")
    return f"/projects/{home.projects.add(folder, name='Coast').id}"


def test_a_conversation_is_listed_and_reviewed_beside_its_source(
    client: Any, home: Home, project: str
) -> None:
    rows = Rows(home.workspace(project.split("/")[2]))
    found = rows.page(RowFilter(kind=("conversation",))).rows
    listed = client.get(f"{project}/questions?kind=conversation").text
    assert all(f'data-id="{row.id}"' in listed for row in found)
    dialogue = next(row for row in found if row.evidence)
    shown = client.get(f"{project}/review?row={dialogue.id}").text
    assert "▸ " in shown and "<mark>" in shown and "Short answer" not in shown
    distilled = next(row for row in found if not row.evidence)
    chinese = {"Accept-Language": "zh"}
    shown = client.get(f"{project}/review?row={distilled.id}", headers=chinese).text
    assert "该条目不是依据文档写成的" in shown
    typed = {"question": "Who?", "answer": "Another.", "version": rows.row(dialogue.id).version}
    edited = client.post(f"{project}/review/{dialogue.id}/edit", data=typed)
    assert "several turns cannot be edited" in edited.text
    reply = client.post(f"{project}/review/{dialogue.id}/verdict", data={"verdict": "rejected"})
    assert reply.status_code < 400
    assert rows.row(dialogue.id).row.state == "dropped"
