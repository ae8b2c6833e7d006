"""Rows: questions with their answers, to be listed, looked at, reviewed and edited."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field, model_validator
from typing_extensions import Self

from loresmith.api.dependencies import WorkspaceHere, author_of
from loresmith.api.etags import IfMatch, require_match
from loresmith.api.paging import Page, PagingHere, cursor_of
from loresmith.records import Record, ReviewVerdict, WordingUse
from loresmith.workspace.rows import (
    DocumentMap,
    Edited,
    Facets,
    IndexedRow,
    Proposal,
    Reviewed,
    RowFilter,
    RowKind,
    RowOrder,
    Rows,
    RowState,
    RowView,
    Undone,
    propose,
)

router = APIRouter(prefix="/api/v1/projects/{project_id}/rows", tags=["rows"])

_LONGEST = 20_000


class ReviewRequest(Record):
    """One thing said of one row or of many; either `ids` or `filter`."""

    verdict: ReviewVerdict = Field(examples=["confirmed"])
    """`pending` takes back what was said, with its edits."""
    ids: tuple[str, ...] | None = Field(default=None, max_length=10_000)
    """The rows."""
    filter: RowFilter | None = None
    """All rows that match it now; `{}` is all rows there are."""
    note: str | None = Field(default=None, max_length=2000)
    """Why, for those who look at it later; null leaves an earlier note."""

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("give either ids or a filter")
        return self


class MarkRequest(Record):
    """Stars, tags and a note for one row or for many; what is null stays.

    Either `ids` or `filter`.
    """

    stars: int | None = Field(default=None, ge=0, le=5, examples=[4])
    """From 1 to 5; 0 takes them away."""
    tags: tuple[str, ...] | None = Field(default=None, max_length=20, examples=[["to check"]])
    """In the place of those that are there."""
    note: str | None = Field(default=None, max_length=2000)
    ids: tuple[str, ...] | None = Field(default=None, max_length=10_000)
    """The rows."""
    filter: RowFilter | None = None
    """All rows that match it now; `{}` is all rows there are."""

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("give either ids or a filter")
        return self


class RewriteRequest(Record):
    """What a reviewer wants to be different."""

    advice: str = Field(max_length=2000, examples=["Name the period in the question."])


class RowEdit(Record):
    """New texts of a row; what is not given stays as it is."""

    question: str | None = Field(default=None, max_length=_LONGEST)
    answer: str | None = Field(default=None, max_length=_LONGEST)
    short_answer: str | None = Field(default=None, max_length=_LONGEST)
    """The shortest phrase that answers; an exam is graded by it."""
    note: str = Field(default="", max_length=2000)


def chosen_rows(
    document: Annotated[list[str] | None, Query(description="Names of documents.")] = None,
    use: Annotated[list[WordingUse] | None, Query(description="What the rows are for.")] = None,
    kind: Annotated[
        list[RowKind] | None, Query(description="In which way the question is put.")
    ] = None,
    state: Annotated[
        list[RowState] | None, Query(description="`stale`: its text was corrected since.")
    ] = None,
    verdict: Annotated[
        list[ReviewVerdict] | None, Query(description="What people said of the rows.")
    ] = None,
    reason: Annotated[list[str] | None, Query(description="Why rows were dropped.")] = None,
    language: Annotated[list[str] | None, Query(description="Codes such as `zh`.")] = None,
    evidence: Annotated[bool | None, Query(description="Whether it was found.")] = None,
    subject: Annotated[
        list[str] | None, Query(description="Subjects such as `Cargo / Fish`, or a wider one.")
    ] = None,
    stars: Annotated[
        list[int] | None, Query(description="What people gave, from 1 to 5; 0: nothing.")
    ] = None,
    tags: Annotated[list[str] | None, Query(description="People's own labels.")] = None,
    rating_below: Annotated[
        float | None, Query(ge=0, le=5.5, description="Rows that the judge gave less.")
    ] = None,
    note: Annotated[str, Query(max_length=500, description="A part of the note.")] = "",
    passage: Annotated[str | None, Query(description="The id of a chunk.")] = None,
    fact: Annotated[str | None, Query(description="The id of a fact.")] = None,
    search: Annotated[str, Query(max_length=500, description="A part of question or answer.")] = "",
) -> RowFilter:
    """Reads a filter from the query: within a field any value will do, all fields must agree."""
    return RowFilter(
        document=tuple(document or ()),
        use=tuple(use or ()),
        kind=tuple(kind or ()),
        state=tuple(state or ()),
        verdict=tuple(verdict or ()),
        reason=tuple(reason or ()),
        language=tuple(language or ()),
        evidence=evidence,
        subject=tuple(subject or ()),
        stars=tuple(stars or ()),
        tags=tuple(tags or ()),
        rating_below=rating_below,
        note=note,
        passage=passage,
        fact=fact,
        search=search,
    )


ChosenRows = Annotated[RowFilter, Depends(chosen_rows)]


@router.get("", summary="The rows of a project")
def list_rows(
    workspace: WorkspaceHere,
    chosen: ChosenRows,
    paging: PagingHere,
    response: Response,
    order: Annotated[RowOrder, Query(description="With `-`, the other way round.")] = "position",
) -> Page[IndexedRow]:
    """Kept, dropped and pending rows. The header `Rows-Current: false` says that the list is being
    built anew at this moment and shows what was known before."""
    place = None if paging.position is None else str(paging.position)
    page = Rows(workspace).page(chosen, order=order, cursor=place, limit=paging.limit)
    response.headers["Rows-Current"] = "true" if page.current else "false"
    following = cursor_of(page.after) if page.after is not None else None
    return Page(items=page.rows, next_cursor=following, total=page.total)


@router.get("/facets", summary="What rows can be filtered by")
def count_rows(workspace: WorkspaceHere, chosen: ChosenRows) -> Facets:
    """Values that occur, and how many rows each would bring beside the rest of the filter."""
    return Rows(workspace).facets(chosen)


@router.get("/map", summary="Where a document has rows")
def map_rows(
    workspace: WorkspaceHere,
    document: Annotated[
        str, Query(description="The document's name.", examples=["annual-review.md"])
    ],
) -> DocumentMap:
    """The passages of a document in order, each with its number of rows by state."""
    return Rows(workspace).map(document)


@router.post("/review", summary="Confirm or reject rows")
def review_rows(workspace: WorkspaceHere, asked: ReviewRequest, request: Request) -> Reviewed:
    """One row or thousands, in one transaction; `POST undo` takes all of it back."""
    chosen = asked.ids if asked.filter is None else asked.filter
    author = author_of(request)
    return Rows(workspace).review(chosen or (), asked.verdict, note=asked.note, author=author)


@router.post("/mark", summary="Give rows stars, tags or a note")
def mark_rows(workspace: WorkspaceHere, asked: MarkRequest, request: Request) -> Reviewed:
    """One row or thousands, in one transaction; what was said of them else stays. `POST undo`
    takes all of it back."""
    chosen = asked.ids if asked.filter is None else asked.filter
    return Rows(workspace).mark(
        chosen or (),
        stars=asked.stars,
        tags=asked.tags,
        note=asked.note,
        author=author_of(request),
    )


@router.post("/undo", summary="Take the last review back")
def undo_review(workspace: WorkspaceHere, request: Request) -> Undone:
    """The caller's own last one that still stands, however many rows that was."""
    return Rows(workspace).undo(author_of(request))


