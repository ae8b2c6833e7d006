"""Datasets over the API: the same versions, rows and files as in Python."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from loresmith.workspace.datasets import EXPORT_FORMS, Datasets, ExportSettings
from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject

ROWS = [{"question": f"问题 {n}？", "answer": f"答案 {n}。"} for n in range(7)]


@pytest.fixture
def alone(home: Home, tmp_path: Path) -> KnownProject:
    """A project whose rows are all imported: no teacher is needed."""
    (tmp_path / "rows" / "documents").mkdir(parents=True)
    return home.projects.add(tmp_path / "rows", name="Rows")


@pytest.fixture
def base(alone: KnownProject) -> str:
    return f"/api/v1/projects/{alone.id}"


def hand_over(api: TestClient, base: str, rows: object = ROWS, name: str = "问答.json") -> str:
    content = io.BytesIO(json.dumps(rows, ensure_ascii=False).encode())
    reply = api.post(f"{base}/imports/uploads", files={"file": (name, content)})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["upload"]["id"])


@pytest.fixture
def frozen(api: TestClient, base: str, home: Home, alone: KnownProject) -> str:
    """Two versions: of seven rows, and of nine."""
    for rows in (ROWS, [{"question": f"Q{n}?", "answer": "A."} for n in range(2)]):
        upload = hand_over(api, base, rows, f"{len(rows)}.json")
        assert api.post(f"{base}/imports", json={"upload_id": upload}).status_code == 201
        home.workspace(alone.id).do("dataset")
    return base


def test_versions_with_figures(api: TestClient, frozen: str) -> None:
    page = api.get(f"{frozen}/datasets").json()
    assert [(one["number"], one["rows"]) for one in page["items"]] == [(2, 9), (1, 7)]
    assert api.get(f"{frozen}/datasets/2").json() == page["items"][0]
    assert api.get(f"{frozen}/datasets/3").status_code == 404


def test_what_the_next_version_would_hold_is_told(api: TestClient, base: str) -> None:
    told = api.get(f"{base}/datasets/next").json()
    assert (told["rows"], told["passages"], told["left_out"]) == (0, 0, {})


def test_rows_come_in_pages_and_filtered(api: TestClient, frozen: str) -> None:
    seen, cursor = [], None
    while True:
        query = {"limit": 4} | ({"cursor": cursor} if cursor else {})
        page = api.get(f"{frozen}/datasets/2/rows", params=query).json()
        assert page["total"] == 9
        seen += [row["messages"][0]["content"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == 9
    found = api.get(f"{frozen}/datasets/2/rows", params={"search": "问题 3"}).json()
    assert [row["messages"][1]["content"] for row in found["items"]] == ["答案 3。"]
    assert api.get(f"{frozen}/datasets/2/rows", params={"split": "none"}).status_code == 422


def test_two_versions_are_compared(api: TestClient, frozen: str) -> None:
    told = api.get(f"{frozen}/datasets/1/compare/2").json()
    assert (told["added"], told["unchanged"]) == (2, 7)
    page = api.get(f"{frozen}/datasets/1/compare/2/rows", params={"kind": "added"}).json()
    assert [row["after"]["messages"][0]["content"] for row in page["items"]] == ["Q0?", "Q1?"]


@pytest.mark.parametrize("form", [one for one in EXPORT_FORMS if one not in ("dpo", "kto")])
def test_a_file_is_the_one_that_python_writes(
    api: TestClient, frozen: str, home: Home, alone: KnownProject, form: str
) -> None:
    reply = api.get(f"{frozen}/datasets/1/export", params={"form": form})
    file = Datasets(home.workspace(alone.id)).export(
        1, ExportSettings.model_validate({"form": form})
    )
    assert reply.content == b"".join(file.pieces)
    assert unquote(reply.headers["content-disposition"]).endswith(file.name)
    preview = api.get(f"{frozen}/datasets/1/export/preview", params={"form": form}).json()
    assert (preview["name"], preview["rows"]) == (file.name, 7)


def test_an_import_is_previewed_mapped_made_and_taken_back(api: TestClient, base: str) -> None:
    upload = hand_over(api, base, [{"x": "Q?", "y": "A."}, {"x": "Q?", "y": None}])
    refused = api.post(f"{base}/imports", json={"upload_id": upload})
    assert (refused.status_code, "x, y" in refused.json()["detail"]) == (422, True)
    wanted = {"upload_id": upload, "mapping": {"instruction": "x", "output": "y"}}
    seen = api.post(f"{base}/imports/preview", json=wanted).json()
    assert [bool(row["messages"]) for row in seen["rows"]] == [True, False]
    report = api.post(f"{base}/imports", json=wanted).json()
    assert (report["kept"], report["bad"]) == (1, {"field_missing": 1})
    bad = api.get(f"{base}/imports/{report['id']}/bad-rows").json()
    assert [(row["number"], row["reason"]) for row in bad["items"]] == [(2, "field_missing")]
    assert api.delete(f"{base}/imports/{report['id']}").json()["counts"] is False
    assert [one["counts"] for one in api.get(f"{base}/imports").json()["items"]] == [False]


def test_a_folder_is_looked_at_and_imported_file_by_file(api: TestClient, base: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("easy/alpaca.json", json.dumps(ROWS))
        archive.writestr("easy/statistics.json", "{}")
    sent = [
        ("file", ("easy.zip", packed.getvalue())),
        ("file", ("more.jsonl", b'{"question": "Q?", "answer": "A."}')),
    ]
    seen = api.post(f"{base}/imports/uploads/folder", files=sent)
    assert seen.status_code == 201, seen.text
    assert [(one["name"], bool(one["preview"])) for one in seen.json()] == [
        ("alpaca.json", True),
        ("statistics.json", False),
        ("more.jsonl", True),
    ]
    uploads = [one["preview"]["upload"]["id"] for one in seen.json() if one["preview"]]
    wanted = {"files": [{"upload_id": one} for one in uploads]}
    done = api.post(f"{base}/imports/folder", json=wanted).json()
    assert [(one["name"], one["kept"]) for one in done["reports"]] == [
        ("alpaca.json", 7),
        ("more.jsonl", 1),
    ]


def test_an_export_has_the_fields_rows_and_kind_of_file_that_were_asked_for(
    api: TestClient, frozen: str
) -> None:
    asked = {"form": "custom", "fields": ["q=question"], "file": "jsonl", "search": "问题 3"}
    reply = api.get(f"{frozen}/datasets/1/export", params=asked)
    assert reply.text == '{"q": "问题 3？"}\n'
    assert api.get(f"{frozen}/datasets/1/export", params={"form": "alpacca"}).status_code == 422
    assert api.get(f"{frozen}/datasets/1/export", params={"file": "xml"}).status_code == 422
    row = api.get(f"{frozen}/datasets/1/rows").json()["items"][4]["id"]
    one = api.get(f"{frozen}/datasets/1/export", params={"form": "alpaca", "row": row}).json()
    assert [each["output"] for each in one] == ["答案 4。"]


def test_a_file_of_something_else_is_refused_by_its_name(api: TestClient, base: str) -> None:
    reply = api.post(f"{base}/imports/uploads", files={"file": ("../x.xlsx", b"PK\x03\x04 zip")})
    assert reply.status_code == 422
    assert reply.json()["detail"] == "x.xlsx is not a text file"


def test_another_projects_upload_is_not_there(
    api: TestClient, base: str, project: KnownProject
) -> None:
    upload = hand_over(api, base)
    other = f"/api/v1/projects/{project.id}/imports/preview"
    assert api.post(other, json={"upload_id": upload}).status_code == 404


def test_freezing_starts_one_job_however_often_it_is_sent(
    api: TestClient, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "loresmith.workspace.background.background.start_worker", lambda *_, **__: None
    )
    first, again = (
        api.post(f"{base}/datasets", headers={"Idempotency-Key": "once"}) for _ in range(2)
    )
    assert first.status_code == 202
    assert first.json() == again.json()
