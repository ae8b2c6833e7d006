"""An exam is looked through question by question; a person's mark counts and is told openly."""

from __future__ import annotations

import json

import pytest

from loresmith import Workspace
from loresmith.errors import NotFound, RecipeError
from loresmith.workspace.documents import Documents
from loresmith.workspace.report.verdict import verdict
from loresmith.workspace.runs import Exams, ItemFilter, Runs


@pytest.fixture
def run_id(workspace: Workspace) -> str:
    return Runs(workspace).all()[0].id


def test_the_result_counts_every_question_in_its_groups(workspace: Workspace, run_id: str) -> None:
    result = Exams(workspace).result(run_id)
    (whole,) = result.by("all")
    assert sum(group.after.n for group in result.by("language")) == whole.after.n
    assert sum(group.after.n for group in result.by("document")) == whole.after.n
    assert 0 < whole.after.n <= 6, "those of the six that were not withheld from training"
    assert sum(share.count for share in result.outcomes) == result.items
    assert {group.name for group in result.by("language")} == {"en", "zh"}
    low, high = whole.after.interval
    assert low <= whole.after.accuracy <= high


def test_questions_are_filtered_by_what_they_are_and_by_words(
    workspace: Workspace, run_id: str
) -> None:
    exams = Exams(workspace)
    chinese = exams.items(run_id, ItemFilter(language="zh"))
    assert chinese and all(row.item.language == "zh" for row in chinese)
    one = chinese[0].item
    found = exams.items(run_id, ItemFilter(search=one.prompt[2:8]))
    assert one.id in {row.item.id for row in found}
    assert exams.items(run_id, ItemFilter(outcome="learned", search="no such words")) == []


def test_what_training_did_not_change_is_found_whether_right_or_wrong(
    workspace: Workspace, run_id: str
) -> None:
    exams = Exams(workspace)
    everything = exams.items(run_id)
    wrong = next(row.item for row in everything if row.outcome == "still_wrong")
    exams.regrade(run_id, wrong.id, sitting="after", score=1.0)
    unchanged = {row.item.id for row in exams.items(run_id, ItemFilter(outcome="unchanged"))}
    assert unchanged and unchanged < {row.item.id for row in everything}
    assert wrong.id not in unchanged


def test_a_question_shows_its_evidence_marked_in_the_source(
    workspace: Workspace, run_id: str
) -> None:
    exams = Exams(workspace)
    rows = exams.items(run_id, ItemFilter(kind="direct"))
    detail = exams.item(run_id, rows[1].item.id, among=ItemFilter(kind="direct"))
    assert (detail.previous, detail.next) == (rows[0].item.id, rows[2].item.id)
    marked = "".join(
        part.text
        for passage in detail.passages
        for block in passage.blocks
        for part in (*block.text, *(p for row in block.rows for cell in row for p in cell))
        if part.marked
    )
    assert "".join(detail.item.quotes).replace(" ", "") in marked.replace(" ", "")
    passage = detail.passages[0]
    assert passage.document == detail.item.document
    text = Documents(workspace).whole_text(passage.document_key)
    assert passage.start is not None
    assert text[passage.start :].startswith(passage.first_marked[:20])


def test_a_mark_by_hand_counts_everywhere_and_keeps_the_graders_beside_it(
    workspace: Workspace, run_id: str
) -> None:
    exams = Exams(workspace)
    wrong = exams.items(run_id, ItemFilter(outcome="still_wrong"))[0].item
    detail = exams.regrade(
        run_id, wrong.id, sitting="after", score=1.0, note="means the same", author="Lin"
    )
    assert detail.outcome == "learned"
    assert (detail.item.after.score, detail.item.after.graded) == (1.0, 0.0)
    result = exams.result(run_id)
    assert result.hand_graded == 1
    whole = result.by("all")[0].after
    assert whole.accuracy == pytest.approx(1 / whole.n)
    assert [row.item.id for row in exams.items(run_id, ItemFilter(hand_graded=True))] == [wrong.id]
    written = json.loads((workspace.project.runs / run_id / "report.json").read_text())
    assert written["exam"]["hand_graded"] == 1
    page = (workspace.project.runs / run_id / "report.html").read_text(encoding="utf-8")
    assert "by hand" in page or "人工" in page


def test_the_report_verb_keeps_marks_by_hand(workspace: Workspace, run_id: str) -> None:
    exams = Exams(workspace)
    wrong = exams.items(run_id, ItemFilter(outcome="still_wrong"))[0].item
    exams.regrade(run_id, wrong.id, sitting="after", score=1.0)
    (workspace.project.runs / run_id / "report.json").unlink()
    report = workspace.do("report").report
    assert report is not None and report.exam.hand_graded == 1
    assert "1 reply was marked by hand" in verdict(report.exam, language="en")[-1]
    assert "有 1 条回答由人工评分" in verdict(report.exam, language="zh")[-1]


def test_a_mark_by_hand_can_be_taken_back(workspace: Workspace, run_id: str) -> None:
    exams = Exams(workspace)
    before = exams.result(run_id)
    item = exams.items(run_id)[0].item
    exams.regrade(run_id, item.id, sitting="before", score=0.5)
    detail = exams.regrade(run_id, item.id, sitting="before", score=None)
    assert detail.item == item and len(detail.regrades) == 2
    assert exams.result(run_id) == before


def test_runs_are_compared_by_groups_and_by_the_questions_that_differ(
    workspace: Workspace, run_id: str
) -> None:
    from loresmith.workspace.recipes import change_recipe

    change_recipe(workspace.project.folder, {"seed": 43})
    other = Workspace(workspace.project.folder)
    other.do("run")
    second = next(run.id for run in Runs(other).all() if run.current)
    exams = Exams(other)
    wrong = exams.items(second, ItemFilter(outcome="still_wrong"))[0].item
    exams.regrade(second, wrong.id, sitting="after", score=1.0)
    compared = exams.compare([run_id, second])
    assert [run.id for run in compared.runs] == [run_id, second]
    whole = next(group for group in compared.groups if group.kind == "all")
    assert all(score is not None for score in whole.scores)
    shared = {row.item.id for row in exams.items(run_id)} & {
        row.item.id for row in exams.items(second)
    }
    assert compared.shared == len(shared)
    if wrong.id in shared:
        assert wrong.id in {item.id for item in compared.differing}


def test_one_run_alone_is_no_comparison(workspace: Workspace, run_id: str) -> None:
    with pytest.raises(RecipeError):
        Exams(workspace).compare([run_id, run_id])


def test_a_run_without_an_exam_has_no_result(workspace: Workspace, run_id: str) -> None:
    (workspace.project.runs / run_id / "report.json").unlink()
    with pytest.raises(NotFound, match="no exam"):
        Exams(workspace).result(run_id)
    with pytest.raises(NotFound):
        Exams(workspace).result("v9-unknown")
