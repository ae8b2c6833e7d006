"""The description of the API is complete, and readable for people and for generators."""

from __future__ import annotations

import re
from collections import Counter

from starlette.testclient import TestClient

from api_schema import operations_of


def test_every_operation_says_what_it_does_and_how_it_fails(api: TestClient) -> None:
    operations = operations_of(api)
    assert len(operations) > 80
    for operation in operations:
        described = operation.described
        for part in ("tags", "summary", "description"):
            assert described.get(part), f"{operation} has no {part}"
        openai = operation.path.startswith("/v1/")
        kind = "application/json" if openai else "application/problem+json"
        for status in ("4XX", "5XX"):
            told = described["responses"][status]["content"][kind]["schema"]["$ref"]
            assert told.endswith("/OpenAIError" if openai else "/Problem"), operation


def test_every_successful_reply_has_a_described_form(api: TestClient) -> None:
    for operation in operations_of(api):
        for status, reply in operation.described["responses"].items():
            if status.startswith("2") and status != "204":
                forms = [content.get("schema") for content in reply.get("content", {}).values()]
                assert forms and all(forms), f"{operation} {status}"


def test_every_body_has_examples_and_every_choice_is_explained(api: TestClient) -> None:
    for operation in operations_of(api):
        assert not operation.fields_without_example(), operation
        for one in operation.described.get("parameters", []):
            if one["in"] != "path":
                assert one.get("description"), f"{operation}: {one['name']}"
            if one["in"] == "query" and one["required"]:
                assert one["schema"].get("examples"), f"{operation}: {one['name']}"


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
