"""The list of questions as a browser gets it: filters in the address, bulk reviews, edits, XSS."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from loresmith.workspace.home import Home
from loresmith.workspace.rows import RowFilter, Rows
from written_rows import copy_written

HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


@pytest.fixture
def address(home: Home, tmp_path: Path) -> str:
    known = home.projects.add(copy_written(tmp_path / "coast"), name="Coast")
    return f"/projects/{known.id}/questions"


@pytest.fixture
def rows(home: Home, address: str) -> Rows:
    return Rows(home.workspace(address.split("/")[2]))


def test_the_page_shows_rows_with_facets_that_count(client: Any, address: str, rows: Rows) -> None:
    page = client.get(address).text
    assert len(re.findall(r"<tr data-id=", page)) == 50
    kept = next(one for one in rows.facets().state if one.value == "kept")
    assert f'<span class="count">{kept.count}</span>' in page
    assert f"1–50 of {rows.facets().total}" in page


def test_the_filter_lives_in_the_address(client: Any, address: str, rows: Rows) -> None:
    asked = f"{address}?use=exam&language=zh"
    page = client.get(asked).text
    total = rows.page(RowFilter(use=("exam",), language=("zh",))).total
    assert len(re.findall(r"<tr data-id=", page)) == total
    assert re.search(r'name="use" value="exam" checked', page)


def test_the_next_page_goes_on_where_this_one_ends(client: Any, address: str, rows: Rows) -> None:
    page = client.get(address).text
    following = html.unescape(re.findall(r'href="([^"]*cursor[^"]*)"', page)[-1])
    second = client.get(following).text
    ids = re.findall(r'<tr data-id="(\w+)"', second)
    assert ids == [row.id for row in rows.page(limit=100).rows[50:]]
    assert "51–100" in second


def test_htmx_gets_the_list_and_the_facets_alone(client: Any, address: str) -> None:
    part = client.get(f"{address}?search=harbour", headers={"HX-Target": "list"}).text
    assert "<html" not in part
    assert 'id="facets" hx-swap-oob="true"' in part


def test_all_that_match_are_rejected_and_taken_back(client: Any, address: str, rows: Rows) -> None:
    reply = client.post(
        f"{address}/review?use=exam", data={"verdict": "rejected", "everything": "true"}
    )
    assert reply.status_code == 200
    total = rows.page(RowFilter(use=("exam",))).total
    assert rows.page(RowFilter(verdict=("rejected",))).total == total
    assert f"Rejected: {total}." in reply.headers["HX-Trigger"]
    client.post(f"{address}/undo")
    assert Rows(rows._workspace).page(RowFilter(verdict=("rejected",))).total == 0


def test_selected_rows_alone_are_confirmed(client: Any, address: str, rows: Rows) -> None:
    ids = [row.id for row in rows.page(RowFilter(state=("kept",)), limit=3).rows]
    client.post(f"{address}/review", data={"verdict": "confirmed", "ids": ",".join(ids)})
    found = Rows(rows._workspace).page(RowFilter(verdict=("confirmed",))).rows
    assert [row.id for row in found] == ids


def test_a_row_is_edited_in_its_place_and_told_what_fails(
    client: Any, address: str, rows: Rows
) -> None:
    row = rows.page(RowFilter(kind=("pair",), state=("kept",)), limit=1).rows[0]
    form = client.get(f"{address}/{row.id}/edit").text
    version = re.search(r'name="version" value="(\w+)"', form)
    assert version is not None
    sent = {
        "version": version[1],
        "question": row.question,
        "answer": f"{row.answer} 98,765 ships.",
    }
    sent["short_answer"] = row.short_answer
    reply = client.post(f"{address}/{row.id}", data=sent)
    assert "figure is not in the evidence" in reply.text
    assert "98,765" in reply.headers["HX-Trigger"]
    late = client.post(f"{address}/{row.id}", data=sent | {"answer": "What was typed late."})
    assert late.status_code == 422
    assert "changed meanwhile" in late.text and "98,765 ships" in late.text
    assert "What was typed late." in late.text
    version = re.search(r'name="version" value="(\w+)"', late.text)
    assert version is not None
    again = sent | {"version": version[1], "answer": row.answer}
    assert client.post(f"{address}/{row.id}", data=again).status_code == 200
    assert Rows(rows._workspace).row(row.id).row.answer == row.answer


def test_the_text_of_a_row_is_never_markup(client: Any, address: str, rows: Rows) -> None:
    row = rows.page(RowFilter(kind=("pair",)), limit=1).rows[0]
    rows.edit(row.id, question=HOSTILE, answer=HOSTILE, short_answer=HOSTILE)
    review = address.replace("questions", "review")
    for place in (address, f"{address}/{row.id}/edit", f"{review}?row={row.id}"):
        page = client.get(place).text
        assert "<img src=x" not in page and "<script>alert" not in page
        assert "&lt;script&gt;alert(2)" in page


def test_writing_more_about_all_that_match_is_estimated_first(
    client: Any, address: str, rows: Rows
) -> None:
    chinese = RowFilter(language=("zh",))
    asked = rows.passages(chinese)
    assert 0 < len(asked) < len(rows.passages(RowFilter()))
    dialog = client.post(f"{address}/estimate?language=zh").text
    assert f"{len(asked)} selected passage" in dialog
    assert f'name="chunks" value="{",".join(asked)}"' in dialog
    nothing = client.post(f"{address}/estimate", params={"search": "no such words anywhere"})
    assert nothing.status_code == 409


def test_a_search_is_shown_as_text(client: Any, address: str) -> None:
    page = client.get(address, params={"search": HOSTILE}).text
    assert "<script>alert" not in page
    assert "No question matches" in page


def test_a_filter_that_there_is_not_is_told(client: Any, address: str) -> None:
    assert client.get(f"{address}?use=fun").status_code == 422
    assert client.get(f"{address}?cursor=zzz").status_code == 400


def test_a_project_without_rows_says_what_to_do(client: Any, home: Home, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    known = home.projects.add(tmp_path / "empty", name="Empty")
    page = client.get(f"/projects/{known.id}/questions").text
    assert "No questions yet" in page
    review = client.get(f"/projects/{known.id}/review").text
    assert "Nothing to review yet" in review


def test_the_page_speaks_chinese(client: Any, address: str) -> None:
    page = client.get(address, headers={"Accept-Language": "zh"}).text
    assert "问答" in page and "逐条审核" in page and "保留" in page


def test_rows_that_were_not_checked_yet_are_not_said_to_fail(
    client: Any, address: str, home: Home
) -> None:
    recipe = home.workspace(address.split("/")[2]).project.folder / "loresmith.yaml"
    recipe.write_text(
        recipe.read_text("utf-8") + "\ncuration:\n  filters:\n    - type: empty\n", "utf-8"
    )
    sent = {"verdict": "confirmed", "everything": "true"}
    told = json.loads(client.post(f"{address}/review", data=sent).headers["HX-Trigger"])
    message = told["toast"]["message"]
    assert "have not been checked yet" in message
    assert "check of substance" not in message


def test_an_emptied_text_is_refused_with_what_was_typed(
    client: Any, address: str, rows: Rows
) -> None:
    row = rows.page(RowFilter(kind=("pair",), state=("kept",)), limit=1).rows[0]
    sent = {"version": rows.row(row.id).version, "question": "Typed with care?", "answer": " "}
    reply = client.post(f"{address}/{row.id}", data=sent | {"short_answer": row.short_answer})
    assert reply.status_code == 422
    assert "the answer is empty" in reply.text
    assert "Typed with care?" in reply.text
    review = f"{address.replace('questions', 'review')}/{row.id}/edit"
    reply = client.post(review, data=sent | {"note": "typed note"})
    assert reply.status_code == 422
    for words in ("the answer is empty", "Typed with care?", "typed note"):
        assert words in reply.text
    assert Rows(rows._workspace).row(row.id).row == row


def test_the_answer_that_is_trained_is_shown_beside_another_one(
    client: Any, address: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = rows.page(RowFilter(kind=("paraphrase",), use=("training",)), limit=1).rows[0]
    monkeypatch.setattr(Rows, "trained_answers", lambda *_: {row.id: "As the fact says."})
    assert "As the fact says." in client.get(f"{address}?kind=paraphrase").text
    review = client.get(f"{address.replace('questions', 'review')}?row={row.id}").text
    assert "As the fact says." in review
    assert "Trained with the answer of the fact itself" in review
    assert row.answer in html.unescape(review)


def test_an_edit_says_that_other_rows_are_left_out(client: Any, address: str, rows: Rows) -> None:
    fact = rows.page(RowFilter(kind=("pair",), state=("kept",)), limit=1).rows[0]
    sent = {
        "version": rows.row(fact.id).version,
        "question": fact.question,
        "answer": f"{fact.answer} That is so.",
        "short_answer": fact.short_answer,
    }
    told = json.loads(client.post(f"{address}/{fact.id}", data=sent).headers["HX-Trigger"])
    assert "left out because of it" in told["toast"]["hint"]
