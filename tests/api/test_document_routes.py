"""The documents' part of the API, as a program uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from loresmith.workspace.documents import document_key
from loresmith.workspace.projects import KnownProject

ENGLISH = document_key("annual-review.md")


@pytest.fixture
def at(project: KnownProject) -> str:
    return f"/api/v1/projects/{project.id}"


def test_documents_come_in_pages(api: TestClient, at: str) -> None:
    first = api.get(f"{at}/documents", params={"limit": 1}).json()
    assert (first["total"], [line["name"] for line in first["items"]]) == (2, ["annual-review.md"])
    rest = api.get(f"{at}/documents", params={"cursor": first["next_cursor"]}).json()
    assert [line["name"] for line in rest["items"]] == ["渔港纪要.txt"]


def test_several_files_are_uploaded_each_with_its_result(api: TestClient, at: str) -> None:
    files = [
        ("files", ("灯塔.txt", "2031年灯塔点亮。\n".encode("gb18030"))),
        ("files", ("../../up.md", b"# Up\n\nThe tide rose.\n")),
        ("files", ("virus.exe", b"MZ\x90")),
    ]
    reply = api.post(f"{at}/documents", files=files)
    assert reply.status_code == 200
    found = [(one["outcome"], one["name"]) for one in reply.json()["files"]]
    assert found == [("stored", "灯塔.txt"), ("stored", "up.md"), ("refused", "")]
    assert ".docx" in reply.json()["files"][2]["hint"]
    again = api.post(f"{at}/documents", files=files[:1]).json()["files"][0]
    assert (again["outcome"], again["exists"]) == ("refused", True)


def test_a_document_is_read_in_parts_and_downloaded_whole(api: TestClient, at: str) -> None:
    outline = api.get(f"{at}/documents/{ENGLISH}/outline").json()
    assert outline["headings"]
    text, start = "", 0
    while start < outline["total"]:
        page = api.get(
            f"{at}/documents/{ENGLISH}/text", params={"start": start, "length": 900}
        ).json()
        text += "".join(piece["text"] for piece in page["pieces"])
        start = page["end"]
    file = api.get(f"{at}/documents/{ENGLISH}/file")
    assert file.content.decode() == text
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.headers["content-type"] == "application/octet-stream"


def test_an_edit_needs_the_state_that_it_is_an_edit_of(api: TestClient, at: str) -> None:
    document = f"{at}/documents/{ENGLISH}"
    etag = api.get(document).headers["etag"]
    assert api.put(f"{document}/text", json={"text": "A."}).status_code == 428
    first = api.put(f"{document}/text", json={"text": "A."}, headers={"If-Match": etag})
    assert first.status_code == 200
    stale = api.put(f"{document}/text", json={"text": "B."}, headers={"If-Match": etag})
    assert stale.status_code == 412
    span = {"start": 0, "end": 1, "text": "C"}
    second = api.patch(f"{document}/text", json=span, headers={"If-Match": first.headers["etag"]})
    assert second.status_code == 200
    history = api.get(f"{document}/revisions").json()
    assert [line["number"] for line in history] == [2, 1, 0]
    newest = api.get(f"{document}/revisions/{history[0]['id']}").json()
    assert newest["text"] == "C."
    differs = api.get(
        f"{document}/difference", params={"older": history[1]["id"], "newer": history[0]["id"]}
    ).json()
    assert (differs["added"], differs["removed"]) == (1, 1)
    restored = api.post(
        f"{document}/restore",
        json={"revision": "file"},
        headers={"If-Match": second.headers["etag"]},
    )
    assert restored.status_code == 200
    assert api.get(document).json()["characters"] > 1000


def test_a_document_is_deleted_only_as_it_was_seen(api: TestClient, at: str) -> None:
    document = f"{at}/documents/{ENGLISH}"
    etag = api.get(document).headers["etag"]
    assert api.delete(document).status_code == 428
    assert api.delete(document, headers={"If-Match": '"other"'}).status_code == 412
    assert api.delete(document, headers={"If-Match": etag}).status_code == 204
    assert api.get(document).status_code == 404


def test_chunking_is_previewed_and_its_faults_are_named(api: TestClient, at: str) -> None:
    api.get(f"{at}/documents/{ENGLISH}/outline")
    settings = {"chunking.min_length": 200, "chunking.max_length": 500}
    preview = api.post(f"{at}/chunking/preview", json={"settings": settings}).json()
    assert preview["after"]["count"] > preview["before"]["count"]
    wrong = api.post(f"{at}/chunking/preview", json={"settings": {"chunking.max_length": -1}})
    assert wrong.status_code == 422
    assert any("max_length" in fault for fault in wrong.json()["faults"])


def test_the_same_request_sent_twice_starts_one_job(
    api: TestClient, at: str, project: KnownProject
) -> None:
    teacher = "teacher: {type: openai, preset: deepseek, model: deepseek-chat}\n"
    Path(project.folder, "loresmith.yaml").write_text(teacher)
    selection, key = {"documents": [ENGLISH]}, {"Idempotency-Key": "once"}
    first = api.post(f"{at}/generate", json=selection, headers=key)
    assert first.status_code == 202
    assert api.post(f"{at}/generate", json=selection, headers=key).json() == first.json()
    assert "DEEPSEEK_API_KEY" in str(api.post(f"{at}/estimate", json=selection).json())


def test_a_selection_is_estimated(api: TestClient, at: str) -> None:
    selection = {"documents": [ENGLISH]}
    foreseen = api.post(f"{at}/estimate", json=selection).json()
    assert foreseen["passages"] > 0
    assert foreseen["teacher"] == "embedded"
    unknown = api.post(f"{at}/estimate", json={"chunks": ["nothing"]})
    assert unknown.status_code == 404


@pytest.mark.parametrize("key", ["..%2f..%2fetc", "%00", "annual-review.md", "港"])
def test_a_path_is_no_key(api: TestClient, at: str, key: str) -> None:
    for what in ("", "/text", "/file", "/outline", "/revisions"):
        assert api.get(f"{at}/documents/{key}{what}").status_code == 404


def test_another_projects_document_is_unknown(api: TestClient, at: str) -> None:
    other = api.app.state.home.projects.create("Other")  # type: ignore[attr-defined]
    assert api.get(f"{at}/documents/{ENGLISH}").status_code == 200
    assert api.get(f"/api/v1/projects/{other.id}/documents/{ENGLISH}").status_code == 404
