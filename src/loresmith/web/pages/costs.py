"""Calls of a project, looked up one by one; prices and limits on the page of models."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request, Response
from pydantic import ValidationError

from loresmith.api.dependencies import HomeHere, ProjectHere, WorkspaceHere
from loresmith.web.rendering import render
from loresmith.web.said import said_to
from loresmith.workspace.costs import Calls, KnownPrices, Price
from loresmith.workspace.providers import EndpointLimits, Providers

router = APIRouter()

SHOWN = 50
"""Calls of one page."""
Text = Annotated[str, Form(max_length=500)]


@router.get("/projects/{project_id}/calls")
def calls(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    job: Annotated[str, Query(max_length=100)] = "",
    faulty: bool = False,
    failed: bool = False,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """The newest calls, or those before one; of one job, or with faults, only."""
    known = Calls(workspace)
    found = known.page(
        before=before, limit=SHOWN + 1, job=job or None, faulty=faulty, failed=failed or None
    )
    return render(
        request,
        "calls/index.html",
        page="jobs",
        project=project,
        calls=found[:SHOWN],
        has_more=len(found) > SHOWN,
        job=job,
        faulty=faulty,
        failed=failed,
        failures=known.failures(job or None),
        spent=known.spent(job or None),
    )


@router.get("/projects/{project_id}/calls/{number}")
def call(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    number: Annotated[int, Path(ge=1, lt=2**63)],
) -> Response:
    """One call with all that was said."""
    found = Calls(workspace).one(number)
    return render(request, "calls/call.html", page="jobs", project=project, call=found)


@router.post("/models/prices")
def set_price(
    request: Request,
    home: HomeHere,
    endpoint: Text = "",
    model: Text = "",
    currency: Text = "",
    input: Text = "",
    cached_input: Text = "",
    output: Text = "",
) -> Response:
    """Enters a price; the list anew, or what is wrong."""
    given = {
        "endpoint": endpoint.strip(),
        "model": model.strip(),
        "currency": currency.strip(),
        "input": input.strip(),
        "cached_input": cached_input.strip() or None,
        "output": output.strip(),
    }
    known = KnownPrices(home.settings.home)
    try:
        known.set(Price.model_validate(given))
    except ValidationError as error:
        faults = {str(one["loc"][0]): said_to(request, one["msg"]) for one in error.errors()}
        return _prices(request, home, given=given, faults=faults)
    return _prices(request, home)


@router.post("/models/prices/remove")
def remove_price(
    request: Request, home: HomeHere, endpoint: Text = "", model: Text = ""
) -> Response:
    """Forgets a price; the list anew."""
    KnownPrices(home.settings.home).remove(endpoint, model)
    return _prices(request, home)


@router.post("/models/providers/{provider_id}/limits")
def set_limits(
    request: Request,
    home: HomeHere,
    provider_id: str,
    concurrency: Text = "",
    requests_per_minute: Text = "",
    tokens_per_minute: Text = "",
) -> Response:
    """Sets a provider's limits; the form anew, with what is wrong."""
    given = {
        "concurrency": concurrency.strip() or None,
        "requests_per_minute": requests_per_minute.strip() or None,
        "tokens_per_minute": tokens_per_minute.strip() or None,
    }
    providers = Providers(home)
    faults: dict[str, str] = {}
    try:
        providers.set_limits(provider_id, EndpointLimits.model_validate(given))
    except ValidationError as error:
        faults = {str(one["loc"][0]): said_to(request, one["msg"]) for one in error.errors()}
    return render(
        request,
        "models/_limits.html",
        status=422 if faults else 200,
        provider=providers.get(provider_id),
        limits=given if faults else providers.limits(provider_id),
        faults=faults,
        saved=not faults,
    )


def _prices(
    request: Request,
    home: HomeHere,
    *,
    given: dict[str, str | None] | None = None,
    faults: dict[str, str] | None = None,
) -> Response:
    return render(
        request,
        "models/_prices.html",
        status=422 if faults else 200,
        prices=KnownPrices(home.settings.home).all(),
        providers=Providers(home).all(),
        given=given or {},
        faults=faults or {},
    )
