"""What people see and do with rows: lists, reviews, edits, and what becomes of them in curation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from loresmith import Workspace
from loresmith.errors import Conflict, DatasetError, NotFound
from loresmith.records import Dataset, Document
from loresmith.workspace.frozen_rows import frozen_rows
from loresmith.workspace.rows import IndexedRow, RowFilter, Rows
from loresmith.workspace.rows.projection import list_rows
from loresmith.workspace.steps.curate import curated as curated_rows
from loresmith.workspace.steps.curate import curation_key
from waiting import wait_for

OpenWorkspace = Callable[..., Workspace]


def test_rows_are_pending_until_they_are_curated(open_workspace: OpenWorkspace) -> None:
    workspace = open_workspace()
    workspace.do("generate")
    before = Rows(workspace).facets()
    assert [one.value for one in before.state] == ["pending"]
    workspace.do("curate")
    after = Rows(workspace).facets()
    assert {one.value for one in after.state} == {"kept", "dropped"}
    assert after.total == before.total


def test_the_list_agrees_with_what_curation_kept_and_dropped(curated: Workspace) -> None:
    with curated.opened() as context:
        found = curated_rows(context)
    assert found is not None
    rows = every_row(Rows(curated))
    kept = {row.id for row in rows if row.state == "kept"}
    assert kept == {one.id for one in (*found.facts, *found.wordings)}
    reasons = {row.id: row.reason for row in rows if row.state == "dropped"}
    assert {drop.subject_id: drop.reason for drop in found.drops}.items() <= reasons.items()


def test_rows_come_in_the_order_of_documents_with_wordings_after_their_fact(rows: Rows) -> None:
    listed = every_row(rows)
    assert [row.position for row in listed] == list(range(len(listed)))
    documents = [row.document for row in listed]
    assert documents == sorted(documents)
    facts = [row for row in listed if row.kind == "pair"]
    for row in listed:
        if row.fact_id:
            fact = next(one for one in facts if one.id == row.fact_id)
            assert fact.position <= row.position


@pytest.mark.parametrize("order", ["question", "-length", "-reviewed", "-position"])
def test_pages_go_to_the_end_and_back_without_a_gap_in_any_order(rows: Rows, order: str) -> None:
    forward, cursor = [], None
    while True:
        page = rows.page(order=order, cursor=cursor, limit=17)  # type: ignore[arg-type]
        forward += [row.id for row in page.rows]
        if page.after is None:
            break
        cursor = page.after
    assert len(forward) == len(set(forward)) == page.total
    backward = [row.id for row in page.rows]
    while page.before is not None:
        page = rows.page(order=order, cursor=page.before, limit=17)  # type: ignore[arg-type]
        backward = [row.id for row in page.rows] + backward
    assert backward == forward


@pytest.mark.parametrize(
    ("asked", "stands"),
    [("CALDER reach", "Calder Reach"), ("澜屿渔港", "澜屿渔港"), ("２０３１", "2031"), ("%", "%")],
)
def test_search_disregards_case_and_width_and_takes_signs_as_they_are(
    rows: Rows, asked: str, stands: str
) -> None:
    found = rows.page(RowFilter(search=asked), limit=200)
    texts = [f"{row.question}\n{row.answer}\n{row.short_answer}" for row in every_row(rows)]
    half = str.maketrans("０１２３４５６７８９％", "0123456789%")
    assert found.total == sum(stands.lower() in t.translate(half).lower() for t in texts) > 0


def test_a_cursor_that_is_none_is_not_found(rows: Rows) -> None:
    for cursor in ("x", "[]", "[true,1]", '{"a":1}', "[1,2,3]", "[true,null,1]"):
        with pytest.raises(NotFound):
            rows.page(cursor=cursor)


def test_a_row_shows_its_evidence_where_it_stands(curated: Workspace) -> None:
    rows = Rows(curated)
    row = first(rows, kind=("pair",), state=("kept",), language=("zh",))
    view = rows.row(row.id)
    assert view.source is not None
    with curated.opened() as context:
        document = context.store.one(Document, view.source.document_id)
    assert document is not None
    assert document.text[view.source.start : view.source.end] == view.source.text
    (span,) = view.source.evidence
    assert row.answer == document.text[span.start : span.end]
    assert {one.fact_id for one in view.siblings} == {row.id}


def test_the_figures_of_an_answer_are_found_or_missing(rows: Rows) -> None:
    row = first(rows, kind=("pair",), state=("kept",), language=("en",))
    edited = rows.edit(row.id, answer=f"{row.answer} Some 98,765 people saw it.")
    marks = {part.text: part.figure for part in edited.view.answer_parts if part.figure}
    assert marks["98,765"] == "missing"
    assert "found" in marks.values()


def test_a_rejected_fact_takes_its_wordings_along_and_undo_brings_all_back(
    curated: Workspace,
) -> None:
    rows = Rows(curated)
    before = every_row(rows)
    fact = first(rows, kind=("pair",), state=("kept",))
    family = [row.id for row in before if row.fact_id == fact.id]
    rows.review([fact.id], "rejected", note="nobody asks this", author="Ana")
    dropped = rows.page(RowFilter(reason=("rejected_by_reviewer",)), limit=200).rows
    assert [row.id for row in dropped] == family
    assert rows.row(fact.id).row.detail == "nobody asks this"
    assert rows.undo("Ana").rows == 1
    assert every_row(rows) == before


def test_undo_goes_back_step_by_step_and_never_over_others(rows: Rows) -> None:
    row = first(rows, kind=("pair",), state=("kept",))
    rows.review([row.id], "confirmed", author="Ana")
    rows.edit(row.id, question=f"{row.question} Please.", author="Ana")
    rows.review([row.id], "rejected", author="Ana")
    assert rows.undo("Ben").rows == 0
    assert rows.undo("Ana").rows == 1
    assert rows.row(row.id).row.question == f"{row.question} Please."
    assert rows.undo("Ana").rows == 1
    assert (rows.row(row.id).row.verdict, rows.row(row.id).row.question) == (
        "confirmed",
        row.question,
    )
    rows.review([row.id], "rejected", author="Ben")
    undone = rows.undo("Ana")
    assert (undone.rows, undone.left) == (0, 1)
    assert rows.row(row.id).row.verdict == "rejected"
    assert len(rows.row(row.id).history) == 6


def test_a_confirmation_keeps_the_texts_that_were_edited(rows: Rows) -> None:
    row = first(rows, kind=("pair",), state=("kept",))
    rows.edit(row.id, question=f"{row.question} Please.")
    rows.review([row.id], "confirmed")
    assert rows.row(row.id).row.question == f"{row.question} Please."
    rows.review([row.id], "pending")
    assert rows.row(row.id).row.question == row.question


def test_an_edit_that_fails_a_check_stays_out_of_the_dataset_with_its_reason(
    curated: Workspace,
) -> None:
    rows = Rows(curated)
    row = first(rows, kind=("pair",), state=("kept",), language=("en",))
    edited = rows.edit(row.id, answer=f"{row.answer} It cost 98,765 crowns.")
    assert edited.objection == "figure_not_in_evidence"
    assert "98,765" in edited.detail
    curated.do("dataset")
    again = Rows(curated).row(row.id).row
    assert (again.state, again.reason) == ("dropped", "figure_not_in_evidence")
    assert not any("98,765" in text for text in trained_texts(curated))


def test_an_edit_that_passes_is_what_is_trained_on(curated: Workspace) -> None:
    rows = Rows(curated)
    row = first(rows, kind=("pair",), state=("kept",), language=("en",))
    edited = rows.edit(row.id, question=f"Kindly tell me: {row.question}")
    assert (edited.objection, edited.view.row.state) == ("", "kept")
    curated.do("dataset")
    assert f"Kindly tell me: {row.question}" in trained_texts(curated)
    assert row.question not in trained_texts(curated)


def test_wordings_are_answered_as_their_edited_fact_or_dropped_as_outdated(
    curated: Workspace,
) -> None:
    rows = Rows(curated)
    fact = first(rows, kind=("pair",), state=("kept",), language=("en",))
    answer = f"{fact.answer} That is so."
    edited = rows.edit(fact.id, answer=answer)
    assert edited.objection == ""

    def check(rows: Rows) -> None:
        for row in rows.row(fact.id).siblings:
            if row.kind in ("paraphrase", "direct"):
                assert (row.answer, row.state) == (answer, "kept")
            else:
                assert (row.state, row.reason) == ("dropped", "fact_edited")

    check(rows)
    curated.do("curate")
    check(Rows(curated))


def test_what_was_said_before_curation_is_what_curation_says_after(
    open_workspace: OpenWorkspace,
) -> None:
    workspace = open_workspace()
    workspace.do("generate")
    rows = Rows(workspace)
    fact = first(rows, kind=("pair",))
    rows.review([fact.id], "rejected")
    assert rows.row(fact.id).row.state == "dropped"
    workspace.do("curate")
    after = Rows(workspace)
    assert after.row(fact.id).row.reason == "rejected_by_reviewer"
    assert {row.reason for row in after.row(fact.id).siblings} == {"rejected_by_reviewer"}


def test_reviews_and_curation_agree_row_by_row(curated: Workspace) -> None:
    rows = Rows(curated)
    pairs = rows.page(RowFilter(kind=("pair",), state=("kept",)), limit=5).rows
    rows.review([pairs[0].id, pairs[1].id], "rejected")
    rows.review([pairs[2].id], "confirmed")
    rows.edit(pairs[3].id, question=f"Well: {pairs[3].question}")
    rows.edit(pairs[4].id, answer="It is 98,765.")
    before = every_row(rows)
    curated.do("curate")
    assert [(r.id, r.state, r.reason, r.question) for r in every_row(Rows(curated))] == [
        (r.id, r.state, r.reason, r.question) for r in before
    ]


def test_a_project_without_reviews_is_not_curated_anew(curated: Workspace) -> None:
    with curated.opened() as context:
        before = curated_rows(context)
    rows = Rows(curated)
    row = first(rows, kind=("pair",))
    rows.review([row.id], "rejected")
    with curated.opened() as context:
        assert curated_rows(context) is None, "a review calls for curation"
    rows.undo()
    with curated.opened() as context:
        after = curated_rows(context)
    assert after == before
    assert before is not None


def test_of_two_editors_the_second_meets_a_conflict(rows: Rows) -> None:
    row = first(rows, kind=("pair",))
    seen = rows.row(row.id).version
    rows.edit(row.id, question="First?", expected=seen)
    with pytest.raises(Conflict):
        rows.edit(row.id, question="Second?", expected=seen)
    assert rows.row(row.id).row.question == "First?"


def test_a_review_of_unknown_rows_changes_nothing(rows: Rows) -> None:
    row = first(rows)
    with pytest.raises(NotFound):
        rows.review([row.id, "nobody"], "rejected")
    assert rows.row(row.id).row.verdict == "pending"


def test_rows_of_a_deleted_document_leave_the_list(curated: Workspace) -> None:
    assert any(row.language == "zh" for row in every_row(Rows(curated)))
    (curated.project.folder / "documents" / "渔港纪要.txt").unlink()
    rows = Rows(curated)
    wait_for(
        lambda: {row.document for row in every_row(rows)} == {"annual-review.md"},
        what="the list without its rows",
    )
    assert rows.documents() == ("annual-review.md",)


def test_neighbours_are_those_of_the_filter_even_when_the_row_left_it(rows: Rows) -> None:
    chosen = RowFilter(kind=("pair",), verdict=("pending",))
    first_, second, third = rows.page(chosen, limit=3).rows
    rows.review([second.id], "confirmed")
    beside = rows.neighbours(second.id, chosen)
    assert (beside.previous, beside.next, beside.number) == (first_.id, third.id, 0)
    assert rows.neighbours(third.id, chosen).number == 2


def test_progress_counts_reviews_of_the_rows_that_are_meant(rows: Rows) -> None:
    exam = RowFilter(use=("exam",))
    total = rows.page(exam).total
    rows.review(exam, "confirmed")
    rows.undo()
    assert rows.progress(exam).reviewed == 0
    rows.review(exam, "confirmed")
    assert rows.progress(exam) == rows.progress(RowFilter(use=("exam",), verdict=("rejected",)))
    assert rows.progress(exam).reviewed == total
    assert rows.progress().total > total


def every_row(rows: Rows) -> list[IndexedRow]:
    found: list[IndexedRow] = []
    cursor = None
    while True:
        page = rows.page(cursor=cursor, limit=100)
        found += page.rows
        cursor = page.after
        if cursor is None:
            return found


def first(rows: Rows, **wanted: tuple[str, ...]) -> IndexedRow:
    return rows.page(RowFilter.model_validate(wanted), limit=1).rows[0]


def trained_texts(workspace: Workspace) -> set[str]:
    with workspace.opened() as context:
        newest = max(context.store.all(Dataset), key=lambda one: one.version)
        rows = list(frozen_rows(context, newest.id))
    return {message.content for row in rows for message in row.messages}


def test_only_confirmed_rows_are_trained_on_where_that_is_asked(
    open_workspace: OpenWorkspace,
) -> None:
    workspace = open_workspace("dataset.confirmed_only=true", "dataset.split.withheld=0")
    workspace.do("curate")
    rows = Rows(workspace)
    pair = first(rows, kind=("pair",), state=("kept",), language=("en",))
    wording = next(one for one in rows.row(pair.id).siblings if one.kind == "paraphrase")
    other = first(rows, kind=("pair",), state=("kept",), language=("zh",))
    rows.review([wording.id, other.id], "confirmed")
    workspace.do("dataset")
    texts = trained_texts(workspace)
    assert {wording.question, other.question} <= texts
    assert pair.question not in texts
    assert len(texts) == 4


def test_an_edited_paraphrase_is_trained_with_the_answer_that_a_person_wrote(
    open_workspace: OpenWorkspace,
) -> None:
    workspace = open_workspace("dataset.split.withheld=0")
    workspace.do("dataset")
    rows = Rows(workspace)
    row = next(
        one
        for one in every_row(rows)
        if (one.kind, one.use, one.state, one.language) == ("paraphrase", "training", "kept", "en")
    )
    fact = rows.row(row.fact_id or "").row
    edited = rows.edit(row.id, answer=f"{row.answer} That is so.")
    assert edited.objection == ""
    workspace.do("dataset")
    with workspace.opened() as context:
        newest = max(context.store.all(Dataset), key=lambda one: one.version)
        trained = list(frozen_rows(context, newest.id))
    answers = {e.messages[0].content: e.messages[1].content for e in trained}
    assert answers[row.question] == f"{row.answer} That is so."
    assert answers[fact.question] == fact.answer


def test_what_a_paraphrase_is_answered_with_in_training_is_told_where_it_differs(
    curated: Workspace,
) -> None:
    rows = Rows(curated)
    row = next(
        one for one in every_row(rows) if (one.kind, one.use) == ("paraphrase", "training")
    ).model_copy(update={"answer": "In other words."})
    fact = rows.row(row.fact_id or "").row
    assert rows.trained_answers([row, fact]) == {row.id: fact.answer}
    rows.edit(row.id, question=f"Please: {row.question}")
    assert rows.trained_answers([row]) == {row.id: fact.answer}
    rows.edit(row.id, answer="In other words.")
    assert rows.trained_answers([row]) == {}


def test_texts_that_are_sent_as_they_were_are_no_edits(curated: Workspace) -> None:
    rows = Rows(curated)
    fact = first(rows, kind=("pair",), state=("kept",), language=("en",))
    before = [row.state for row in rows.row(fact.id).siblings]
    edited = rows.edit(
        fact.id,
        question=f"Kindly tell me: {fact.question}",
        answer=fact.answer,
        short_answer=fact.short_answer,
    )
    assert edited.view.history[-1].answer is None
    assert ([row.state for row in edited.view.siblings], edited.left_out) == (before, 0)


def test_an_edit_says_how_many_other_rows_it_leaves_out(curated: Workspace) -> None:
    rows = Rows(curated)
    fact = first(rows, kind=("pair",), state=("kept",), language=("en",))
    before = {row.id for row in rows.row(fact.id).siblings if row.state == "dropped"}
    edited = rows.edit(fact.id, answer=f"{fact.answer} That is so.")
    dropped = {row.id for row in edited.view.siblings if row.state == "dropped"}
    assert edited.left_out == len(dropped - before) > 0


@pytest.mark.parametrize("name", ["question", "answer", "short_answer"])
def test_no_text_of_a_row_is_emptied_by_an_edit(curated: Workspace, name: str) -> None:
    rows = Rows(curated)
    fact = first(rows, kind=("pair",), state=("kept",), language=("en",))
    with pytest.raises(DatasetError, match="is empty"):
        rows.edit(fact.id, **{name: " \n"})
    assert rows.row(fact.id).row == fact


def test_rows_that_curation_has_not_seen_are_counted_apart(open_workspace: OpenWorkspace) -> None:
    workspace = open_workspace()
    workspace.do("generate")
    done = Rows(workspace).review(RowFilter(), "confirmed")
    assert (done.unchecked, done.kept) == (done.rows, 0)


def test_marks_outlive_a_verdict_and_what_is_taken_back_leaves_them(rows: Rows) -> None:
    one, two = rows.page(RowFilter(kind=("pair",), state=("kept",)), limit=2).rows
    rows.mark([one.id, two.id], stars=5, tags=["to check", "to check"], note="Look again.")
    rows.review([one.id], "confirmed")
    assert rows.row(one.id).row.note == "Look again."
    rows.review([one.id], "pending")
    marked = rows.row(one.id).row
    assert (marked.stars, marked.tags, marked.verdict) == (5, ("to check",), "pending")
    facets = rows.facets()
    assert {one.value: one.count for one in facets.stars}["5"] == 2
    assert [(one.value, one.count) for one in facets.tags] == [("to check", 2)]
    assert rows.page(RowFilter(stars=(5,), tags=("to check", "other"))).total == 2
    assert [row.id for row in rows.page(order="-stars", limit=2).rows] == [two.id, one.id]


def test_marks_change_neither_what_is_curated_nor_what_is_listed_anew(
    curated: Workspace,
) -> None:
    rows = Rows(curated)
    row = first(rows, kind=("pair",), state=("kept",))
    with curated.opened() as context:
        before = curation_key(context)
    rows.mark([row.id], stars=1)
    with curated.opened() as context:
        assert curation_key(context) == before
        list_rows(context)
    assert rows.row(row.id).row.stars == 1
