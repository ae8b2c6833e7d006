"""The page Subjects: the domain tree with the questions of each subject, to make and to edit."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response

from loresmith.api.dependencies import ProjectHere, WorkspaceHere, author_of
from loresmith.errors import Conflict, LoresmithError, RecipeError
from loresmith.models import Embedded
from loresmith.web.pages.typed_text import TypedText
from loresmith.web.rendering import render
from loresmith.workspace.domain_tree import DomainTrees

router = APIRouter(prefix="/projects/{project_id}/subjects")


@router.get("")
def subjects(request: Request, project: ProjectHere, workspace: WorkspaceHere) -> Response:
    """The tree as it stands."""
    return _page(request, project, workspace)


@router.post("")
def save(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    version: Annotated[str, Form()] = "",
    text: TypedText = "",
) -> Response:
    """Makes what was typed the tree; what is wrong with it is told beside it."""
    try:
        DomainTrees(workspace).write(text, expected=version, author=author_of(request))
    except (RecipeError, Conflict) as error:
        return _page(request, project, workspace, text=text, error=error)
    return Response(headers={"HX-Redirect": f"/projects/{project.id}/subjects"})


@router.post("/make")
def make(
    project: ProjectHere,
    workspace: WorkspaceHere,
    source: Annotated[Literal["headings", "teacher"], Form()],
    revise: Annotated[bool, Form()] = False,
) -> Response:
    """Has the tree made, and leads to the job that makes it."""
    job_id = DomainTrees(workspace).submit(source=source, revise=revise)
    return Response(headers={"HX-Redirect": f"/projects/{project.id}/jobs/{job_id}"})


def _page(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    *,
    text: str | None = None,
    error: LoresmithError | None = None,
) -> Response:
    tree = DomainTrees(workspace).now()
    return render(
        request,
        "subjects/_tree.html" if error is not None else "subjects/index.html",
        status=422 if error is not None else 200,
        page="questions",
        project=project,
        tree=tree,
        text=tree.text if text is None else text,
        error=error,
        has_teacher=not isinstance(workspace.recipe.teacher, Embedded),
    )
