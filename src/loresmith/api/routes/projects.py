"""Projects: list, make, rename, delete."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from loresmith.api.dependencies import HomeHere
from loresmith.api.etags import IfMatch, etag_of, require_match, tagged
from loresmith.api.idempotency import OnceHere
from loresmith.api.paging import Page, PagingHere, page_of
from loresmith.records import Record
from loresmith.workspace.projects import Losses, ProjectCard

router = APIRouter(prefix="/api/v1/projects", tags=["projects"])


class NewProject(Record):
    """A project to make."""

    name: str = Field(examples=["Harbour reports"])
    """At most 80 characters."""
    source: Literal["blank", "example", "copy"] = "blank"
    """`example` has documents and recorded replies: all of it can be tried without a key;
    `copy` has the settings of `copy_of`."""
    copy_of: str = ""
    """The id of the project whose settings are copied."""
    domain: str = Field(default="", examples=["finance"])
    """With `blank`: the trade of its documents, whose settings it begins with; see
    `GET /api/v1/domains`."""
    with_documents: bool = False
    """With `copy`: whether its documents are copied too."""


class ProjectChange(Record):
    """What can be changed of a project here; its settings are its recipe."""

    name: str = Field(examples=["Harbour reports 2031"])


@router.get("", summary="All projects, the newest first")
def list_projects(home: HomeHere, paging: PagingHere) -> Page[ProjectCard]:
    """Each with its figures."""
    return page_of(home.projects.cards(), paging)


@router.post("", status_code=201, summary="Make a project")
def create_project(home: HomeHere, once: OnceHere, new: NewProject) -> ProjectCard:
    """Blank, from the example, or with the settings of another project."""

    def make() -> ProjectCard:
        if new.source == "example":
            made = home.projects.create_example(new.name)
        elif new.source == "copy":
            made = home.projects.create_like(
                new.copy_of, new.name, with_documents=new.with_documents
            )
        else:
            made = home.projects.create(new.name, domain=new.domain)
        return home.projects.card(made.id)

    return once.answer(ProjectCard, make)


@router.get("/{project_id}", summary="One project")
def get_project(home: HomeHere, project_id: str, response: Response) -> ProjectCard:
    """Its ETag changes with its name."""
    card = home.projects.card(project_id)
    tagged(response, card.name)
    return card


@router.patch("/{project_id}", summary="Rename a project")
def change_project(
    home: HomeHere,
    project_id: str,
    change: ProjectChange,
    request: Request,
    response: Response,
    if_match: IfMatch = None,  # noqa: ARG001 - `require_match` reads it; here it is documented
) -> ProjectCard:
    """Its folder and its id stay as they are."""
    require_match(request, etag_of(home.projects.get(project_id).name))
    home.projects.rename(project_id, change.name)
    return get_project(home, project_id, response)


@router.get("/{project_id}/losses", summary="What deleting a project takes away")
def losses(home: HomeHere, project_id: str) -> Losses:
    """Nothing is deleted by asking."""
    return home.projects.what_is_lost(project_id)


@router.delete("/{project_id}", summary="Delete a project")
def delete_project(home: HomeHere, project_id: str) -> Losses:
    """Returns what was deleted. A folder that was added from elsewhere stays where it is."""
    return home.projects.delete(project_id)
