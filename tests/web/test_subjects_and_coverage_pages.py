"""The pages of the domain tree and of what no row says, and the same over the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from loresmith.workspace.domain_tree import DomainTrees
from loresmith.workspace.workspace import Workspace
from written_rows import copy_written


@pytest.fixture
def project(home, tmp_path):
    """A project whose rows are written and checked."""
    return home.projects.add(copy_written(tmp_path / "coast"), name="Coast")


@pytest.fixture
def address(project):
    return f"/projects/{project.id}"


def test_without_a_tree_the_page_says_how_to_come_by_one(client, address):
    page = client.get(f"{address}/subjects").text
    assert "No subjects yet" in page
    assert "Take the headings" in page


def test_a_tree_is_written_on_the_page_and_a_wrong_one_is_told_beside_what_was_typed(
    client, address, project
):
    saved = client.post(f"{address}/subjects", data={"text": "Traffic\n  Ships\n", "version": ""})
    assert saved.headers["HX-Redirect"] == f"{address}/subjects"
    tree = DomainTrees(Workspace(Path(project.folder))).now()
    assert tree.text == "Traffic\n  Ships\n"
    wrong = client.post(f"{address}/subjects", data={"text": "A > B", "version": tree.id})
    assert wrong.status_code == 422
    assert "a label has no" in wrong.text
    assert "A &gt; B" in wrong.text
    stale = client.post(f"{address}/subjects", data={"text": "Other", "version": "another"})
    assert "somebody else has changed the domain tree" in stale.text
    assert DomainTrees(Workspace(Path(project.folder))).now() == tree


def test_coverage_lists_documents_and_what_is_open_in_one(client, address):
    page = client.get(f"{address}/coverage").text
    assert "annual-review.md" in page
    open_ones = client.get(f"{address}/coverage", params={"document": "annual-review.md"}).text
    assert "Open in annual-review.md" in open_ones
    chinese = client.get(f"{address}/coverage", headers={"Accept-Language": "zh"}).text
    assert "覆盖情况" in chinese


def test_before_rows_are_checked_the_page_says_what_to_do(client, home):
    empty = home.projects.create("Empty")
    assert "Nothing to compare yet" in client.get(f"/projects/{empty.id}/coverage").text


def test_the_api_reads_and_writes_the_tree_and_pages_the_gaps(client, project):
    api = f"/api/v1/projects/{project.id}"
    assert client.get(f"{api}/subjects").json()["id"] == ""
    written = client.put(f"{api}/subjects", json={"text": "Traffic\n  Ships\n"})
    assert [one["path"] for one in written.json()["subjects"]] == [
        ["Traffic"],
        ["Traffic", "Ships"],
    ]
    refused = client.put(f"{api}/subjects", json={"text": "A > B"})
    assert refused.status_code == 422
    documents = client.get(f"{api}/coverage").json()["items"]
    gaps = client.get(f"{api}/coverage/gaps", params={"limit": 2}).json()
    assert len(gaps["items"]) == 2
    assert gaps["total"] == sum(one["open_statements"] for one in documents)


def test_what_a_fill_takes_is_told_before_it_is_begun(client, address, project, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    look = client.get(f"{address}/coverage/fill", params={"document": "annual-review.md"})
    assert "Fill the gaps of annual-review.md" in look.text
    assert "What there is stays as it is." in look.text
    plan = client.get(f"/api/v1/projects/{project.id}/coverage/fill").json()
    assert plan["statements"] > 0
    assert plan["estimate"]["calls"] > 0
    assert client.get(f"/api/v1/projects/{project.id}/coverage/filled").json()["asked"] == 0


def test_a_fill_is_a_job(client, address, project):
    started = client.post(f"{address}/coverage/fill", data={"document": ""})
    job_id = started.headers["HX-Redirect"].rpartition("/")[2]
    job = client.get(f"/api/v1/projects/{project.id}/jobs/{job_id}").json()
    assert job["verb"] == "fill"
    asked = client.post(f"/api/v1/projects/{project.id}/coverage/fill", json={"again": True})
    assert asked.status_code == 202
    for one in (job_id, asked.json()["job_id"]):
        client.post(f"/api/v1/projects/{project.id}/jobs/{one}/cancel")
