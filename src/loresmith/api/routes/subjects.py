"""The domain tree, and what of the documents is in the rows."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from loresmith.api.dependencies import WorkspaceHere, author_of
from loresmith.api.paging import Page, PagingHere, page_of
from loresmith.api.routes.jobs import StartedJob
from loresmith.records import Record
from loresmith.workspace.coverage_report import Coverage, DocumentCoverage, Gap
from loresmith.workspace.domain_tree import DomainTrees, TreeView
from loresmith.workspace.filling import Filling, FillPlan, FillSummary
from loresmith.workspace.scope import FillOrder

router = APIRouter(prefix="/api/v1/projects/{project_id}", tags=["subjects"])


class NewTreeText(Record):
    """A domain tree as text."""

    text: str = Field(max_length=200_000, examples=["Traffic\n  Ships\n  Cargo\nPeople\n"])
    """One subject a line; narrower ones are set in."""
    expected: str | None = None
    """The id of the tree that is edited: where another is there by now, nothing is changed."""


class TreeOrder(Record):
    """A domain tree to be made."""

    source: Literal["headings", "teacher"]
    """The titles and headings as they stand, or as the teacher sorts them."""
    revise: bool = False
    """Whether the subjects that there are stay, and others are only added."""


@router.get("/subjects", summary="The domain tree")
def get_tree(workspace: WorkspaceHere) -> TreeView:
    """Every subject with the facts that belong to it; with an empty id where there is no tree."""
    return DomainTrees(workspace).now()


@router.put("/subjects", summary="Write the domain tree")
def put_tree(workspace: WorkspaceHere, tree: NewTreeText, request: Request) -> TreeView:
    """Questions keep the subject that they were given."""
    trees = DomainTrees(workspace)
    return trees.write(tree.text, expected=tree.expected, author=author_of(request))


@router.post("/subjects/make", status_code=202, summary="Have the domain tree made")
def make_tree(workspace: WorkspaceHere, order: TreeOrder) -> StartedJob:
    """By a job in the background."""
    job_id = DomainTrees(workspace).submit(source=order.source, revise=order.revise)
    return StartedJob(job_id=job_id)


@router.get("/coverage", summary="What of the documents is in the rows")
def list_coverage(workspace: WorkspaceHere, paging: PagingHere) -> Page[DocumentCoverage]:
    """How many statements and figures of each document a kept fact rests on or asks for."""
    return page_of(Coverage(workspace).documents(), paging)


@router.get("/coverage/gaps", summary="What no row says")
def list_gaps(
    workspace: WorkspaceHere,
    paging: PagingHere,
    document: Annotated[str | None, Query(description="Of this document alone, by name.")] = None,
) -> Page[Gap]:
    """Statements that no kept fact rests on, or of which a figure is asked for by none."""
    return page_of(list(Coverage(workspace).gaps(document)), paging)


@router.get("/coverage/fill", summary="What a fill would ask for")
def plan_fill(
    workspace: WorkspaceHere,
    document: Annotated[str | None, Query(description="Of this document alone, by name.")] = None,
    again: Annotated[
        bool, Query(description="Also what the teacher said before is not there.")
    ] = False,
) -> FillPlan:
    """And about what it takes; nobody is asked."""
    return Filling(workspace).plan(FillOrder(again=again, document=document))


@router.post("/coverage/fill", status_code=202, summary="Fill what no row says")
def fill_gaps(workspace: WorkspaceHere, order: FillOrder) -> StartedJob:
    """By a job in the background. What there is stays as it is."""
    return StartedJob(job_id=Filling(workspace).submit(order))


@router.get("/coverage/filled", summary="What fills have brought")
def filled(workspace: WorkspaceHere) -> FillSummary:
    """Of the statements that were asked about again."""
    return Filling(workspace).so_far()
