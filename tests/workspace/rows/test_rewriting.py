"""A reviewer's advice becomes a proposal that is held against the source and taken back like any
edit."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.errors import Conflict, MalformedReply, ModelUnavailable
from loresmith.workspace.datasets import Imports
from loresmith.workspace.rows import IndexedRow, RowFilter, Rows, propose
from projects import copy_documents
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer


class Reworder:
    """A teacher that answers each request in turn with the next of its texts."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.asked: list[str] = []

    def __call__(self, messages: list[dict[str, str]]) -> str:
        self.asked.append(messages[-1]["content"])
        return self.texts.pop(0) if self.texts else "ready"

    def says(self, row: IndexedRow, **changed: str) -> None:
        parts = {
            "question": row.question,
            "answer": row.answer,
            "short_answer": row.short_answer,
            "remark": "as you wish",
        }
        self.texts.append(json.dumps(parts | changed, ensure_ascii=False))


class Switch:
    """Writes truthfully until there is a reworder."""

    def __init__(self) -> None:
        self.reworder: Reworder | None = None

    def __call__(self, messages: list[dict[str, str]]) -> str:
        return (self.reworder or sentence_teacher)(messages)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, Switch]]:
    """A project with curated rows, and the teacher that wrote them."""
    switch = Switch()
    folder = copy_documents(tmp_path_factory.mktemp("written") / "coast", "annual-review.md")
    with pytest.MonkeyPatch.context() as patch, TeacherServer(switch) as server:
        patch.setenv("OPENAI_API_KEY", "none")
        Workspace(folder, teacher=f"openai:any@{server.url}").do("curate")
        yield folder, server.url, switch


@pytest.fixture
def reworder(
    written: tuple[Path, str, Switch], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Reworder]:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    switch = written[2]
    switch.reworder = Reworder()
    yield switch.reworder
    switch.reworder = None


@pytest.fixture
def workspace(tmp_path: Path, written: tuple[Path, str, Switch], reworder: Reworder) -> Workspace:
    assert not reworder.texts
    shutil.copytree(written[0], tmp_path / "coast")
    return Workspace(tmp_path / "coast", teacher=f"openai:any@{written[1]}")


@pytest.fixture
def row(workspace: Workspace) -> IndexedRow:
    chosen = RowFilter(kind=("pair",), state=("kept",), language=("en",))
    return Rows(workspace).page(chosen, limit=1).rows[0]


def test_a_proposal_shows_the_teacher_source_row_and_advice_and_changes_nothing(
    workspace: Workspace, reworder: Reworder, row: IndexedRow
) -> None:
    source = Rows(workspace).row(row.id).source
    assert source is not None
    reworder.says(row, question=f"Please tell: {row.question}")
    proposal = propose(workspace, row.id, "Be polite.")
    assert proposal.question == f"Please tell: {row.question}"
    assert (proposal.objection, proposal.remark) == ("", "as you wish")
    assert all(part in reworder.asked[0] for part in (source.text.strip(), "Be polite."))
    assert row.answer in reworder.asked[0]
    assert Rows(workspace).row(row.id).row == row


def test_accepted_it_is_an_edit_that_can_be_taken_back(
    workspace: Workspace, reworder: Reworder, row: IndexedRow
) -> None:
    reworder.says(row, question=f"Please tell: {row.question}")
    proposal = propose(workspace, row.id, "Be polite.")
    rows = Rows(workspace)
    rows.edit(row.id, question=proposal.question, expected=proposal.version, note="Be polite.")
    edited = rows.row(row.id)
    assert (edited.row.question, edited.row.verdict) == (proposal.question, "edited")
    rows.undo()
    assert rows.row(row.id).row.question == row.question


def test_a_figure_that_the_source_does_not_have_is_asked_for_anew(
    workspace: Workspace, reworder: Reworder, row: IndexedRow
) -> None:
    reworder.says(row, answer=f"{row.answer} That is 98,765 more.")
    reworder.says(row, question=f"Please tell: {row.question}")
    proposal = propose(workspace, row.id, "Tell more.")
    assert proposal.objection == "" and proposal.answer == row.answer
    assert "98,765" in reworder.asked[1]


def test_a_proposal_that_stays_wrong_is_refused_with_its_reason(
    workspace: Workspace, reworder: Reworder, row: IndexedRow
) -> None:
    for number in range(3):
        reworder.says(row, answer=f"{row.answer} That is 98,76{number} more.")
    proposal = propose(workspace, row.id, "Tell more.")
    assert proposal.objection == "figure_not_in_evidence"
    assert "98,762" in proposal.detail and "98,762" in proposal.answer


def test_what_was_not_changed_is_no_proposal(
    workspace: Workspace, reworder: Reworder, row: IndexedRow
) -> None:
    for _ in range(3):
        reworder.says(row)
    assert propose(workspace, row.id, "Leave it.").objection == "unchanged"


def test_replies_without_the_form_and_advice_without_words_are_told(
    workspace: Workspace, reworder: Reworder, row: IndexedRow
) -> None:
    with pytest.raises(MalformedReply):
        propose(workspace, row.id, "Anything.")
    asked = len(reworder.asked)
    with pytest.raises(Conflict, match="no advice"):
        propose(workspace, row.id, "  ")
    assert len(reworder.asked) == asked


def test_the_embedded_model_is_not_asked(workspace: Workspace) -> None:
    embedded = Workspace(workspace.project.folder, teacher="embedded")
    imports = Imports(embedded)
    file = io.BytesIO(b"question,answer\nWho presides?,Ilse Vantongeren.\n")
    imports.import_rows(imports.hand_over("rows.csv", file).id)
    (row,) = Rows(embedded).page(RowFilter()).rows
    assert not Rows(embedded).can_reword(row)
    with pytest.raises(ModelUnavailable, match="reword"):
        propose(embedded, row.id, "Be polite.")
