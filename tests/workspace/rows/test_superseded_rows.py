"""A corrected text leaves its rows behind: they stay in the list as stale, with the reason why."""

from __future__ import annotations

from loresmith import Workspace
from loresmith.workspace.documents import Documents, document_key
from loresmith.workspace.rows import IndexedRow, RowFilter, Rows
from loresmith.workspace.rows.projection import list_rows

CHINESE = document_key("渔港纪要.txt")


def test_rows_whose_evidence_was_corrected_away_are_stale_and_the_others_stay(
    curated: Workspace,
) -> None:
    before = {row.id: row for row in rows_of(curated, "渔港纪要.txt")}
    fact = next(row for row in before.values() if row.kind == "pair" and row.state == "kept")
    quote = Rows(curated).row(fact.id).source
    assert quote is not None
    span = quote.evidence[0]
    correct(curated, span.start, span.end, "此句已删去。")

    after = {row.id: row for row in rows_of(curated, "渔港纪要.txt")}
    assert before.keys() <= after.keys()
    stale = after[fact.id]
    assert (stale.state, stale.reason, stale.evidence) == ("stale", "evidence_gone", False)
    assert (stale.question, stale.answer) == (fact.question, fact.answer)
    wordings = [row for row in after.values() if row.fact_id == fact.id]
    assert {row.state for row in wordings} == {"stale"}
    assert len(wordings) == len([row for row in before.values() if row.fact_id == fact.id])
    english = rows_of(curated, "annual-review.md")
    assert english
    assert "stale" not in {row.state for row in english}


def test_a_stale_row_is_shown_beside_the_text_that_it_was_written_from(curated: Workspace) -> None:
    fact = rows_of(curated, "渔港纪要.txt")[0]
    source = Rows(curated).row(fact.id).source
    assert source is not None
    correct(curated, source.start, source.end, "什么也没有留下。")
    seen = Rows(curated).row(fact.id)
    assert seen.source is not None
    assert seen.source.text == source.text
    assert seen.row.state == "stale"


def test_no_word_of_a_reviewer_brings_a_stale_row_into_the_dataset(curated: Workspace) -> None:
    fact = rows_of(curated, "渔港纪要.txt")[0]
    source = Rows(curated).row(fact.id).source
    assert source is not None
    correct(curated, source.start, source.end, "什么也没有留下。")
    rows = Rows(curated)
    assert rows.review([fact.id], "confirmed").kept == 0
    edited = rows.edit(fact.id, answer="另一个答案。")
    assert (edited.view.row.state, edited.view.row.answer) == ("stale", "另一个答案。")
    rows.review([fact.id], "rejected")
    assert rows.row(fact.id).row.state == "dropped"
    rows.undo()
    assert rows.row(fact.id).row.state == "stale"


def test_going_back_to_the_file_revives_its_rows_with_what_was_said_of_them(
    curated: Workspace,
) -> None:
    before = {row.id: row.state for row in rows_of(curated, "渔港纪要.txt")}
    source = Rows(curated).row(next(iter(before))).source
    assert source is not None
    correct(curated, source.start, source.end, "什么也没有留下。")
    assert Rows(curated).page(RowFilter(state=("stale",))).total > 0
    documents = Documents(curated)
    documents.restore(CHINESE, "file", expected=documents.get(CHINESE).version)
    list_now(curated)
    assert {row.id: row.state for row in rows_of(curated, "渔港纪要.txt")} == before


def test_a_correction_elsewhere_in_the_document_makes_no_row_stale(curated: Workspace) -> None:
    documents = Documents(curated)
    text = documents.whole_text(CHINESE)
    shown = sorted((row.question, row.answer) for row in rows_of(curated, "渔港纪要.txt"))
    documents.revise(
        CHINESE,
        "\n\n".join([text.rstrip("\n"), "# 补记\n\n" + "另有一事记于此处，容后再议。" * 90]),
        expected=documents.get(CHINESE).version,
    )
    list_now(curated)
    now = rows_of(curated, "渔港纪要.txt")
    kept = [row for row in now if row.state != "stale"]
    assert sorted((row.question, row.answer) for row in now) == shown
    if len(kept) < len(now):
        assert {row.reason for row in now if row.state == "stale"} == {"passage_changed"}


def test_stale_rows_can_be_asked_for_by_their_state(curated: Workspace) -> None:
    fact = rows_of(curated, "渔港纪要.txt")[0]
    source = Rows(curated).row(fact.id).source
    assert source is not None
    correct(curated, source.start, source.end, "什么也没有留下。")
    found = Rows(curated).page(RowFilter(state=("stale",)), limit=200)
    assert fact.id in {row.id for row in found.rows}
    assert {row.state for row in found.rows} == {"stale"}
    facet = {one.value: one.count for one in Rows(curated).facets().state}
    assert facet["stale"] == found.total


def correct(workspace: Workspace, start: int, end: int, text: str) -> None:
    documents = Documents(workspace)
    version = documents.get(CHINESE).version
    documents.revise_span(CHINESE, start, end, text, expected=version)
    list_now(workspace)


def list_now(workspace: Workspace) -> None:
    """Lists the rows anew without the pause that a server would make."""
    with workspace.opened() as context:
        list_rows(context)


def rows_of(workspace: Workspace, document: str) -> list[IndexedRow]:
    rows, cursor, found = Rows(workspace), None, []
    while True:
        page = rows.page(RowFilter(document=(document,)), cursor=cursor, limit=200)
        found += page.rows
        if page.after is None:
            return found
        cursor = page.after
