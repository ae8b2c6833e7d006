"""Calls of the teacher and what they cost: each call, sums, prices, and limits of endpoints."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from loresmith.api.dependencies import HomeHere, WorkspaceHere
from loresmith.api.paging import Page, PagingHere, cursor_of, page_of
from loresmith.records import Record
from loresmith.workspace.costs import Calls, CallSeen, KnownPrices, Price, Spent, WholeCallSeen
from loresmith.workspace.providers import EndpointLimits, Providers

router = APIRouter(prefix="/api/v1", tags=["costs"])
_PROJECT = "/projects/{project_id}"
JobAsked = Annotated[str | None, Query(max_length=100, description="The id of a job: only its.")]


class PricedModel(Record):
    """A model that has a price."""

    endpoint: str = Field(max_length=500, examples=["https://api.deepseek.com"])
    """Base URL of the endpoint."""
    model: str = Field(min_length=1, max_length=200, examples=["deepseek-chat"])
    """The model's name."""


@router.get(f"{_PROJECT}/calls", summary="The calls of a project")
def list_calls(
    workspace: WorkspaceHere,
    asked: PagingHere,
    job: JobAsked = None,
    faulty: Annotated[bool, Query(description="Only replies with faults.")] = False,
    failed: Annotated[
        bool | None,
        Query(description="Only calls that brought no reply; with false, only those that did."),
    ] = None,
) -> Page[CallSeen]:
    """Those that were answered and those that failed, newest first, without their texts."""
    before = asked.position if isinstance(asked.position, int) else None
    found = Calls(workspace).page(
        before=before, limit=asked.limit + 1, job=job, faulty=faulty, failed=failed
    )
    shown = tuple(found[: asked.limit])
    more = len(found) > asked.limit
    return Page(items=shown, next_cursor=cursor_of(shown[-1].number) if more else None)


@router.get(f"{_PROJECT}/calls/failures", summary="How many calls failed")
def count_failures(workspace: WorkspaceHere, job: JobAsked = None) -> dict[str, int]:
    """By why: a status such as `429`, `timed_out`, `not_reached`, `garbled` or `withheld`."""
    return Calls(workspace).failures(job)


@router.get(f"{_PROJECT}/calls/{{number}}", summary="One call")
def get_call(
    workspace: WorkspaceHere, number: Annotated[int, Path(ge=1, lt=2**63)]
) -> WholeCallSeen:
    """Its prompt, its reply, tokens, time, and what was wrong with it."""
    return Calls(workspace).one(number)


@router.get(f"{_PROJECT}/spending", summary="What calls took")
def get_spending(workspace: WorkspaceHere, job: JobAsked = None) -> Spent:
    """Tokens and money by job, model and purpose, and in all."""
    return Calls(workspace).spent(job)


@router.get("/prices", summary="The prices of models")
def list_prices(home: HomeHere, asked: PagingHere) -> Page[Price]:
    """In order of endpoint and model."""
    return page_of(KnownPrices(home.settings.home).all(), asked)


@router.put("/prices", summary="Enter a price")
def set_price(home: HomeHere, price: Price) -> Price:
    """In place of an earlier one of the same model at the same endpoint."""
    KnownPrices(home.settings.home).set(price)
    return price


@router.post("/prices/remove", status_code=204, summary="Forget a price")
def remove_price(home: HomeHere, which: PricedModel) -> None:
    """Calls that were made stay; they have no money any more."""
    KnownPrices(home.settings.home).remove(which.endpoint, which.model)


@router.get("/providers/{provider_id}/limits", summary="The limits of a provider")
def get_limits(home: HomeHere, provider_id: str) -> EndpointLimits:
    """What all jobs of this machine together keep to."""
    return Providers(home).limits(provider_id)


@router.put("/providers/{provider_id}/limits", summary="Set the limits of a provider")
def set_limits(home: HomeHere, provider_id: str, limits: EndpointLimits) -> EndpointLimits:
    """Jobs go by them from their next start on; a recipe's own limits hold beside them."""
    return Providers(home).set_limits(provider_id, limits)
