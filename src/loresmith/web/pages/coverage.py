"""The page Coverage: what of the documents no row says yet, and the filling of gaps."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from loresmith.api.dependencies import ProjectHere, WorkspaceHere
from loresmith.errors import DocumentError, LoresmithError, NotFound
from loresmith.web.pages.chosen_rows import RowWords
from loresmith.web.rendering import render
from loresmith.workspace.coverage_report import Coverage
from loresmith.workspace.filling import Filling, FillSummary
from loresmith.workspace.scope import FillOrder

router = APIRouter(prefix="/projects/{project_id}/coverage")
_SHOWN = 100
"""So many open statements are shown at once."""


@router.get("")
def coverage(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    document: str = "",
    start: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Response:
    """How much of each document is in its rows; of one document, what is open."""
    covered = Coverage(workspace)
    try:
        documents, missing = covered.documents(), None
    except (NotFound, DocumentError) as error:  # not checked yet, or nothing to check
        documents, missing = (), error
    gaps = list(islice(covered.gaps(document), start, start + _SHOWN + 1)) if document else []
    return render(
        request,
        "coverage/index.html",
        page="questions",
        project=project,
        documents=documents,
        missing=missing,
        summary=FillSummary() if missing else Filling(workspace).so_far(),
        document=document,
        gaps=gaps[:_SHOWN],
        start=start,
        more=start + _SHOWN if len(gaps) > _SHOWN else None,
        words=RowWords(request),
    )


@router.get("/fill")
def look(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    document: str = "",
    again: bool = False,
) -> Response:
    """What a fill would ask for and what it takes, before it is begun."""
    plan, error = None, None
    try:
        plan = Filling(workspace).plan(FillOrder(again=again, document=document or None))
    except LoresmithError as refused:
        error = refused
    return render(
        request,
        "coverage/_fill.html",
        project=project,
        plan=plan,
        error=error,
        document=document,
        again=again,
    )


@router.post("/fill")
def fill(
    project: ProjectHere,
    workspace: WorkspaceHere,
    document: Annotated[str, Form()] = "",
    again: Annotated[bool, Form()] = False,
) -> Response:
    """Has the gaps filled, and leads to the job that does it."""
    order = FillOrder(again=again, document=document or None)
    job_id = Filling(workspace).submit(order)
    return Response(headers={"HX-Redirect": f"/projects/{project.id}/jobs/{job_id}"})
