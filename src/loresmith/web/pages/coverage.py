"""The page Coverage: what of the documents no row says yet, document by document."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from loresmith.api.dependencies import ProjectHere, WorkspaceHere
from loresmith.errors import DocumentError, NotFound
from loresmith.web.rendering import render
from loresmith.workspace.coverage_report import Coverage

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
        document=document,
        gaps=gaps[:_SHOWN],
        start=start,
        more=start + _SHOWN if len(gaps) > _SHOWN else None,
    )
