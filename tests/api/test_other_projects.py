"""Nothing of one project can be reached through another: every route that names a project."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from api_schema import Operation, operations_of
from loresmith.workspace.background import Background
from loresmith.workspace.home import Home
from waiting import wait_for


class TwoProjects(NamedTuple):
    """One that has everything, and one with the same documents and nothing done."""

    full: str
    other: str
    ids: Mapping[str, str]
    """Names of the full one's objects, by the parameter of a path or query."""


@pytest.fixture
def projects(api: TestClient, home: Home, examined: Path, tmp_path: Path) -> TwoProjects:
    folder = shutil.copytree(examined, tmp_path / "full")
    full = home.projects.add(folder, name="Full").id
    (tmp_path / "other" / "documents").mkdir(parents=True)
    other = home.projects.add(tmp_path / "other", name="Other").id
    return TwoProjects(full, other, _ids(api, home, full))


def _ids(api: TestClient, home: Home, project: str) -> dict[str, str]:
    base = f"/api/v1/projects/{project}"

    def items(path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = api.get(f"{base}/{path}").json()["items"]
        return found

    document, run = items("documents")[0], str(items("runs")[0]["id"])
    key = str(document["key"])
    text = api.get(f"{base}/documents/{quote(key)}")
    changed = api.put(
        f"{base}/documents/{quote(key)}/text",
        json={"text": "# A harbour\n\nIt was built in 1911."},
        headers={"If-Match": text.headers["etag"]},
    )
    assert changed.status_code == 200, changed.text
    rows = json.dumps([{"question": "Who?", "answer": "I."}]).encode()
    upload = api.post(f"{base}/imports/uploads", files={"file": ("rows.json", rows)}).json()
    wanted = {"upload_id": upload["upload"]["id"]}
    return {
        "key": key,
        "document": str(document["name"]),
        "revision": str(api.get(f"{base}/documents/{quote(key)}/revisions").json()[0]["id"]),
        "run_id": run,
        "run": run,
        "item_id": items(f"runs/{run}/exam/items")[0]["item"]["id"],
        "row_id": items("rows")[0]["id"],
        "job_id": Background(home.workspace(project)).jobs()[0].id,
        "number": "1",
        "older": "1",
        "newer": "1",
        "import_id": api.post(f"{base}/imports", json=wanted).json()["id"],
    }


def test_an_unknown_project_is_not_found_by_any_route(api: TestClient) -> None:
    asked = [one for one in operations_of(api) if "project_id" in one.path_names]
    assert len(asked) > 60
    for operation in asked:
        names = dict.fromkeys(operation.path_names, "1") | {"project_id": "unknown"}
        reply = _ask(api, operation, names)
        assert reply.status_code == 404, f"{operation}: {reply.status_code} {reply.text}"


def test_what_one_project_has_another_has_not(api: TestClient, projects: TwoProjects) -> None:
    asked = [one for one in operations_of(api) if one.names_something_of_a_project]
    assert len(asked) > 25
    for operation in asked:
        unknown = operation.path_names - {"project_id"} - set(projects.ids)
        assert not unknown, f"give {operation} an id for {unknown} in `_ids`"
        here = {**projects.ids, "project_id": projects.full}
        if operation.path.endswith("/difference"):
            here |= {"older": here["revision"], "newer": here["revision"]}
        if operation.method == "GET" and not operation.path.endswith("/events"):
            found = _ask(api, operation, here)
            assert found.status_code != 404, f"{operation} finds nothing even at home: {found.text}"
        runs = [here["run"], "v9-another"]  # a comparison needs two
        reply = _ask(api, operation, {**here, "project_id": projects.other, "run": runs})
        assert reply.status_code == 404, f"{operation}: {reply.status_code} {reply.text}"


def test_rows_of_another_project_are_not_reviewed(api: TestClient, projects: TwoProjects) -> None:
    row = f"/api/v1/projects/{projects.full}/rows/{projects.ids['row_id']}"
    wait_for(lambda: _is_current(api, projects.full))
    before = api.get(row).json()
    sent = {"decision": "rejected", "ids": [projects.ids["row_id"]]}
    reply = api.post(f"/api/v1/projects/{projects.other}/rows/review", json=sent)

    assert reply.status_code in (200, 404, 409, 422)
    assert api.get(row).json() == before


def _is_current(api: TestClient, project: str) -> bool:
    """Whether the list of rows has caught up with the document that was just changed."""
    return api.get(f"/api/v1/projects/{project}/rows").headers["Rows-Current"] == "true"


def _ask(api: TestClient, operation: Operation, names: Mapping[str, Any]) -> Any:
    path = re.sub(r"{(\w+)}", lambda found: quote(names[found[1]], safe=""), operation.path)
    query = {name: names.get(name, "1") for name in operation.required_query}
    return api.request(
        operation.method,
        path,
        params=query,
        headers={"If-Match": "*"},
        **operation.least_body(),
    )
