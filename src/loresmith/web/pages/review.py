"""One row at a time, beside the passage it was written from; the keyboard does it all."""

from __future__ import annotations

import re
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from loresmith.api.dependencies import ProjectHere, WorkspaceHere, author_of
from loresmith.errors import Conflict, DatasetError, NotFound
from loresmith.records import ReviewVerdict
from loresmith.web.i18n import gettext_of
from loresmith.web.pages.chosen_rows import (
    ChosenHere,
    ChosenRows,
    RowWords,
    TypedRowHere,
    also_out,
)
from loresmith.web.rendering import render
from loresmith.web.toasts import with_toast
from loresmith.workspace.projects import KnownProject
from loresmith.workspace.rows import DocumentMap, Rows, propose, source_blocks
from loresmith.workspace.rows.rewriting import LONGEST_ADVICE

router = APIRouter(prefix="/projects/{project_id}/review")


@router.get("")
def review(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    chosen: ChosenHere,
    row: Annotated[str, Query()] = "",
) -> Response:
    """The page at one row; without one, at the first that matches."""
    rows = Rows(workspace)
    if not row:
        first = rows.page(chosen.filter, limit=1).rows
        if first:
            return RedirectResponse(_address(project, chosen, first[0].id), status_code=303)
        return render(request, "review/index.html", **_nothing(request, project, rows, chosen))
    shown = _row(request, project, rows, chosen, row)
    part = request.headers.get("HX-Target") == "review"
    return render(request, "review/_review.html" if part else "review/index.html", **shown)


@router.get("/map")
def maps(request: Request, project: ProjectHere, workspace: WorkspaceHere) -> Response:
    """Every document with the passages that have rows; each is drawn when it comes into sight."""
    return render(
        request,
        "review/maps.html",
        page="review",
        project=project,
        documents=Rows(workspace).documents(),
        urlencode=urlencode,
    )


@router.get("/map/strip")
def strip(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, document: str
) -> Response:
    """The map of one document."""
    drawn = map_of(Rows(workspace).map(document), project, "")
    return render(request, "review/_map.html", project=project, map=drawn)


@router.post("/undo")
def undo(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    chosen: ChosenHere,
    row: Annotated[str, Query()] = "",
) -> Response:
    """Takes the last review back, and goes to the row if it was one."""
    _ = gettext_of(request)
    rows = Rows(workspace)
    done = rows.undo(author_of(request))
    if not done.rows:
        reply = _fragment(request, project, rows, chosen, row)
        return with_toast(reply, _("There is nothing to take back."))
    reply = _fragment(request, project, rows, chosen, done.row or row)
    return with_toast(reply, _("Taken back: %(count)s.", count=f"{done.rows:,}"))


