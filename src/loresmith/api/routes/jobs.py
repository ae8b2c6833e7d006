"""Jobs: start, watch, stop, go on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from loresmith.api.dependencies import HomeHere, WorkspaceHere
from loresmith.api.idempotency import OnceHere
from loresmith.api.paging import Page, PagingHere, page_of
from loresmith.records import Record
from loresmith.workspace.background import (
    Background,
    BackgroundJob,
    LogPart,
    ProjectJob,
    jobs_everywhere,
)
from loresmith.workspace.scope import Scope

router = APIRouter(prefix="/api/v1", tags=["jobs"])
_JOBS = "/projects/{project_id}/jobs"


class JobRequest(Record):
    """What is to be done."""

    verb: str = Field(examples=["generate"])
    """`parse`, `chunk`, `generate`, `curate`, `dataset`, `train`, `exam`, `report` or `run`: what
    comes before it and is missing is done first."""
    scope: Scope = Scope()
    """Narrows `generate` to passages."""


class StartedJob(Record):
    """A job that was queued."""

    job_id: str


class Retry(Record):
    """How a job goes on."""

    with_settings_of_today: bool = False
    """Whether it works by the project's settings as they are now, and not by its own."""


@router.get("/jobs", summary="The newest jobs of all projects")
def list_all_jobs(home: HomeHere, paging: PagingHere) -> Page[ProjectJob]:
    """What is at work first, then what waits, then the newest."""
    return page_of(jobs_everywhere(home), paging)


@router.get(_JOBS, summary="The newest jobs of a project")
def list_jobs(workspace: WorkspaceHere, paging: PagingHere) -> Page[BackgroundJob]:
    """The newest first; those of the command line too."""
    return page_of(Background(workspace).jobs()[::-1], paging)


@router.post(_JOBS, status_code=202, summary="Start a job")
def start_job(workspace: WorkspaceHere, once: OnceHere, job: JobRequest) -> StartedJob:
    """It is done by a process of its own, after the jobs before it, whatever becomes of the server.

    Its progress: `/events` of the project, or this job again.
    """
    background = Background(workspace)
    return once.answer(
        StartedJob, lambda: StartedJob(job_id=background.submit(job.verb, scope=job.scope))
    )


@router.get(f"{_JOBS}/{{job_id}}", summary="One job")
def get_job(workspace: WorkspaceHere, job_id: str) -> BackgroundJob:
    """How far each of its steps is."""
    return Background(workspace).job(job_id)


@router.post(f"{_JOBS}/{{job_id}}/cancel", summary="Stop a job")
def cancel_job(workspace: WorkspaceHere, job_id: str) -> BackgroundJob:
    """It ends as soon as what it has is saved. A job that has ended stays as it is."""
    return Background(workspace).cancel(job_id)


@router.post(f"{_JOBS}/{{job_id}}/retry", status_code=202, summary="Let a job go on")
def retry_job(
    workspace: WorkspaceHere,
    job_id: str,
    how: Retry = Retry(),  # noqa: B008 - frozen
) -> BackgroundJob:
    """For one that failed or was cancelled: what it finished is not done again."""
    return Background(workspace).retry(job_id, with_settings_of_today=how.with_settings_of_today)


@router.get(f"{_JOBS}/{{job_id}}/log", summary="What a job has written")
def job_log(
    workspace: WorkspaceHere,
    job_id: str,
    offset: Annotated[
        int | None,
        Query(ge=0, le=2**53, description="`offset` of the part before; the end without it."),
    ] = None,
) -> LogPart:
    """Whole lines, each with its time; empty for a command of somebody's terminal."""
    return Background(workspace).log(job_id, offset)
