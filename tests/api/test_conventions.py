"""What all routes have in common: problems, pages, states, and requests that are sent twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Annotated

import pytest
from fastapi import Request, Response
from pydantic import Field
from sqlalchemy import text
from starlette.testclient import TestClient

from loresmith.api import create_api
from loresmith.api.etags import etag_of, require_match, tagged
from loresmith.api.idempotency import OnceHere
from loresmith.api.paging import Page, PagingHere, page_of
from loresmith.errors import (
    Conflict,
    DatasetError,
    DocumentError,
    LoresmithError,
    MissingDependency,
    ModelUnavailable,
    NotFound,
    OutOfDeviceMemory,
    RateLimited,
    RecipeError,
    StoreError,
)
from loresmith.records import Record
from loresmith.workspace.home import Home


class Wanted(Record):
    """A thing that a test asks for."""

    name: Annotated[str, Field(min_length=2)]
    size: int = 1


class Made(Record):
    """A thing that was made."""

    number: int


class Trial:
    """An API with a few routes of its own beside the real ones."""

    def __init__(self, home: Home) -> None:
        self.app = create_api(home)
        self.error: Exception = NotFound("there is no such thing", hint="Look elsewhere.")
        self.state = {"text": "first"}
        self.made = 0
        self.making: Callable[[], None] = lambda: None
        add = self.app.add_api_route
        add("/api/v1/fails", self._fails)
        add("/v1/fails", self._fails)
        add("/api/v1/things", self._things)
        add("/api/v1/thing", self._read)
        add("/api/v1/thing", self._edit, methods=["PUT"])
        add("/api/v1/works", self._work, methods=["POST"])

    def client(self) -> TestClient:
        return TestClient(self.app, base_url="http://127.0.0.1")

    def _fails(self) -> None:
        raise self.error

    def _things(self, paging: PagingHere) -> Page[str]:
        return page_of([f"thing {number}" for number in range(120)], paging)

    def _read(self, response: Response) -> dict[str, str]:
        tagged(response, self.state)
        return self.state

    def _edit(self, wanted: Wanted, request: Request) -> dict[str, str]:
        require_match(request, etag_of(self.state))
        self.state = {"text": wanted.name}
        return self.state

    def _work(self, wanted: Wanted, once: OnceHere) -> Made:  # noqa: ARG002
        def make() -> Made:
            self.making()
            self.made += 1
            return Made(number=self.made)

        return once.answer(Made, make)


@pytest.fixture
def trial(home: Home) -> Trial:
    return Trial(home)


@pytest.fixture
def client(trial: Trial) -> TestClient:
    return trial.client()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("x"), 404),
        (Conflict("x"), 409),
        (RecipeError("x"), 422),
        (DocumentError("x"), 422),
        (DatasetError("x"), 422),
        (RateLimited("x"), 429),
        (StoreError("x"), 500),
        (OutOfDeviceMemory("x"), 500),
        (MissingDependency("torch", extra="train"), 501),
        (ModelUnavailable("x"), 503),
        (LoresmithError("x"), 500),
    ],
)
def test_every_error_has_its_status(
    trial: Trial, client: TestClient, error: LoresmithError, status: int
) -> None:
    trial.error = error
    reply = client.get("/api/v1/fails")

    assert reply.status_code == reply.json()["status"] == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["detail"] == error.message


def test_a_problem_says_what_to_do(client: TestClient) -> None:
    reply = client.get("/api/v1/fails")

    assert reply.json() == {
        "type": "urn:loresmith:problem:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "there is no such thing",
        "hint": "Look elsewhere.",
        "faults": [],
        "request_id": reply.headers["x-request-id"],
    }


def test_a_recipes_faults_are_told_one_by_one(trial: Trial, client: TestClient) -> None:
    trial.error = RecipeError("2 faults:", faults=["training.rnak: unknown", "exam.items: many"])

    problem = client.get("/api/v1/fails").json()
    assert problem["faults"] == ["training.rnak: unknown", "exam.items: many"]
    assert problem["detail"] == "2 faults:"


def test_an_endpoint_that_wants_a_pause_is_passed_on(trial: Trial, client: TestClient) -> None:
    trial.error = RateLimited("slow down", retry_after=7.2)

    assert client.get("/api/v1/fails").headers["retry-after"] == "7"


def test_what_is_wrong_with_a_request_is_told_by_its_path(client: TestClient) -> None:
    reply = client.post("/api/v1/works", json={"name": "x", "colour": "red"})

    assert reply.status_code == 422
    assert reply.json()["faults"] == [
        "body.name: String should have at least 2 characters",
        "body.colour: Extra inputs are not permitted",
    ]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"name": "\\ud800\\ud800"}', b"[" * 10_000])
def test_a_body_that_cannot_be_read_is_a_problem_too(client: TestClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    reply = client.post("/api/v1/works", content=body, headers=headers)

    assert reply.status_code in (200, 400, 422)
    if reply.status_code != 200:
        assert reply.headers["content-type"] == "application/problem+json"


def test_an_address_that_is_none_and_a_method_that_is_none_are_problems(client: TestClient) -> None:
    assert client.get("/api/v1/nothing").json()["title"] == "Not found"
    assert client.patch("/api/v1/works").json()["status"] == 405


def test_openais_clients_read_their_own_kind_of_error(client: TestClient) -> None:
    assert client.get("/v1/fails").json() == {
        "error": {
            "message": "there is no such thing Look elsewhere.",
            "type": "invalid_request_error",
            "param": None,
            "code": "not_found",
        }
    }


def test_a_list_is_read_page_by_page(client: TestClient) -> None:
    read, cursor = [], None
    for _ in range(3):
        page = client.get("/api/v1/things", params={"cursor": cursor} if cursor else {}).json()
        assert page["total"] == 120
        read += page["items"]
        cursor = page["next_cursor"]

    assert read == [f"thing {number}" for number in range(120)]
    assert cursor is None


@pytest.mark.parametrize(
    "cursor", ["x", "", "bnVsbA", "LTE", "W10", "密", "MTAwMDAwMDAwMDAwMDAwMDAwMDA"]
)
def test_a_cursor_that_no_page_gave_out_is_refused(client: TestClient, cursor: str) -> None:
    assert client.get("/api/v1/things", params={"cursor": cursor}).status_code == 400


@pytest.mark.parametrize("limit", [0, 201, -1])
def test_pages_have_a_largest_size(client: TestClient, limit: int) -> None:
    assert client.get("/api/v1/things", params={"limit": limit}).status_code == 422


def test_two_editors_cannot_overwrite_each_other(client: TestClient) -> None:
    seen = client.get("/api/v1/thing").headers["etag"]
    first = client.put("/api/v1/thing", json={"name": "mine"}, headers={"If-Match": seen})
    second = client.put("/api/v1/thing", json={"name": "yours"}, headers={"If-Match": seen})

    assert first.status_code == 200
    assert second.status_code == 412
    assert client.get("/api/v1/thing").json() == {"text": "mine"}


def test_an_edit_has_to_say_what_it_is_an_edit_of(client: TestClient) -> None:
    assert client.put("/api/v1/thing", json={"name": "mine"}).status_code == 428


def test_an_etag_follows_from_the_content_alone() -> None:
    assert etag_of(Made(number=1)) == etag_of({"number": 1})
    assert etag_of([Made(number=1)]) != etag_of([Made(number=2)])


class TestSendingTwice:
    def _send(self, client: TestClient, key: str | None = "one", **wanted: object) -> Response:
        headers = {"Idempotency-Key": key} if key else {}
        body = {"name": "work", **wanted}
        return client.post("/api/v1/works", json=body, headers=headers)

    def test_the_same_request_is_carried_out_once(self, trial: Trial, client: TestClient) -> None:
        answers = [self._send(client).json() for _ in range(3)]

        assert answers == [{"number": 1}] * 3
        assert trial.made == 1

    def test_without_a_key_it_is_carried_out_each_time(self, client: TestClient) -> None:
        assert [self._send(client, None).json()["number"] for _ in range(2)] == [1, 2]

    def test_after_a_restart_of_the_server_too(self, home: Home, client: TestClient) -> None:
        self._send(client)
        restarted = Trial(home)

        assert self._send(restarted.client()).json() == {"number": 1}
        assert restarted.made == 0

    def test_the_key_of_another_request_is_refused(self, trial: Trial, client: TestClient) -> None:
        self._send(client)
        reply = self._send(client, size=2)

        assert reply.status_code == 409
        assert trial.made == 1

    def test_what_failed_may_be_tried_again(self, trial: Trial, client: TestClient) -> None:
        def fail() -> None:
            raise Conflict("somebody else is at work")

        trial.making = fail
        assert self._send(client).status_code == 409
        trial.making = lambda: None

        assert self._send(client).json() == {"number": 1}

    def test_while_it_is_under_way_a_second_one_is_told_so(
        self, trial: Trial, client: TestClient
    ) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def wait() -> None:
            begun.set()
            assert go_on.wait(30)

        trial.making = wait
        first = threading.Thread(target=self._send, args=(trial.client(),))
        first.start()
        assert begun.wait(30)
        meanwhile = self._send(client)
        go_on.set()
        first.join()

        assert meanwhile.status_code == 409
        assert self._send(client).json() == {"number": 1}
        assert trial.made == 1

    def test_what_a_crash_cut_off_is_free_again_after_a_minute(
        self, home: Home, trial: Trial, client: TestClient
    ) -> None:
        self._send(client)
        with home.engine.begin() as connection:
            connection.execute(
                text("UPDATE carried_out_requests SET status = NULL, created_at = created_at - 61")
            )

        assert self._send(client).json() == {"number": 2}
        assert trial.made == 2
