"""Whatever is sent, the server answers as its description says: right requests and wrong ones."""

from __future__ import annotations

import json
import re
import shutil
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from api_schema import Operation, operations_of
from loresmith.workspace.home import Home

EXAMPLES = 4
"""Requests of each operation; few, as there are about a hundred operations."""
_FORESEEN = (501, 503)
"""What is missing on this machine (a package, a model, a teacher) is told with these."""
_AS_DESCRIBED = [status_code_conformance, content_type_conformance, response_schema_conformance]
_HOSTILE = {
    "chinese": "港口年报",
    "a NUL": "a\x00b",
    "half a character": "\ud800",
    "up and out": "../../../etc/passwd",
    "a path of Windows": "..\\..\\windows\\win.ini",
    "markup": "<img src=x onerror=alert(1)>",
    "SQL": "' OR 1=1 --",
    "a format": "%s%n{0}{{7*7}}",
    "overlong": "长" * 500,
    "a huge number": "9" * 400,
    "not a number": "NaN",
    "below zero": "-1",
}
_LONGEST_QUERY = 60_000
"""The client refuses to send an address of more than 65,536 characters."""
_UNREADABLE = (
    ("application/json", b""),
    ("application/json", b"{"),
    ("application/json", b"\xff\xfe\x00"),
    ("application/json", b"[" * 5000),
    ("application/json", b'{"settings": {"a": NaN, "\\ud800": "\\udfff"}}'),
    ("application/json", b"9" * 5000),
    ("application/json; charset=none", b"{}"),
    ("multipart/form-data", b"--x\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n\x00"),
    ("multipart/form-data; boundary=\x00", b"--x--"),
    ("text/plain", b"{}"),
    ("", b"\x00"),
)


@pytest.fixture
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are not resolved, and no process is started."""

    def resolve(host: Any, *_: Any, **__: Any) -> Any:
        raise socket.gaierror(f"no network in this test: {host!r}")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(
        "loresmith.workspace.background.background.start_worker", lambda *_, **__: 0
    )


pytestmark = pytest.mark.usefixtures("_no_network")


@pytest.fixture
def client(api: TestClient) -> TestClient:
    """What nobody foresaw is a reply here, as it is to a user, and not an error of the test."""
    return TestClient(api.app, base_url=str(api.base_url), raise_server_exceptions=False)


@pytest.fixture
def ids(client: TestClient, home: Home, examined: Path, tmp_path: Path) -> dict[str, str]:
    """The ids of a project with everything in it."""
    folder = shutil.copytree(examined, tmp_path / "full")
    project = home.projects.add(folder, name="Full").id
    base = f"/api/v1/projects/{project}"
    run = client.get(f"{base}/runs").json()["items"][0]["id"]
    return {
        "project_id": project,
        "key": client.get(f"{base}/documents").json()["items"][0]["key"],
        "run_id": run,
        "row_id": client.get(f"{base}/rows").json()["items"][0]["id"],
        "item_id": client.get(f"{base}/runs/{run}/exam/items").json()["items"][0]["item"]["id"],
        "job_id": client.get(f"{base}/jobs").json()["items"][0]["id"],
        "number": "1",
        "older": "1",
        "newer": "1",
    }


@pytest.mark.timeout(900)  # about four hundred requests, which a busy machine takes long for
def test_requests_as_described_are_answered_as_described(
    client: TestClient, ids: dict[str, str]
) -> None:
    broken: list[str] = []
    for operation in _operations(client):
        _try_out(client, operation, ids, broken)

    assert not broken, "\n".join(broken)


@pytest.mark.timeout(900)
def test_no_text_in_a_path_a_query_or_a_body_breaks_the_server(
    client: TestClient, ids: dict[str, str]
) -> None:
    broken = [
        f"{operation} with {kind}: {reply.status_code} {reply.text[:300]}"
        for operation in operations_of(client)
        if not operation.path.endswith("/events")
        for kind, value in _HOSTILE.items()
        for reply in _hostile_replies(client, operation, ids, value)
        if not _is_foreseen(reply)
    ]
    assert not broken, "\n".join(broken)


def test_no_body_breaks_the_server(client: TestClient, home: Home) -> None:
    project = home.projects.create("Empty").id
    broken = [
        f"{operation} with {body[:20]!r} as {kind}: {reply.status_code} {reply.text[:300]}"
        for operation in operations_of(client)
        if operation.method in ("POST", "PUT", "PATCH")
        for kind, body in _UNREADABLE
        for reply in [_sent(client, operation, project, kind, body)]
        if not _is_foreseen(reply)
    ]
    assert not broken, "\n".join(broken)


def _sent(client: TestClient, operation: Operation, project: str, kind: str, body: bytes) -> Any:
    path = operation.path.replace("{project_id}", project)
    headers = {"Content-Type": kind, "If-Match": "*"}
    return client.request(operation.method, path, content=body, headers=headers)


def _operations(client: TestClient) -> Iterator[APIOperation[Any, Any, Any, Any]]:
    described = schemathesis.openapi.from_dict(client.get("/api/v1/openapi.json").json())
    for result in described.get_all_operations():
        operation = result.ok()
        endless = operation.path.endswith("/events")  # they go on for as long as one listens
        is_upload = "multipart/form-data" in str(operation.definition.raw.get("requestBody", ""))
        if not endless and not is_upload:  # uploads are tried in test_safe_data.py
            yield operation


def _try_out(
    client: TestClient,
    operation: APIOperation[Any, Any, Any, Any],
    ids: dict[str, str],
    broken: list[str],
) -> None:
    """Adds to `broken` what is wrong with the replies to requests that the description allows."""

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
        reply = client.request(**{key: value for key, value in sent.items() if value is not None})
        told = f"{operation.method.upper()} {operation.path}: {reply.status_code}"
        if not _is_foreseen(reply):
            broken.append(f"{told} {reply.text[:300]}")
        try:
            case.validate_response(reply, checks=_AS_DESCRIBED)
        except FailureGroup as group:
            failure = group.exceptions[0]
            broken.append(f"{told} {reply.text[:300]} {str(failure)[:600]}")

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


def _hostile_replies(
    client: TestClient, operation: Operation, ids: dict[str, str], value: str
) -> Iterator[Any]:
    """With `value` in the place of each name in the path, and then in every field at once."""
    names = operation.path_names - {"project_id"}
    if operation.method != "DELETE":
        everywhere = {**dict.fromkeys(names, "1"), **ids}
        yield _ask(client, operation, everywhere, value)
    for name in sorted(names):
        yield _ask(client, operation, {**ids, name: value}, "1")


def _ask(client: TestClient, operation: Operation, names: dict[str, str], value: str) -> Any:
    def filled(found: re.Match[str]) -> str:
        return quote(names.get(found[1], "1").encode("utf-8", "surrogatepass"), safe="")

    query = "&".join(
        f"{one['name']}={quote(value.encode('utf-8', 'surrogatepass'), safe='')}"
        for one in operation.described.get("parameters", [])
        if one["in"] == "query"
    )
    body, path = operation.body_of(value), re.sub(r"{(\w+)}", filled, operation.path)
    return client.request(
        operation.method,
        f"{path}?{query[:_LONGEST_QUERY]}",
        content=None if body is None else json.dumps(body),
        headers={"If-Match": "*", "Content-Type": "application/json"},
    )


def _is_foreseen(reply: Any) -> bool:
    missing = reply.status_code in _FORESEEN and "inside the server" not in reply.text
    return bool(reply.status_code < 500 or missing)
