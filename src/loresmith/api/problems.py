"""The API's one translator of errors: every failure leaves as a problem of RFC 9457.

Routes just raise. Who asked decides the form: programs get `application/problem+json`, callers of
OpenAI's routes the `error` object their client reads, and people whatever the studio has put into
`app.state.show_problem` (a page, or a fragment for htmx).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeAlias

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from loresmith.errors import (
    BudgetExceeded,
    Conflict,
    DatasetError,
    DocumentError,
    ExamError,
    ExportError,
    LoresmithError,
    MissingDependency,
    ModelUnavailable,
    NotFound,
    RateLimited,
    RecipeError,
    ReplyRejected,
)
from loresmith.records import Record
from loresmith.workspace.accounts.errors import AccessDenied, TooManyAttempts

ShowProblem: TypeAlias = "Callable[[Request, Problem], Response]"
"""What the studio registers as `app.state.show_problem` to show a problem to a person."""

SayProblem: TypeAlias = "Callable[[Request, Problem], Problem]"
"""What the studio registers as `app.state.say_problem` to put a problem into the reader's words."""


class Problem(Record):
    """What went wrong, to what, and what to do about it."""

    type: str = Field(examples=["urn:loresmith:problem:not-found"])
    """Names the kind of problem; stays the same in all languages and versions."""
    title: str = Field(examples=["Not found"])
    """The kind of problem in words."""
    status: int = Field(examples=[404])
    """The status of the reply."""
    detail: str = Field(examples=["there is no such project"])
    """What happened, and to what."""
    hint: str = Field(default="", examples=["It may have been deleted."])
    """What to do next; may be empty."""
    faults: tuple[str, ...] = ()
    """Each thing that is wrong with what was sent, with its dotted path."""
    request_id: str = ""
    """The request, as the server's log names it."""


class PreconditionFailed(LoresmithError):
    """Somebody else has changed the thing since the caller read it."""


class PreconditionRequired(LoresmithError):
    """The caller did not say which state of the thing the change is for."""


class TooLarge(LoresmithError):
    """More was sent than is taken."""


class NotWell(LoresmithError):
    """The server itself lacks what it needs."""


class BadRequest(LoresmithError):
    """The request cannot be read as what it should be."""


_STATUSES: Sequence[tuple[type[LoresmithError], int]] = (
    (NotFound, 404),
    (Conflict, 409),
    (RecipeError, 422),
    (DocumentError, 422),
    (DatasetError, 422),
    (ExamError, 422),
    (ExportError, 422),
    (ReplyRejected, 422),
    (BudgetExceeded, 409),
    (RateLimited, 429),
    (ModelUnavailable, 503),
    (MissingDependency, 501),
    (PreconditionFailed, 412),
    (PreconditionRequired, 428),
    (TooLarge, 413),
    (BadRequest, 400),
    (NotWell, 503),
    (TooManyAttempts, 429),
)
"""The first match counts; AccessDenied carries its own, and all other errors are 500."""

PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": text,
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    for status, text in (
        ("4XX", "The request cannot be carried out as it is."),
        ("5XX", "The server, or something that it needs, failed."),
    )
}
"""What every route documents of its failures."""


def install_problems(app: FastAPI) -> None:
    """Makes `app` answer every expected error as a problem."""
    app.add_exception_handler(LoresmithError, _on_loresmith_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)


def problem_of(error: LoresmithError) -> Problem:
    """The problem that `error` is."""
    status = status_of(error)
    faults = error.faults if isinstance(error, RecipeError) else ()
    detail = error.message.partition("\n")[0] if faults else error.message
    return _problem(status, detail, hint=error.hint, faults=faults, kind=type(error).__name__)


def status_of(error: LoresmithError) -> int:
    """The HTTP status of `error`."""
    if isinstance(error, AccessDenied) and not isinstance(error, TooManyAttempts):
        return 403 if error.known else 401
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def unexpected_problem() -> Problem:
    """The problem that an error is which nobody foresaw: it tells nothing of the inside."""
    return _problem(
        500,
        "something went wrong inside the server",
        hint="The server's log has the details under this request's id.",
    )


def reply_with(
    request: Request, problem: Problem, *, headers: Mapping[str, str] | None = None
) -> Response:
    """`problem` in the form that whoever made `request` can read."""
    problem = problem.model_copy(update={"request_id": getattr(request.state, "request_id", "")})
    path = request.url.path
    if path.startswith("/v1/"):
        reply: Response = JSONResponse(openai_error(problem), status_code=problem.status)
    elif is_for_programs(path) or not hasattr(request.app.state, "show_problem"):
        reply = JSONResponse(
            in_words_for(request, problem).model_dump(mode="json"),
            status_code=problem.status,
            media_type="application/problem+json",
        )
    else:
        reply = request.app.state.show_problem(request, problem)
    reply.headers.update(headers or {})
    return reply


def in_words_for(request: Request, problem: Problem) -> Problem:
    """`problem` as it is for programs; for a script of the studio's pages in the reader's words."""
    say: SayProblem | None = getattr(request.app.state, "say_problem", None)
    from_a_page = "X-CSRF-Token" in request.headers
    return say(request, problem) if say is not None and from_a_page else problem


def is_for_programs(path: str) -> bool:
    """Whether programs ask for `path`, rather than a person's browser for a page."""
    return path.startswith(("/api/", "/v1/")) or path == "/healthz"


async def _on_loresmith_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, LoresmithError)
    return reply_with(request, problem_of(error), headers=headers_of(error))


def headers_of(error: LoresmithError) -> dict[str, str]:
    """The headers that belong to the reply to `error`."""
    pause = getattr(error, "retry_after", None)
    headers = {} if pause is None else {"Retry-After": str(max(1, round(pause)))}
    if status_of(error) == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = tuple(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors()
    )
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    problem = _problem(422, f"the request has {count}", faults=faults, kind="InvalidRequest")
    return reply_with(request, problem)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = _problem(error.status_code, _detail_of(error))
    return reply_with(request, problem, headers=error.headers)


def _detail_of(error: HTTPException) -> str:
    if error.status_code == 404:
        return "there is nothing at this address"
    if error.status_code == 405:
        return "this address does not know that method"
    return str(error.detail)


def _problem(
    status: int, detail: str, *, hint: str = "", faults: Sequence[str] = (), kind: str = ""
) -> Problem:
    words = _words_of(kind) if kind else HTTPStatus(status).phrase.lower()
    return Problem(
        type=f"urn:loresmith:problem:{words.replace(' ', '-')}",
        title=words.capitalize(),
        status=status,
        detail=_sayable(detail),
        hint=_sayable(hint),
        faults=tuple(map(_sayable, faults)),
    )


def _sayable(text: str) -> str:
    """`text` without half characters, which a caller may have sent and no reply can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _words_of(kind: str) -> str:
    """`NotFound` as `not found`."""
    return "".join(f" {char.lower()}" if char.isupper() else char for char in kind).strip()


def openai_error(problem: Problem) -> dict[str, Any]:
    """`problem` as callers of OpenAI's routes read it."""
    kind = "invalid_request_error" if problem.status < 500 else "server_error"
    message = " ".join(part for part in (problem.detail, *problem.faults, problem.hint) if part)
    code = problem.type.rsplit(":", 1)[-1].replace("-", "_")
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