@router.get("/{row_id}", summary="One row")
def get_row(workspace: WorkspaceHere, row_id: str, response: Response) -> RowView:
    """With its source, its evidence, the other wordings of its fact, and its reviews."""
    view = Rows(workspace).row(row_id)
    response.headers["ETag"] = f'"{view.version}"'
    return view


@router.post("/{row_id}/rewrite", summary="Have a row reworded")
def rewrite_row(workspace: WorkspaceHere, row_id: str, asked: RewriteRequest) -> Proposal:
    """The teacher's proposal, checked like every row; nothing is stored. To accept it, edit the
    row with its texts. A refused one says why in `objection`."""
    return propose(workspace, row_id, asked.advice)


@router.patch("/{row_id}", summary="Edit a row")
def edit_row(
    workspace: WorkspaceHere,
    row_id: str,
    edit: RowEdit,
    request: Request,
    response: Response,
    if_match: IfMatch = None,  # noqa: ARG001 -- documents the header
) -> Edited:
    """The filters are asked at once. A row that fails them is stored and stays out of the dataset:
    `objection` says why."""
    rows = Rows(workspace)
    seen = rows.row(row_id).version
    require_match(request, f'"{seen}"')
    edited = rows.edit(
        row_id,
        question=edit.question,
        answer=edit.answer,
        short_answer=edit.short_answer,
        expected=seen,
        note=edit.note,
        author=author_of(request),
    )
    response.headers["ETag"] = f'"{edited.view.version}"'
    return edited