@router.post("/{row_id}/verdict")
def say(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    chosen: ChosenHere,
    row_id: str,
    verdict: Annotated[ReviewVerdict, Form()],
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Confirms or rejects the row and goes to the next."""
    rows = Rows(workspace)
    beside = rows.neighbours(row_id, chosen.filter)
    rows.review([row_id], verdict, note=note, author=author_of(request))
    return _fragment(request, project, rows, chosen, beside.next or row_id, last=not beside.next)


@router.post("/{row_id}/mark")
def mark(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    chosen: ChosenHere,
    row_id: str,
    stars: Annotated[int | None, Form(ge=0, le=5)] = None,
    tags: Annotated[str, Form(max_length=2000)] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Gives the row stars, tags and a note, and stays at it."""
    _ = gettext_of(request)
    rows = Rows(workspace)
    rows.mark(
        [row_id], stars=stars, tags=_TAG_MARKS.split(tags), note=note, author=author_of(request)
    )
    reply = _fragment(request, project, rows, chosen, row_id)
    return with_toast(reply, _("Noted."))


@router.post("/{row_id}/rewrite")
def rewrite(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    chosen: ChosenHere,
    row_id: str,
    advice: Annotated[str, Form(max_length=LONGEST_ADVICE)] = "",
) -> Response:
    """What the teacher proposes, beside what is there; nothing is stored."""
    proposal = propose(workspace, row_id, advice)
    return render(
        request,
        "review/_proposal.html",
        proposal=proposal,
        advice=advice,
        row=Rows(workspace).row(row_id).row,
        words=RowWords(request),
        address=f"/projects/{project.id}/review",
        query=chosen.query(row=row_id),
    )


@router.post("/{row_id}/edit")
def save(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    chosen: ChosenHere,
    row_id: str,
    typed: TypedRowHere,
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """The edited row with what the filters say of it; or the form again, with what was typed and
    why it was not saved."""
    _ = gettext_of(request)
    rows = Rows(workspace)
    try:
        edited = rows.edit(row_id, **typed._asdict(), note=note, author=author_of(request))
    except (Conflict, DatasetError) as refusal:
        shown = _row(request, project, rows, chosen, row_id) | {
            "conflict": isinstance(refusal, Conflict),
            "fault": refusal,
            "typed": typed,
            "note": note,
        }
        return render(request, "review/_review.html", status=422, **shown)
    reply = _fragment(request, project, rows, chosen, row_id)
    also = also_out(request, edited)
    if edited.objection:  # the page itself says why
        return with_toast(reply, _("Saved, but left out"), hint=also) if also else reply
    return with_toast(reply, _("Saved. It passes all checks."), hint=also)


_TAG_MARKS = re.compile(r"[,，、;；\n]")


def _fragment(
    request: Request,
    project: KnownProject,
    rows: Rows,
    chosen: ChosenRows,
    row_id: str,
    *,
    last: bool = False,
) -> Response:
    """The part of the page that changes, with its address."""
    try:
        shown = _row(request, project, rows, chosen, row_id) | {"last": last}
    except NotFound:
        return render(request, "review/_review.html", **_nothing(request, project, rows, chosen))
    reply = render(request, "review/_review.html", **shown)
    reply.headers["HX-Push-Url"] = _address(project, chosen, row_id)
    return reply


def _row(
    request: Request, project: KnownProject, rows: Rows, chosen: ChosenRows, row_id: str
) -> dict[str, Any]:
    view = rows.row(row_id)
    beside = rows.neighbours(row_id, chosen.filter)
    document = view.source.document if view.source else ""
    drawn = map_of(rows.map(document), project, view.row.chunk_id or "") if document else None
    return _common(request, project, rows, chosen) | {
        "view": view,
        "row": view.row,
        "typed": view.row,
        "version": view.version,
        "note": view.row.note,
        "conflict": False,
        "fault": None,
        "trained": rows.trained_answers([view.row]).get(view.row.id, ""),
        "blocks": source_blocks(view.source) if view.source else (),
        "beside": beside,
        "previous": _address(project, chosen, beside.previous) if beside.previous else "",
        "next": _address(project, chosen, beside.next) if beside.next else "",
        "map": drawn,
        "can_reword": rows.can_reword(view.row),
        "query": chosen.query(row=row_id),
    }


def _nothing(
    request: Request, project: KnownProject, rows: Rows, chosen: ChosenRows
) -> dict[str, Any]:
    return _common(request, project, rows, chosen) | {"view": None}


def _common(
    request: Request, project: KnownProject, rows: Rows, chosen: ChosenRows
) -> dict[str, Any]:
    words = RowWords(request)
    without_verdict = chosen.filter.model_copy(update={"verdict": ()})
    return {
        "page": "review",
        "project": project,
        "chosen": chosen,
        "words": words,
        "groups": words.groups(rows.facets(chosen.filter), chosen.filter),
        "progress": rows.progress(without_verdict),
        "address": f"/projects/{project.id}/review",
        "last": False,
    }


def _address(project: KnownProject, chosen: ChosenRows, row_id: str) -> str:
    return f"/projects/{project.id}/review?{chosen.query(row=row_id)}"


class Bar(NamedTuple):
    """A passage as it is drawn: places and heights in a thousandth of the drawing."""

    x: float
    width: float
    kept: float
    pending: float
    dropped: float
    address: str
    current: bool
    rows: int
    start: int
    end: int
    kept_rows: int
    dropped_rows: int


class DrawnMap(NamedTuple):
    """A document from left to right, with a bar for each passage as high as it has rows."""

    document: str
    bars: tuple[Bar, ...]
    covered: int
    """Passages that have rows which are not dropped."""


def map_of(found: DocumentMap, project: KnownProject, current: str) -> DrawnMap:
    """The map of a document; `current` is the passage to be marked."""
    most = max((one.kept + one.dropped + one.pending for one in found.passages), default=0) or 1
    bars: list[Bar] = []
    for one in found.passages:
        start = max(one.start, bars[-1].end if bars else 0)  # what the one before has not drawn
        rows = one.kept + one.dropped + one.pending
        passage = urlencode({"document": found.document, "passage": one.chunk_id})
        bars.append(
            Bar(
                x=round(1000 * start / found.length, 2),
                width=round(max(1.0, 1000 * (one.end - start) / found.length - 1.5), 2),
                kept=round(40 * one.kept / most, 2),
                pending=round(40 * one.pending / most, 2),
                dropped=round(40 * one.dropped / most, 2),
                address=f"/projects/{project.id}/review?{passage}" if rows else "",
                current=one.chunk_id == current,
                rows=rows,
                start=one.start,
                end=one.end,
                kept_rows=one.kept + one.pending,
                dropped_rows=one.dropped,
            )
        )
    covered = sum(one.kept + one.pending > 0 for one in found.passages)
    return DrawnMap(found.document, tuple(bars), covered)
