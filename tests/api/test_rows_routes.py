"""The rows of a project over HTTP: lists, reviews by the thousand, and edits by two people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject
from written_rows import copy_written


@pytest.fixture
def rows_url(home: Home, tmp_path: Path) -> str:
    """The address of the rows of a project that is written and curated."""
    known = home.projects.add(copy_written(tmp_path / "written"), name="Written")
    return f"/api/v1/projects/{known.id}/rows"


def test_a_list_is_read_to_its_end_by_cursors(api: TestClient, rows_url: str) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        asked = {"limit": 50} if cursor is None else {"limit": 50, "cursor": cursor}
        page = api.get(rows_url, params=asked).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == page["total"] > 150


def test_filters_and_facets_agree(api: TestClient, rows_url: str) -> None:
    facets = api.get(f"{rows_url}/facets", params={"language": "zh"}).json()
    uses = {one["value"]: one["count"] for one in facets["use"]}
    for use, count in uses.items():
        page = api.get(rows_url, params={"language": "zh", "use": use, "limit": 200}).json()
        assert page["total"] == len(page["items"]) == count
        assert {(row["language"], row["use"]) for row in page["items"]} == {("zh", use)}
    languages = {one["value"] for one in facets["language"]}
    assert languages == {"en", "zh"}, "a field's counts disregard its own filter"


def test_a_filter_that_is_none_is_refused(api: TestClient, rows_url: str) -> None:
    assert api.get(rows_url, params={"use": "fun"}).status_code == 422
    assert api.get(rows_url, params={"cursor": "x"}).status_code == 400
    assert api.get(rows_url, params={"limit": 201}).status_code == 422


def test_of_two_editors_the_second_is_told_that_the_row_has_changed(
    api: TestClient, rows_url: str
) -> None:
    row = api.get(rows_url, params={"kind": "pair", "limit": 1}).json()["items"][0]
    url = f"{rows_url}/{row['id']}"
    first, second = api.get(url), api.get(url)
    assert first.headers["ETag"] == second.headers["ETag"]
    edit = {"question": row["question"] + " Please."}
    done = api.patch(url, json=edit, headers={"If-Match": first.headers["ETag"]})
    assert done.status_code == 200
    assert done.json()["view"]["row"]["verdict"] == "edited"
    late = api.patch(url, json={"answer": "x"}, headers={"If-Match": second.headers["ETag"]})
    assert late.status_code == 412
    assert late.json()["hint"]
    again = api.patch(url, json=edit, headers={"If-Match": done.headers["ETag"]})
    assert again.status_code == 200
    assert api.get(url).json()["row"]["question"] == edit["question"]


def test_an_edit_without_the_state_it_is_an_edit_of_is_refused(
    api: TestClient, rows_url: str
) -> None:
    row = api.get(rows_url, params={"limit": 1}).json()["items"][0]
    assert api.patch(f"{rows_url}/{row['id']}", json={"answer": "x"}).status_code == 428


def test_an_edit_is_told_at_once_which_check_it_fails(api: TestClient, rows_url: str) -> None:
    row = api.get(rows_url, params={"kind": "pair", "state": "kept", "limit": 1}).json()["items"][0]
    edited = _edit(api, f"{rows_url}/{row['id']}", answer=f"{row['answer']} And 98,765 more.")
    assert edited["objection"] == "figure_not_in_evidence"
    assert "98,765" in edited["detail"]
    assert edited["view"]["row"]["state"] == "dropped"


def test_all_rows_of_a_filter_are_reviewed_and_taken_back_at_one_stroke(
    api: TestClient, rows_url: str
) -> None:
    wanted = {"filter": {"use": ["exam"], "language": ["zh"]}, "verdict": "rejected"}
    done = api.post(f"{rows_url}/review", json=wanted).json()
    dropped = api.get(rows_url, params={"reason": "rejected_by_reviewer"}).json()
    assert done["rows"] == dropped["total"] > 5
    assert done["kept"] == 0
    assert api.post(f"{rows_url}/undo").json()["rows"] == done["rows"]
    assert api.get(rows_url, params={"reason": "rejected_by_reviewer"}).json()["total"] == 0
    assert api.post(f"{rows_url}/undo").json()["rows"] == 0


@pytest.mark.parametrize(
    "asked",
    [
        {"verdict": "confirmed"},
        {"verdict": "confirmed", "ids": ["a"], "filter": {}},
        {"verdict": "perhaps", "ids": ["a"]},
        {"verdict": "confirmed", "filter": {"colour": "blue"}},
    ],
)
def test_a_review_that_cannot_be_meant_is_refused(
    api: TestClient, rows_url: str, asked: dict[str, Any]
) -> None:
    assert api.post(f"{rows_url}/review", json=asked).status_code == 422


def test_unknown_rows_and_documents_are_not_found(api: TestClient, rows_url: str) -> None:
    assert api.get(f"{rows_url}/nothing").status_code == 404
    review = {"verdict": "confirmed", "ids": ["nothing"]}
    assert api.post(f"{rows_url}/review", json=review).status_code == 404
    assert api.get(f"{rows_url}/map", params={"document": "../x"}).status_code == 404


def test_another_projects_rows_are_not_found(
    api: TestClient, rows_url: str, project: KnownProject
) -> None:
    row = api.get(rows_url, params={"limit": 1}).json()["items"][0]
    theirs = f"/api/v1/projects/{project.id}/rows"
    assert api.get(f"{theirs}/{row['id']}").status_code == 404
    review = {"verdict": "rejected", "ids": [row["id"]]}
    assert api.post(f"{theirs}/review", json=review).status_code == 404


def test_the_map_counts_every_row_of_a_document(api: TestClient, rows_url: str) -> None:
    found = api.get(f"{rows_url}/map", params={"document": "annual-review.md"}).json()
    total = api.get(rows_url, params={"document": "annual-review.md"}).json()["total"]
    counted = [one["kept"] + one["dropped"] + one["pending"] for one in found["passages"]]
    assert sum(counted) == total
    assert found["passages"][0]["start"] == 0


def test_a_project_without_rows_has_an_empty_list(api: TestClient, project: KnownProject) -> None:
    page = api.get(f"/api/v1/projects/{project.id}/rows").json()
    assert (page["items"], page["total"], page["next_cursor"]) == ([], 0, None)


def _edit(api: TestClient, url: str, **texts: str) -> dict[str, Any]:
    tag = api.get(url).headers["ETag"]
    done = api.patch(url, json=texts, headers={"If-Match": tag})
    assert done.status_code == 200
    return dict(done.json())


def test_marks_are_given_to_many_at_once_and_found_again(api: TestClient, rows_url: str) -> None:
    chosen = {"filter": {"language": ["zh"]}, "stars": 3, "tags": ["税务"]}
    done = api.post(f"{rows_url}/mark", json=chosen).json()
    assert done["rows"] > 1
    page = api.get(rows_url, params={"stars": 3, "tags": "税务", "limit": 200}).json()
    assert page["total"] == done["rows"]
    assert {row["language"] for row in page["items"]} == {"zh"}
    assert api.post(f"{rows_url}/undo").json()["rows"] == done["rows"]
    assert api.get(rows_url, params={"stars": 3}).json()["total"] == 0


def test_marks_need_rows_and_stay_within_bounds(api: TestClient, rows_url: str) -> None:
    assert api.post(f"{rows_url}/mark", json={"stars": 3}).status_code == 422
    assert api.post(f"{rows_url}/mark", json={"filter": {}, "stars": 6}).status_code == 422
    assert api.post(f"{rows_url}/mark", json={"ids": ["none"], "stars": 1}).status_code == 404
    long = {"filter": {}, "tags": ["x" * 100]}
    assert api.post(f"{rows_url}/mark", json=long).status_code >= 400


def test_advice_that_says_nothing_asks_no_model(api: TestClient, rows_url: str) -> None:
    row = api.get(rows_url, params={"kind": "pair", "limit": 1}).json()["items"][0]
    reply = api.post(f"{rows_url}/{row['id']}/rewrite", json={"advice": " "})
    assert reply.status_code == 409
    assert "no advice" in reply.json()["detail"]
