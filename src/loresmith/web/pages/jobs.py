"""Jobs: all that runs or ran, of a project and of all of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from loresmith.api.dependencies import HomeHere, ProjectHere, WorkspaceHere
from loresmith.web.rendering import render
from loresmith.workspace.background import Background, BackgroundJob, LogPart, jobs_everywhere
from loresmith.workspace.costs import Calls
from loresmith.workspace.projects import KnownProject
from loresmith.workspace.workspace import Workspace

router = APIRouter()

SHOWN = 30
"""So many jobs are listed at first."""

HowMany = Annotated[int, Query(ge=1, le=200)]


@router.get("/jobs")
def everywhere(request: Request, home: HomeHere) -> Response:
    """The jobs of all projects."""
    return render(request, "jobs/everywhere.html", page="jobs", jobs=jobs_everywhere(home)[:SHOWN])


@router.get("/jobs/list")
def everywhere_list(request: Request, home: HomeHere) -> Response:
    """That list alone, as it is now."""
    return render(request, "jobs/_everywhere.html", jobs=jobs_everywhere(home)[:SHOWN])


@router.get("/projects/{project_id}/jobs")
def index(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, limit: HowMany = SHOWN
) -> Response:
    """The jobs of a project, the newest first."""
    return _list(request, project, workspace, limit, template="jobs/index.html")


@router.get("/projects/{project_id}/jobs/list")
def listed(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, limit: HowMany = SHOWN
) -> Response:
    """The list alone, as it is now."""
    return _list(request, project, workspace, limit, template="jobs/_list.html")


@router.get("/projects/{project_id}/jobs/{job_id}")
def one(request: Request, project: ProjectHere, workspace: WorkspaceHere, job_id: str) -> Response:
    """One job with its attempts and its log."""
    background = Background(workspace)
    return render(
        request,
        "jobs/job.html",
        page="jobs",
        project=project,
        job=background.job(job_id),
        log=background.log(job_id),
        spent=Calls(workspace).spent(job_id),
    )


@router.get("/projects/{project_id}/jobs/{job_id}/now")
def now(request: Request, project: ProjectHere, workspace: WorkspaceHere, job_id: str) -> Response:
    """How far it is."""
    job = Background(workspace).job(job_id)
    return render(request, "jobs/_job.html", project=project, job=job)


@router.get("/projects/{project_id}/jobs/{job_id}/log")
def log(
    workspace: WorkspaceHere,
    job_id: str,
    offset: Annotated[int | None, Query(ge=0, le=2**53)] = None,
) -> LogPart:
    """What it has written since `offset`, for the page's script."""
    return Background(workspace).log(job_id, offset)


@router.post("/projects/{project_id}/jobs/{job_id}/cancel")
def cancel(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, job_id: str
) -> Response:
    """Asks it to stop; shows it."""
    return _changed(request, project, Background(workspace).cancel(job_id))


@router.post("/projects/{project_id}/jobs/{job_id}/retry")
def retry(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    job_id: str,
    today: Annotated[bool, Form()] = False,
) -> Response:
    """Lets it go on; shows it."""
    job = Background(workspace).retry(job_id, with_settings_of_today=today)
    return _changed(request, project, job)


def _changed(request: Request, project: KnownProject, job: BackgroundJob) -> Response:
    answer = render(request, "jobs/_job.html", project=project, job=job)
    answer.headers["HX-Trigger"] = "jobschanged"
    return answer


def _list(
    request: Request, project: KnownProject, workspace: Workspace, limit: int, *, template: str
) -> Response:
    jobs = Background(workspace).jobs(latest=limit + 1)[::-1]
    return render(
        request,
        template,
        page="jobs",
        project=project,
        jobs=jobs[:limit],
        limit=limit,
        has_more=len(jobs) > limit,
    )
