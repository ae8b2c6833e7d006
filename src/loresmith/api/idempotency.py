"""A request that starts work can be sent twice without starting it twice.

@router.post("/generate", status_code=202)
def generate(workspace: WorkspaceHere, once: OnceHere) -> Started:
    return once.answer(Started, lambda: Started(job_id=Background(workspace).submit("generate")))
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, NamedTuple, TypeVar

from fastapi import Depends, Header, Request
from pydantic import BaseModel

from loresmith.api.dependencies import HomeHere
from loresmith.workspace.accounts.carried_out import CarriedOutRequests

AnswerT = TypeVar("AnswerT", bound=BaseModel)


class Once(NamedTuple):
    """The request's key, if it has one, and what it is the key of."""

    requests: CarriedOutRequests
    key: str | None
    caller: str
    request_hash: str

    def answer(self, model: type[AnswerT], make: Callable[[], AnswerT]) -> AnswerT:
        """What `make` returns; a request sent again under its key gets the first answer.

        Raises Conflict for a key that was used for another request or whose request is still
        under way. A request without a key is carried out each time.
        """
        if self.key is None:
            return make()
        body = self.requests.answer(
            self.key,
            caller=self.caller,
            request_hash=self.request_hash,
            make=lambda: make().model_dump_json(),
        )
        return model.model_validate_json(body)


async def once(
    request: Request,
    home: HomeHere,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=200,
            description="Any text of your choice. Sent again with the same request, it brings the "
            "first answer and starts nothing new.",
        ),
    ] = None,
) -> Once:
    """The `Once` of this request."""
    address = f"{request.method} {request.url.path}?{request.url.query}\n"
    whole = hashlib.sha256(address.encode() + await request.body()).hexdigest()
    caller = getattr(request.state, "caller", None)
    user_id = caller.user_id if caller is not None else ""
    return Once(CarriedOutRequests(home.engine), idempotency_key, user_id, whole)


OnceHere = Annotated[Once, Depends(once)]
