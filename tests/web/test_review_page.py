"""The review page: a row beside its source, on to the next, and the map of each document."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from loresmith.workspace.documents import Documents, document_key
from loresmith.workspace.home import Home
from loresmith.workspace.rows import RowFilter, Rows
from loresmith.workspace.rows.projection import list_rows
from written_rows import copy_written


@pytest.fixture
def address(home: Home, tmp_path: Path) -> str:
    known = home.projects.add(copy_written(tmp_path / "coast"), name="Coast")
    return f"/projects/{known.id}/review"


@pytest.fixture
def rows(home: Home, address: str) -> Rows:
    return Rows(home.workspace(address.split("/")[2]))


def test_without_a_row_the_first_that_matches_is_shown(
    client: Any, address: str, rows: Rows
) -> None:
    first = rows.page(RowFilter(language=("zh",)), limit=1).rows[0]
    reply = client.get(f"{address}?language=zh", follow_redirects=False)
    assert reply.status_code == 303
    assert reply.headers["Location"] == f"{address}?language=zh&row={first.id}"


def test_the_evidence_is_marked_in_the_passage(client: Any, address: str, rows: Rows) -> None:
    row = rows.page(RowFilter(kind=("pair",), state=("kept",), language=("zh",))).rows[1]
    page = client.get(f"{address}?row={row.id}").text
    source = page[page.index("data-source") :]
    assert re.search(rf"<mark>[^<]*{re.escape(row.short_answer)}", source)
    assert 'class="figure found"' in page


def test_a_verdict_goes_on_to_the_next_of_the_filter(client: Any, address: str, rows: Rows) -> None:
    one, two, three = rows.page(RowFilter(verdict=("pending",)), limit=3).rows
    asked = f"{address}/{{}}/verdict?verdict=pending&row={{}}"
    reply = client.post(asked.format(one.id, one.id), data={"verdict": "confirmed"})
    assert reply.headers["HX-Push-Url"] == f"{address}?verdict=pending&row={two.id}"
    reply = client.post(asked.format(two.id, two.id), data={"verdict": "rejected"})
    assert f'data-row="{three.id}"' in reply.text or "verdict=pending" in reply.text
    assert [row.verdict for row in Rows(rows._workspace).page(limit=2).rows] == [
        "confirmed",
        "rejected",
    ]


def test_undo_comes_back_to_the_row(client: Any, address: str, rows: Rows) -> None:
    one, two = rows.page(RowFilter(verdict=("pending",)), limit=2).rows
    client.post(f"{address}/{one.id}/verdict", data={"verdict": "confirmed"})
    reply = client.post(f"{address}/undo?row={two.id}")
    assert f'data-row="{one.id}"' in reply.text
    assert Rows(rows._workspace).row(one.id).row.verdict == "pending"


def test_a_note_is_kept_with_what_was_said(client: Any, address: str, rows: Rows) -> None:
    row = rows.page(RowFilter(language=("zh",)), limit=1).rows[0]
    note = "单位应为 <b>万吨</b>"
    client.post(f"{address}/{row.id}/verdict", data={"verdict": "rejected", "note": note})
    found = Rows(rows._workspace).row(row.id)
    assert (found.row.note, found.row.detail) == (note, note)
    page = client.get(f"{address}?row={row.id}").text
    assert 'value="单位应为 &lt;b&gt;万吨&lt;/b&gt;"' in page
    assert "<b>万吨" not in page


def test_a_row_of_a_corrected_text_is_shown_as_stale_with_the_text_of_then(
    client: Any, address: str, rows: Rows
) -> None:
    row = rows.page(RowFilter(kind=("pair",), language=("zh",)), limit=1).rows[0]
    source = rows.row(row.id).source
    assert source is not None
    workspace = rows._workspace
    documents, key = Documents(workspace), document_key(source.document)
    version = documents.get(key).version
    documents.revise_span(key, source.start, source.end, "已删去。", expected=version)
    with workspace.opened() as context:
        list_rows(context)
    gone = RowFilter(reason=("evidence_gone",), kind=("pair",))
    row = Rows(workspace).page(gone, limit=1).rows[0]
    page = client.get(f"{address}?row={row.id}", headers={"Accept-Language": "zh"}).text
    assert "已失效" in page
    assert "原文更正后依据已不存在" in page
    shown = page[page.index("data-source") :]
    assert source.text.split("\n")[0][:20] in shown
    listed = client.get(f"{address.replace('review', 'questions')}?state=stale").text
    assert f'data-id="{row.id}"' in listed


def test_the_last_row_says_so(client: Any, address: str, rows: Rows) -> None:
    last = rows.page(order="-position", limit=1).rows[0]
    reply = client.post(f"{address}/{last.id}/verdict", data={"verdict": "confirmed"})
    assert "the last of these rows" in reply.text


def test_an_edit_shows_which_check_fails_and_a_late_one_changes_nothing(
    client: Any, address: str, rows: Rows
) -> None:
    row = rows.page(RowFilter(kind=("pair",), state=("kept",)), limit=1).rows[0]
    sent = {
        "version": rows.row(row.id).version,
        "question": row.question,
        "answer": f"{row.answer} 98,765 ships.",
        "short_answer": row.short_answer,
    }
    reply = client.post(f"{address}/{row.id}/edit", data=sent)
    assert "figure is not in the evidence" in reply.text
    assert 'class="figure missing"' in reply.text
    late = client.post(f"{address}/{row.id}/edit", data=sent | {"answer": "x"})
    assert late.status_code == 422 and "changed meanwhile" in late.text
    assert re.search(r"<textarea[^>]*name=\"answer\"[^>]*>\s*x</textarea>", late.text)
    assert Rows(rows._workspace).row(row.id).row.answer == sent["answer"]


def test_the_map_leads_to_the_rows_of_a_passage(client: Any, address: str, rows: Rows) -> None:
    page = client.get(f"{address}/map").text
    assert quote("渔港纪要.txt") in page
    drawn = client.get(f"{address}/map/strip", params={"document": "annual-review.md"}).text
    passages = rows.map("annual-review.md").passages
    links = re.findall(r'<a href="([^"]+)"', drawn)
    assert len(links) == sum(one.kept + one.dropped > 0 for one in passages)
    assert client.get(links[0].replace("&amp;", "&")).status_code == 200


def test_a_row_that_there_is_not_is_not_found(client: Any, address: str) -> None:
    assert client.get(f"{address}?row=nothing").status_code == 404


def test_stars_tags_and_a_note_stay_with_the_row_and_the_lists_find_it_by_them(
    client: Any, address: str, rows: Rows
) -> None:
    row = rows.page(RowFilter(kind=("pair",)), limit=1).rows[0]
    asked = f"{address}/{row.id}/mark?row={row.id}"
    reply = client.post(asked, data={"stars": "4", "tags": "待核对，税务, ", "note": "看一下单位"})
    assert f'data-row="{row.id}"' in reply.text
    marked = Rows(rows._workspace).row(row.id).row
    assert (marked.stars, marked.tags, marked.note) == (4, ("待核对", "税务"), "看一下单位")
    assert (marked.verdict, marked.state) == (row.verdict, row.state)
    page = client.get(f"{address}?stars=4&tags=税务&row={row.id}").text
    assert "1 / 1" in page
    listed = client.get(f"{address.removesuffix('review')}questions?note=单位").text
    assert "★★★★" in listed and row.question in listed
    client.post(asked, data={"tags": "税务", "note": ""})
    assert Rows(rows._workspace).row(row.id).row.stars == 4
    client.post(f"{address}/undo")
    client.post(f"{address}/undo")
    assert Rows(rows._workspace).row(row.id).row == row


def test_more_stars_than_there_are_and_too_many_tags_are_refused(
    client: Any, address: str, rows: Rows
) -> None:
    row = rows.page(limit=1).rows[0]
    assert client.post(f"{address}/{row.id}/mark", data={"stars": "6"}).status_code == 422
    many = {"tags": ",".join(f"tag {number}" for number in range(30))}
    assert client.post(f"{address}/{row.id}/mark", data=many).status_code >= 400
    assert Rows(rows._workspace).row(row.id).row == row
