"""All questions with their answers: filtered, searched, sorted, and reviewed by the thousand."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response

from loresmith.api.dependencies import ProjectHere, WorkspaceHere, author_of
from loresmith.api.paging import cursor_of, paging
from loresmith.errors import Conflict, DatasetError
from loresmith.records import ReviewVerdict
from loresmith.web.i18n import gettext_of
from loresmith.web.pages.chosen_rows import (
    ChosenHere,
    ChosenRows,
    RowWords,
    TypedRow,
    TypedRowHere,
    also_out,
)
from loresmith.web.rendering import render
from loresmith.web.said import said_to
from loresmith.web.toasts import with_toast
from loresmith.workspace.documents import Documents
from loresmith.workspace.projects import KnownProject
from loresmith.workspace.rows import IndexedRow, Reviewed, RowFilter, Rows, RowView
from loresmith.workspace.workspace import Workspace

router = APIRouter(prefix="/projects/{project_id}/questions")

_PAGE = 50


@router.get("")
def questions(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    chosen: ChosenHere,
    cursor: Annotated[str, Query()] = "",
    first: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    """The page; for htmx, its list and its filters alone."""
    shown = _list(request, project, workspace, chosen, cursor=cursor, first=first)
    part = request.headers.get("HX-Target") == "list"
    return render(request, "questions/_list.html" if part else "questions/index.html", **shown)


@router.post("/review")
def review(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    chosen: ChosenHere,
    verdict: Annotated[ReviewVerdict, Form()],
    ids: Annotated[str, Form()] = "",
    everything: Annotated[bool, Form()] = False,
    cursor: Annotated[str, Query()] = "",
    first: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    """Says one thing of the selected rows, or of all that the filter matches."""
    wanted = chosen.filter if everything else [one for one in ids.split(",") if one]
    done = Rows(workspace).review(wanted, verdict, author=author_of(request))
    shown = _list(request, project, workspace, chosen, cursor=cursor, first=first)
    reply = render(request, "questions/_list.html", **shown)
    return with_toast(reply, _told(request, done, verdict))


@router.post("/undo")
def undo(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    chosen: ChosenHere,
    cursor: Annotated[str, Query()] = "",
    first: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    """Takes the last review back."""
    _ = gettext_of(request)
    done = Rows(workspace).undo(author_of(request))
    shown = _list(request, project, workspace, chosen, cursor=cursor, first=first)
    reply = render(request, "questions/_list.html", **shown)
    if not done.rows and not done.left:
        return with_toast(reply, _("There is nothing to take back."))
    told = _("Taken back: %(count)s.", count=f"{done.rows:,}")
    if done.left:
        told += " " + _(
            "Reviewed again since, and left as they are: %(count)s.", count=f"{done.left:,}"
        )
    return with_toast(reply, told)


@router.post("/estimate")
def estimate(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, chosen: ChosenHere
) -> Response:
    """What writing more about the passages of all rows that match would take."""
    documents = Documents(workspace)
    chunks = Rows(workspace).passages(chosen.filter)
    if not chunks:
        raise Conflict(
            "these rows come from no passage of today",
            hint="Imported and stale rows have none: select others.",
        )
    return render(
        request,
        "documents/_estimate.html",
        project=project,
        estimate=documents.estimate(documents.selection(chunks=chunks)),
        unread=0,
        documents=[],
        chunks=chunks,
    )


@router.get("/{row_id}/edit")
def edit_form(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, row_id: str
) -> Response:
    """The row as a form."""
    view = Rows(workspace).row(row_id)
    return _form(request, project, view)


@router.get("/{row_id}")
def row(request: Request, project: ProjectHere, workspace: WorkspaceHere, row_id: str) -> Response:
    """The row as the list shows it."""
    rows = Rows(workspace)
    return _shown(request, project, rows, rows.row(row_id).row)


@router.post("/{row_id}")
def save(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    row_id: str,
    typed: TypedRowHere,
) -> Response:
    """The edited row, with what the filters say of it; or the form again, with what was typed and
    why it was not saved."""
    _ = gettext_of(request)
    rows, words = Rows(workspace), RowWords(request)
    try:
        edited = rows.edit(row_id, **typed._asdict(), author=author_of(request))
    except (Conflict, DatasetError) as refusal:
        return _form(request, project, rows.row(row_id), typed=typed, refusal=refusal)
    reply = _shown(request, project, rows, edited.view.row)
    if edited.objection:
        why = words.word("reason", edited.objection)
        hint = said_to(request, edited.detail)
        told = _("Saved, but left out: %(why)s", why=why)
        return with_toast(
            reply, told, hint=" ".join(filter(None, [hint, also_out(request, edited)]))
        )
    return with_toast(reply, _("Saved. It passes all checks."), hint=also_out(request, edited))


def _form(
    request: Request,
    project: KnownProject,
    view: RowView,
    *,
    typed: TypedRow | None = None,
    refusal: Conflict | DatasetError | None = None,
) -> Response:
    """The row as a form: as it is, or as it was typed and refused; to be saved over what is there
    now, which the form then shows."""
    return render(
        request,
        "questions/_edit.html",
        status=422 if refusal else 200,
        project=project,
        view=view,
        typed=typed or view.row,
        version=view.version,
        conflict=isinstance(refusal, Conflict),
        fault=refusal,
    )


def _shown(request: Request, project: KnownProject, rows: Rows, row: IndexedRow) -> Response:
    return render(
        request,
        "questions/_row.html",
        project=project,
        row=row,
        trained=rows.trained_answers([row]),
        words=RowWords(request),
        chosen=ChosenRows(RowFilter(), "position"),
    )


def _list(
    request: Request,
    project: KnownProject,
    workspace: Workspace,
    chosen: ChosenRows,
    *,
    cursor: str,
    first: int,
) -> dict[str, Any]:
    rows, words = Rows(workspace), RowWords(request)
    place = str(paging(cursor, _PAGE).position) if cursor else None
    page = rows.page(chosen.filter, order=chosen.order, cursor=place, limit=_PAGE)
    address = f"/projects/{project.id}/questions"
    before = cursor_of(page.before) if page.before else ""
    after = cursor_of(page.after) if page.after else ""
    return {
        "page": "questions",
        "project": project,
        "chosen": chosen,
        "rows": page.rows,
        "trained": rows.trained_answers(page.rows),
        "total": page.total,
        "current": page.current,
        "first": first,
        "words": words,
        "groups": words.groups(rows.facets(chosen.filter), chosen.filter),
        "judged": workspace.recipe.curation.judge.use != "off"
        or chosen.filter.rating_below is not None,
        "address": address,
        "here": f"{address}?{chosen.query(cursor=cursor, first=str(first) if cursor else '')}",
        "next": f"{address}?{chosen.query(cursor=after, first=str(first + _PAGE))}"
        if after
        else "",
        "previous": f"{address}?{chosen.query(cursor=before, first=str(max(1, first - _PAGE)))}"
        if before
        else "",
    }


def _told(request: Request, done: Reviewed, verdict: ReviewVerdict) -> str:
    _ = gettext_of(request)
    count = f"{done.rows:,}"
    if verdict == "rejected":
        return _("Rejected: %(count)s.", count=count)
    if verdict == "pending":
        return _("Open again: %(count)s.", count=count)
    told = _("Confirmed: %(count)s.", count=count)
    dropped = done.rows - done.kept - done.unchecked
    if dropped:
        told = _(
            "Confirmed: %(count)s. Still left out, as a check of substance fails: %(dropped)s.",
            count=count,
            dropped=f"{dropped:,}",
        )
    if done.unchecked:
        told += " " + _(
            "%(count)s of them have not been checked yet; that is done before a version is frozen.",
            count=f"{done.unchecked:,}",
        )
    return told
