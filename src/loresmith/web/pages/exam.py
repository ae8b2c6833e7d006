"""The page Exam: scores before and after, every question with its evidence, marks by hand."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from loresmith.api.dependencies import ProjectHere, WorkspaceHere, author_of
from loresmith.api.etags import etag_of
from loresmith.errors import Conflict, RecipeError
from loresmith.web.i18n import gettext_of, language_of_request
from loresmith.web.rendering import render
from loresmith.workspace.report.mark_reasons import mark_reason
from loresmith.workspace.runs import Exams, ItemFilter, ItemRow, Runs, RunSummary
from loresmith.workspace.workspace import Workspace

router = APIRouter(prefix="/projects/{project_id}/exam")
_ON_A_PAGE = 50
_DIFFERING = 100
"""So many of the questions that runs differ in are shown at first."""


def _filter(
    outcome: str = "",
    document: str = "",
    language: str = "",
    kind: str = "",
    search: str = "",
    hand_graded: str = "",
) -> ItemFilter:
    """What the page's address asks for; an outcome that does not exist asks for all."""
    return ItemFilter.model_validate(
        {
            "outcome": outcome if outcome in _OUTCOMES else "",
            "document": document,
            "language": language,
            "kind": kind,
            "search": search[:200],
            "hand_graded": bool(hand_graded),
        }
    )


_OUTCOMES = (
    *("learned", "still_wrong", "forgotten", "made_up", "kept", "declined", "control"),
    "unchanged",
)
FilterHere = Annotated[ItemFilter, Depends(_filter)]
Start = Annotated[int, Query(ge=0, le=1_000_000)]


@router.get("")
def exam(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    wanted: FilterHere,
    start: Start = 0,
) -> Response:
    """The newest examined run, or what to do to have one."""
    newest = next(iter(_examined(workspace)), None)
    if newest is None:
        job = Runs(workspace).job()
        return render(request, "exam/none.html", page="exam", project=project, job=job, newer="")
    return _shown(request, project, workspace, newest.id, wanted, start)


@router.get("/job")
def job(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    seen: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """How far the next exam is; the page that has no exam yet is loaded anew when there is one."""
    newest = next((run.id for run in _examined(workspace)), "")
    newer = newest if newest != seen else ""
    work = Runs(workspace).job()
    answer = render(request, "exam/_job.html", project=project, job=work, newer=newer)
    if newer and not seen:
        answer.headers["HX-Refresh"] = "true"
    return answer


@router.get("/compare")
def compare(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    run: Annotated[list[str] | None, Query(max_length=20)] = None,
    everything: Annotated[bool, Query(alias="all")] = False,
) -> Response:
    """Some runs beside one another; of the questions that differ the first ones, or all."""
    examined = _examined(workspace)
    chosen = [one for one in run or () if one in {known.id for known in examined}]
    shown: dict[str, Any] = {"compared": None, "fault": ""}
    try:
        shown["compared"] = Exams(workspace).compare(chosen) if chosen else None
    except RecipeError:
        _ = gettext_of(request)
        shown["fault"] = _("Choose two to six runs.")
    return render(
        request,
        "exam/compare.html",
        page="exam",
        project=project,
        examined=examined,
        chosen=chosen,
        shown_differing=10**9 if everything else _DIFFERING,
        **shown,
    )


@router.get("/{run_id}")
def exam_of_run(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    run_id: str,
    wanted: FilterHere,
    start: Start = 0,
) -> Response:
    """One run's exam."""
    return _shown(request, project, workspace, run_id, wanted, start)


@router.get("/{run_id}/items")
def items(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    run_id: str,
    wanted: FilterHere,
    start: Start = 0,
) -> Response:
    """A part of the list of questions; the page's address says which."""
    listed = _listed(project.id, workspace, run_id, wanted, start)
    answer = render(request, "exam/_items.html", project=project, run_id=run_id, **listed)
    answer.headers["HX-Push-Url"] = f"{listed['base']}?{listed['query']}&start={start}"
    return answer


@router.get("/{run_id}/items/{item_id}")
def item(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    run_id: str,
    item_id: str,
    wanted: FilterHere,
) -> Response:
    """One question, beside its neighbours in the list that is looked through."""
    return _sheet(request, project, workspace, run_id, item_id, wanted)


@router.post("/{run_id}/items/{item_id}/mark")
def mark(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    run_id: str,
    item_id: str,
    wanted: FilterHere,
    sitting: Annotated[Literal["before", "after"], Form()],
    score: Annotated[Literal["", "0", "1"], Form()] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
    etag: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """A person's mark for one reply, or the grader's back."""
    _ = gettext_of(request)
    exams = Exams(workspace)
    if etag != etag_of(exams.item(run_id, item_id).item):
        raise Conflict(
            _("This question has been marked by somebody else meanwhile."),
            hint=_("Open it again, then decide."),
        )
    exams.regrade(
        run_id,
        item_id,
        sitting=sitting,
        score=float(score) if score else None,
        note=note,
        author=author_of(request),
    )
    answer = _sheet(request, project, workspace, run_id, item_id, wanted)
    answer.headers["HX-Trigger"] = "marked"
    return answer


@router.get("/{run_id}/scores")
def scores(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, run_id: str
) -> Response:
    """The figures alone: after a mark by hand they are others."""
    result = Exams(workspace).result(run_id, language=language_of_request(request))
    return render(request, "exam/_scores.html", project=project, result=result)


def _shown(
    request: Request,
    project: ProjectHere,
    workspace: Workspace,
    run_id: str,
    wanted: ItemFilter,
    start: int,
) -> Response:
    result = Exams(workspace).result(run_id, language=language_of_request(request))
    return render(
        request,
        "exam/index.html",
        page="exam",
        project=project,
        result=result,
        run_id=run_id,
        examined=_examined(workspace),
        job=Runs(workspace).job(),
        newer="",
        **_listed(project.id, workspace, run_id, wanted, start),
    )


def _examined(workspace: Workspace) -> list[RunSummary]:
    """The runs whose exam can be looked at, the newest first."""
    return [run for run in Runs(workspace).all() if run.scores is not None]


def _listed(
    project_id: str, workspace: Workspace, run_id: str, wanted: ItemFilter, start: int
) -> dict[str, Any]:
    """The rows of one page of the list, and the addresses of those beside it."""
    rows: list[ItemRow] = Exams(workspace).items(run_id, wanted)
    query = urlencode({k: v for k, v in wanted.model_dump().items() if v})
    base = f"/projects/{project_id}/exam/{run_id}"
    here = f"{base}/items?{query}&start="
    return {
        "rows": rows[start : start + _ON_A_PAGE],
        "wanted": wanted,
        "query": query,
        "base": base,
        "here": f"{here}{start}",
        "first": min(start + 1, len(rows)),
        "last": min(start + _ON_A_PAGE, len(rows)),
        "total": len(rows),
        "previous": f"{here}{max(0, start - _ON_A_PAGE)}" if start else "",
        "next": f"{here}{start + _ON_A_PAGE}" if start + _ON_A_PAGE < len(rows) else "",
    }


def _sheet(
    request: Request,
    project: ProjectHere,
    workspace: Workspace,
    run_id: str,
    item_id: str,
    wanted: ItemFilter,
) -> Response:
    detail = Exams(workspace).item(run_id, item_id, among=wanted)
    return render(
        request,
        "exam/_item.html",
        project=project,
        run_id=run_id,
        detail=detail,
        etag=etag_of(detail.item),
        why=partial(mark_reason, language=language_of_request(request)),
        query=urlencode({k: v for k, v in wanted.model_dump().items() if v}),
    )
