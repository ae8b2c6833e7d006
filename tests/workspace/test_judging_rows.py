"""A judge rates what the filters kept, beside its source; what it rates low is dropped and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.errors import BudgetExceeded, ModelUnavailable
from loresmith.records import Curated
from loresmith.workspace.rows import RowFilter, Rows
from loresmith.workspace.steps.curate import curated, filtered
from loresmith.workspace.steps.judging import to_judge
from projects import copy_documents
from servers.judging_teacher import is_judging, judging_teacher
from servers.teacher_server import TeacherServer, status

OpenWorkspace = Callable[..., Workspace]
FACTS = "curation.judge.rows=facts"
DROP, RATE = "curation.judge.use=drop", "curation.judge.use=rate"


DISLIKED = ("1,297", "3.95", "41,250", "171,900")
"""Figures that stand in some facts' answers and not in most."""


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Iterator[TeacherServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with TeacherServer(judging_teacher(*DISLIKED)) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_documents(tmp_path / "coast", "annual-review.md", "渔港纪要.txt")


def kept(workspace: Workspace) -> Curated:
    with workspace.opened() as context:
        found = curated(context)
    assert found is not None
    return found


def judged_calls(teacher: TeacherServer) -> int:
    return sum(is_judging(call["messages"]) for call in teacher.requests)


def test_without_being_asked_for_it_costs_nothing(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    open_workspace().do("curate")
    assert judged_calls(teacher) == 0


def test_rows_rated_low_are_dropped_with_the_reason_and_nothing_is_judged_twice(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    before = kept_after(open_workspace())
    assert open_workspace(DROP, FACTS).do("curate").complete
    calls = judged_calls(teacher)
    assert calls > 0
    after = kept(open_workspace(DROP, FACTS))
    low = [drop for drop in after.drops if drop.reason == "rated_low"]
    assert low and all(any(figure in drop.text for figure in DISLIKED) for drop in low)
    assert all("is said of something else" in drop.detail for drop in low)
    dropped = {drop.subject_id for drop in low}
    assert {fact.id for fact in after.facts} == {fact.id for fact in before.facts} - dropped
    assert not {one.fact_id for one in after.wordings} & dropped
    open_workspace(DROP, FACTS).do("curate")
    open_workspace(DROP, FACTS, "curation.judge.threshold=5").do("curate")
    assert judged_calls(teacher) == calls


def kept_after(workspace: Workspace) -> Curated:
    workspace.do("curate")
    return kept(workspace)


def test_the_list_tells_the_rating_and_a_confirmation_counts_for_more(
    open_workspace: OpenWorkspace,
) -> None:
    open_workspace(DROP, FACTS).do("curate")
    rows = Rows(open_workspace(DROP, FACTS))
    low = rows.page(RowFilter(reason=("rated_low",))).rows
    assert low and all(row.state == "dropped" and row.rating is not None for row in low)
    assert rows.page(RowFilter(rating_below=5.0)).total == len(low)
    shown = rows.row(low[0].id).rating
    assert shown is not None
    assert (shown.scores[0].criterion, shown.scores[0].score) == ("supported", 2)
    below = {row.state for row in rows.page(RowFilter(fact=low[0].fact_id)).rows}
    assert below == {"dropped"}
    rows.review([low[0].id], "confirmed")
    assert rows.row(low[0].id).row.state == "kept"
    open_workspace(DROP, FACTS).do("curate")
    assert low[0].id in {fact.id for fact in kept(open_workspace(DROP, FACTS)).facts}
    rows.undo()
    assert rows.row(low[0].id).row.state == "dropped"


def test_it_only_rates_where_that_is_wanted_and_an_edited_row_is_no_longer_rated(
    open_workspace: OpenWorkspace,
) -> None:
    open_workspace(RATE).do("curate")
    rows = Rows(open_workspace(RATE))
    assert rows.page(RowFilter(reason=("rated_low",))).total == 0
    low = rows.page(RowFilter(rating_below=5.0)).rows
    assert low and {row.kind for row in low} > {"pair"}
    edited = rows.edit(low[0].id, question=f"{low[0].question} Please?")
    assert edited.view.rating is None and edited.view.row.rating is None


def test_calls_that_fail_are_told_and_the_next_run_asks_for_those_alone(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    open_workspace().do("curate")
    broken = [True]
    teacher.script = lambda _number, body: (
        status(400) if broken[0] and is_judging(body["messages"]) else None
    )
    outcome = open_workspace(RATE, FACTS).do("curate")
    state = outcome.states["curate"]
    assert not state.complete and state.failures and state.done == 1
    broken[0] = False
    assert open_workspace(RATE, FACTS).do("curate").complete


def test_rows_that_a_person_approved_are_left_and_counted(open_workspace: OpenWorkspace) -> None:
    open_workspace().do("curate")
    rows = Rows(open_workspace())
    first = rows.page(RowFilter(kind=("pair",), state=("kept",))).rows[0]
    rows.review([first.id], "confirmed")
    open_workspace().do("curate")
    with open_workspace(RATE, FACTS).opened() as context:
        found = filtered(context)
        assert found is not None
        asked = to_judge(context, found)
    assert first.id not in {row.id for row in asked.rows}
    assert asked.left["approved"] == 1
    assert asked.left["not_asked_for"] == len(found.wordings)
    assert len(asked.rows) == len(found.facts) - 1


def test_the_budget_holds_for_the_judge_too(
    open_workspace: OpenWorkspace, teacher: TeacherServer
) -> None:
    open_workspace().do("curate")
    with pytest.raises(BudgetExceeded):
        open_workspace(RATE, "generation.budget.tokens=10").do("curate")
    assert judged_calls(teacher) == 0


def test_the_embedded_model_is_refused_as_a_judge(tmp_path: Path) -> None:
    project = copy_documents(tmp_path / "coast", "annual-review.md")
    with pytest.raises(ModelUnavailable, match="cannot judge"):
        Workspace(project, teacher="embedded", overrides=[RATE]).do("curate")
