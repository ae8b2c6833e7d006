"""Exams: results of runs, their questions, marks by hand, and runs beside one another."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from loresmith.api.dependencies import WorkspaceHere
from loresmith.api.etags import IfMatch, etag_of, require_match, tagged
from loresmith.api.paging import Page, PagingHere, page_of
from loresmith.records import Record
from loresmith.workspace.runs import (
    ExamComparison,
    ExamResult,
    Exams,
    ItemDetail,
    ItemFilter,
    ItemRow,
)

router = APIRouter(prefix="/api/v1/projects/{project_id}", tags=["exams"])


class RegradeRequest(Record):
    """A person's mark for one reply."""

    sitting: Literal["before", "after"]
    score: float | None = Field(default=None, ge=0.0, le=1.0)
    """1 right, 0 wrong; null gives the grader's mark back."""
    note: str = Field(default="", max_length=2000)


@router.get("/runs/{run_id}/exam", summary="The exam of a run in figures")
def get_exam(workspace: WorkspaceHere, run_id: str) -> ExamResult:
    """Before and after with 95 % intervals: in all, by language, document and kind, controls."""
    return Exams(workspace).result(run_id)


@router.get("/runs/{run_id}/exam/items", summary="The questions of an exam")
def list_items(
    workspace: WorkspaceHere,
    run_id: str,
    paging: PagingHere,
    wanted: Annotated[ItemFilter, Query()],
) -> Page[ItemRow]:
    """Each with what was expected and both replies, in the order of the exam."""
    return page_of(Exams(workspace).items(run_id, wanted), paging)


@router.get("/runs/{run_id}/exam/items/{item_id}", summary="One question")
def get_item(workspace: WorkspaceHere, run_id: str, item_id: str, response: Response) -> ItemDetail:
    """With its evidence where it stands in the source, and what people said of the marks."""
    item = Exams(workspace).item(run_id, item_id)
    tagged(response, item.item)
    return item


@router.put("/runs/{run_id}/exam/items/{item_id}/mark", summary="Mark a reply by hand")
def regrade(
    workspace: WorkspaceHere,
    run_id: str,
    item_id: str,
    mark: RegradeRequest,
    request: Request,
    response: Response,
    if_match: IfMatch = None,  # noqa: ARG001 -- documents the header
) -> ItemDetail:
    """The grader's mark stays beside it, and the report counts it openly as given by hand."""
    exams = Exams(workspace)
    require_match(request, etag_of(exams.item(run_id, item_id).item))
    item = exams.regrade(run_id, item_id, sitting=mark.sitting, score=mark.score, note=mark.note)
    tagged(response, item.item)
    return item


@router.get("/exams/compare", summary="Runs beside one another")
def compare_runs(
    workspace: WorkspaceHere,
    run: Annotated[
        list[str],
        Query(description="Ids of two to six examined runs.", examples=[["v1-9d2c", "v2-0f3a"]]),
    ],
) -> ExamComparison:
    """Scores with intervals, and those shared questions that the runs' marks differ in."""
    return Exams(workspace).compare(run)
