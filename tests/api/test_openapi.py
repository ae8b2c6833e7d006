"""The description of the API is true, and no request that it allows breaks the server."""

from __future__ import annotations

import re
import shutil
import socket
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.schemas import APIOperation
from starlette.testclient import TestClient

from api_schema import operations_of
from loresmith.workspace.home import Home

EXAMPLES = 8
"""Requests of each operation; few, as there are about a hundred operations."""
_FORESEEN = (501, 503)
"""What is missing on this machine (a package, a model, a teacher) is told with these."""


def test_every_operation_says_what_it_does_and_how_it_fails(api: TestClient) -> None:
    operations = operations_of(api)
    assert len(operations) > 80
    for operation in operations:
        described = operation.described
        for part in ("tags", "summary", "description"):
            assert described.get(part), f"{operation} has no {part}"
        for responses in ("4XX", "5XX"):
            problem = described["responses"][responses]["content"]["application/problem+json"]
            assert problem["schema"]["$ref"] == "#/components/schemas/Problem"


def test_operations_have_names_of_their_own(api: TestClient) -> None:
    names = Counter(one.described["operationId"] for one in operations_of(api))

    assert [name for name, count in names.items() if count > 1] == []
    assert all(re.fullmatch(r"[a-z]\w+", name) for name in names)


def test_fields_are_explained(api: TestClient) -> None:
    schemas = api.get("/api/v1/openapi.json").json()["components"]["schemas"]
    problem = schemas["Problem"]["properties"]

    assert problem["hint"]["description"] == "What to do next; may be empty."
    assert problem["status"]["examples"] == [404]


def test_there_is_a_page_that_lists_the_routes_without_scripts(api: TestClient) -> None:
    page = api.get("/api/v1/docs")

    assert page.headers["content-type"].startswith("text/html")
    assert "/api/v1/projects/{project_id}/rows" in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests to anywhere but this machine fail, and no process is started."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1")):
            raise OSError("no network in this test")
        connect(self, address)

    def resolve_here(host: Any, *_: Any, **__: Any) -> Any:
        raise socket.gaierror(f"no network in this test: {host}")

    monkeypatch.setattr(socket.socket, "connect", connect_here)
    monkeypatch.setattr(socket, "getaddrinfo", resolve_here)
    monkeypatch.setattr(
        "loresmith.workspace.background.background.start_worker", lambda *_, **__: 0
    )


@pytest.fixture
def ids(api: TestClient, home: Home, examined: Path, tmp_path: Path) -> dict[str, str]:
    """The ids of a project with everything in it."""
    folder = shutil.copytree(examined, tmp_path / "full")
    project = home.projects.add(folder, name="Full").id
    base = f"/api/v1/projects/{project}"
    run = api.get(f"{base}/runs").json()["items"][0]["id"]
    return {
        "project_id": project,
        "key": api.get(f"{base}/documents").json()["items"][0]["key"],
        "run_id": run,
        "row_id": api.get(f"{base}/rows").json()["items"][0]["id"],
        "item_id": api.get(f"{base}/runs/{run}/exam/items").json()["items"][0]["item"]["id"],
        "job_id": api.get(f"{base}/jobs").json()["items"][0]["id"],
        "number": "1",
        "older": "1",
        "newer": "1",
    }


@pytest.mark.usefixtures("no_network")
def test_no_request_breaks_the_server(api: TestClient, ids: dict[str, str]) -> None:
    broken: list[str] = []
    for operation in _operations(api):
        _try_out(api, operation, ids, broken)

    assert not broken, "\n".join(broken)


def _operations(api: TestClient) -> Iterator[APIOperation[Any, Any, Any, Any]]:
    described = schemathesis.openapi.from_dict(api.get("/api/v1/openapi.json").json())
    for result in described.get_all_operations():
        operation = result.ok()
        if not operation.path.endswith("/events"):  # they go on for as long as one listens
            yield operation


def _try_out(api: TestClient, operation: Any, ids: dict[str, str], broken: list[str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send(case: Case) -> None:
        _name_real_things(case, ids)
        sent = case.as_transport_kwargs(base_url="http://127.0.0.1:8000")
        sent.pop("cookies", None)
        reply = api.request(**{key: value for key, value in sent.items() if value is not None})
        told = (
            f"{operation.method.upper()} {operation.path}: {reply.status_code} {reply.text[:300]}"
        )
        foreseen = reply.status_code in _FORESEEN and "internal" not in reply.text
        if reply.status_code >= 500 and not foreseen and told not in broken:
            broken.append(told)

    send()


def _name_real_things(case: Case, ids: dict[str, str]) -> None:
    """Puts a real project into most requests, and into half of them real things of it.

    Nothing real is deleted: later requests need it.
    """
    given = case.path_parameters or {}
    chance = zlib.crc32(repr((given, case.query, case.body)).encode("utf-8", "replace"))
    for name in given:
        if name not in ids or case.operation.method.upper() == "DELETE":
            continue
        if chance % 8 if name == "project_id" else chance % 2:
            given[name] = ids[name]
