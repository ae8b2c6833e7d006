"""Who asks, and their API keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from loresmith.api.dependencies import AccountsHere
from loresmith.errors import Conflict
from loresmith.records import Record
from loresmith.workspace.accounts import ApiKey, Caller, NewApiKey

router = APIRouter(prefix="/api/v1", tags=["accounts"])


class Whoever(Record):
    """Who the server takes the caller for."""

    name: str | None
    """The user's name; null on a server that everybody at this machine may use."""


class KeyWanted(Record):
    """What a new API key is for."""

    name: str = Field(min_length=1, max_length=80, examples=["nightly import"])
    """Tells it from other keys."""


def the_user(request: Request) -> Caller:
    """The user who asks. Raises Conflict where nobody has to log in."""
    caller: Caller | None = request.state.caller
    if caller is None:
        raise Conflict(
            "this server does not ask who you are, so there are no keys to keep",
            hint="On a loopback address no key is needed.",
        )
    return caller


User = Annotated[Caller, Depends(the_user)]


@router.get("/me", summary="Who am I?")
def me(request: Request) -> Whoever:
    """The user whose session or key came with the request."""
    caller: Caller | None = request.state.caller
    return Whoever(name=None if caller is None else caller.name)


@router.get("/keys", summary="My API keys")
def keys(user: User, accounts: AccountsHere) -> list[ApiKey]:
    """The keys themselves are not kept, so they are never shown again."""
    return accounts.keys(user.user_id)


@router.post("/keys", status_code=201, summary="Make an API key")
def make_key(user: User, accounts: AccountsHere, wanted: KeyWanted) -> NewApiKey:
    """Shows the key this once."""
    return accounts.new_key(user.name, name=wanted.name)


@router.delete("/keys/{key_id}", status_code=204, summary="Revoke an API key")
def revoke_key(user: User, accounts: AccountsHere, key_id: str) -> None:
    """From now on the key opens nothing."""
    accounts.revoke(user.user_id, key_id)
