"""Progress of jobs as server-sent events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from loresmith.api.dependencies import ProjectHere, WorkspaceHere
from loresmith.api.events import stream_of_job, stream_of_jobs

router = APIRouter(prefix="/api/v1/projects/{project_id}", tags=["jobs"])

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `job`, each with one job as JSON, for as long as you listen.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}

LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The id of the last event that you have seen."),
]


@router.get(
    "/events",
    summary="Progress of all jobs",
    response_class=Response,
    responses=_STREAM,
)
async def events(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    last_event_id: LastEventId = None,
) -> Response:
    """Begins with the latest jobs, or after `Last-Event-ID` with what has changed since."""
    return stream_of_jobs(request, workspace, project.id, last_event_id)


@router.get(
    "/jobs/{job_id}/events",
    summary="Progress of a job",
    response_class=Response,
    responses=_STREAM | {204: {"description": "The job has ended, and you have seen its end."}},
)
async def job_events(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    job_id: str,
    last_event_id: LastEventId = None,
) -> Response:
    """Ends when the job has ended."""
    return await stream_of_job(request, workspace, project.id, job_id, last_event_id)
