"""Two people cannot overwrite one another: an edit names the state that it is an edit of."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Request, Response
from pydantic import BaseModel

from loresmith.api.problems import PreconditionFailed, PreconditionRequired
from loresmith.component import content_id

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The ETag that the thing had when it was read."),
]
"""Documents the header in routes that call `require_match`."""


def etag_of(value: object) -> str:
    """A strong ETag of a record, a list of records, or any JSON value: equal for equal content."""
    return f'"{content_id(_plain(value))}"'


def tagged(response: Response, value: object) -> None:
    """Puts the ETag of `value` into the reply."""
    response.headers["ETag"] = etag_of(value)


def require_match(request: Request, etag: str) -> None:
    """Passes only when `If-Match` names `etag`, the thing's state now (or is `*`: any state).

    Raises PreconditionRequired without the header and PreconditionFailed for another state.
    """
    wanted = request.headers.get("if-match")
    if wanted is None:
        raise PreconditionRequired(
            "this change needs the header If-Match",
            hint="Send the ETag that came with the thing when you read it.",
        )
    if etag not in (tag.strip().removeprefix("W/") for tag in wanted.split(",")) and wanted != "*":
        raise PreconditionFailed(
            "it has been changed since you read it", hint="Read it again and repeat your change."
        )


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value
