"""Documents: upload them, read them with their passages marked, correct them, cut them, ask."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile

from loresmith.api.dependencies import ProjectHere, WorkspaceHere, author_of
from loresmith.errors import Conflict, DocumentError, LoresmithError
from loresmith.web.pages.typed_text import TypedText
from loresmith.web.rendering import render
from loresmith.web.schema_forms import Typed, fault_texts, said_of, typed_of, typed_over
from loresmith.workspace.background import Background
from loresmith.workspace.documents import Documents, Revised
from loresmith.workspace.forms import Form as SettingsForm
from loresmith.workspace.forms import Submission, form_as_typed, form_of, submission_of
from loresmith.workspace.projects import KnownProject

router = APIRouter(prefix="/projects/{project_id}/documents")

LONGEST_IN_A_FIELD = 300_000
"""Characters of a text that a browser edits in one piece without growing slow."""
_PAGE = 12_000
_ON_A_PAGE = 100
"""Documents on a page of the list."""
Search = Annotated[str, Query(max_length=200)]
Start = Annotated[int, Query(ge=0)]
Chosen = Annotated[list[str] | None, Form()]


TypedHere = Annotated[Typed, Depends(typed_of)]


@router.get("")
def index(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    search: Search = "",
    start: Start = 0,
) -> Response:
    """The list, with the place to drop files."""
    return render(
        request,
        "documents/index.html",
        page="documents",
        project=project,
        part=False,
        **_page_of(project.id, Documents(workspace), search, start),
    )


@router.get("/table")
def table(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    search: Search = "",
    start: Start = 0,
) -> Response:
    """A part of the list: what was searched for, another page, or after something has changed."""
    listed = _page_of(project.id, Documents(workspace), search, start)
    answer = render(request, "documents/_table.html", project=project, part=True, **listed)
    answer.headers["HX-Replace-Url"] = f"/projects/{project.id}/documents{listed['query']}"
    return answer


@router.post("/upload")
def upload(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    file: Annotated[UploadFile, File()],
    replace: Annotated[bool, Form()] = False,
) -> Response:
    """One file; the answer is its line among the results."""
    uploaded = Documents(workspace).upload(file.filename or "", file.file, replace=replace)
    return render(request, "documents/_uploaded.html", project=project, uploaded=uploaded)


@router.get("/chunking")
def chunking(request: Request, project: ProjectHere, workspace: WorkspaceHere) -> Response:
    """How documents are cut, with what other settings would do."""
    documents = Documents(workspace)
    return render(
        request,
        "documents/chunking.html",
        page="documents",
        project=project,
        **_chunking_form(request, form_of(documents.recipe, "chunking")),
        preview=documents.preview_chunking({}) if documents.page(limit=1).total else None,
        fault="",
    )


@router.post("/chunking/form")
def chunking_form(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, typed: TypedHere
) -> Response:
    """The fields of the way of cutting that is chosen now."""
    form = form_as_typed(workspace.recipe, typed, "chunking")
    shown = _chunking_form(request, form) | {"typed": typed_over(form, typed)}
    return render(request, "documents/_chunking_fields.html", project=project, **shown)


@router.post("/chunking/preview")
def preview_chunking(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, typed: TypedHere
) -> Response:
    """The effect of the settings as they stand in the form."""
    submitted = submission_of(workspace.recipe, typed, "chunking")
    if submitted.recipe is None:
        return _chunking_faults(request, project, workspace, typed, submitted)
    try:
        preview = Documents(workspace).preview_chunking(submitted.changes)
    except LoresmithError as error:  # a tokenizer that cannot be had, say
        return _chunking_refused(request, project, f"{error.message}\n{error.hint}".strip())
    return render(request, "documents/_chunking.html", project=project, preview=preview, fault="")


@router.post("/chunking")
def apply_chunking(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, typed: TypedHere
) -> Response:
    """Writes the settings and starts the cutting; the answer is its progress."""
    submitted = submission_of(workspace.recipe, typed, "chunking")
    if submitted.recipe is None:
        return _chunking_faults(request, project, workspace, typed, submitted)
    job_id = Documents(workspace).apply_chunking(submitted.changes)
    return _progress(request, project, workspace, job_id)


@router.post("/estimate")
def estimate(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    documents: Chosen = None,
    chunks: Chosen = None,
) -> Response:
    """What asking about the selection would take: the inside of the dialog."""
    here = Documents(workspace)
    scope = here.selection(keys=documents or (), chunks=chunks or ())
    return render(
        request,
        "documents/_estimate.html",
        project=project,
        estimate=here.estimate(scope),
        unread=sum(line.state == "new" for line in here.all().documents) if not documents else 0,
        documents=documents or [],
        chunks=chunks or [],
    )


@router.post("/read")
def read(request: Request, project: ProjectHere, workspace: WorkspaceHere) -> Response:
    """Reads and cuts what was put into the folder without an upload; the answer is its progress."""
    return _progress(request, project, workspace, Documents(workspace).read())


@router.post("/generate")
def generate(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    documents: Annotated[str, Form()] = "",
    chunks: Annotated[str, Form()] = "",
) -> Response:
    """Starts the job; the answer is its progress. Keys and ids come with commas between."""
    here = Documents(workspace)
    scope = here.selection(keys=_listed(documents), chunks=_listed(chunks))
    before = _rows_in(here)
    return _progress(request, project, workspace, here.generate(scope), before)


@router.get("/progress/{job_id}")
def progress(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    job_id: str,
    before: Annotated[int | None, Query(ge=0, le=2**53)] = None,
) -> Response:
    """How far a job is; `before` are the rows that there were when it was begun."""
    return _progress(request, project, workspace, job_id, before)


@router.get("/{key}")
def document(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    key: str,
    start: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """The text from `start`, with its passages marked; more of it comes while one scrolls."""
    here = Documents(workspace)
    try:
        outline, text = here.outline(key), here.text(key, start=start, length=_PAGE)
    except DocumentError as error:
        line = here.get(key)
        shown = _at(project, line=line, error=error)
        return render(request, "documents/unread.html", **shown)
    shown = _at(project, line=outline.document, outline=outline, text=text, tab="text")
    return render(request, "documents/document.html", **shown)


@router.get("/{key}/text")
def more_text(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    key: str,
    start: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """The next part of the text."""
    text = Documents(workspace).text(key, start=start, length=_PAGE)
    return render(request, "documents/_text.html", project=project, text=text)


@router.get("/{key}/passage")
def edit_passage(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    key: str,
    start: Annotated[int, Query(ge=0, le=2**53)],
    end: Annotated[int, Query(ge=0, le=2**53)],
) -> Response:
    """A passage as a form."""
    here = Documents(workspace)
    passage = here.whole_text(key)[start:end]
    shown = _at(project, line=here.get(key), passage=passage, start=start, end=end)
    return render(request, "documents/_passage_form.html", **shown)


@router.post("/{key}/passage")
def revise_passage(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    key: str,
    start: Annotated[int, Form(ge=0, le=2**53)],
    end: Annotated[int, Form(ge=0, le=2**53)],
    version: Annotated[str, Form()],
    text: TypedText = "",
    note: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Corrects a passage; the answer says what it brought."""
    here = Documents(workspace)
    revised = here.revise_span(
        key,
        start,
        end,
        text,
        expected=version,
        note=note,
        author=author_of(request),
    )
    return _revised(request, project, key, revised, start=start)


@router.get("/{key}/edit")
def edit(request: Request, project: ProjectHere, workspace: WorkspaceHere, key: str) -> Response:
    """The whole text as a form, unless it is too long for a browser."""
    here = Documents(workspace)
    text = here.whole_text(key)
    line = here.get(key)
    too_long = len(text) > LONGEST_IN_A_FIELD
    shown = _at(project, line=line, tab="edit", text="" if too_long else text, too_long=too_long)
    return render(request, "documents/edit.html", **shown)


@router.post("/{key}/edit")
def revise(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    key: str,
    version: Annotated[str, Form()],
    text: TypedText = "",
    note: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Corrects the whole text. A conflict leaves the form as it is: nothing typed is lost."""
    here = Documents(workspace)
    revised = here.revise(key, text, expected=version, note=note, author=author_of(request))
    return _revised(request, project, key, revised)


@router.get("/{key}/history")
def history(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    key: str,
    older: Annotated[str, Query(max_length=100)] = "",
    newer: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """All corrections, and what differs between two of them: by default, what the last changed."""
    here = Documents(workspace)
    lines = here.history(key)
    newer = newer or lines[0].id
    older = older or (lines[1].id if len(lines) > 1 else "")
    shown = _at(project, line=here.get(key), tab="history", lines=lines, older=older, newer=newer)
    differs = here.compare(key, older, newer) if older else None
    return render(request, "documents/history.html", difference=differs, **shown)


@router.post("/{key}/restore")
def restore(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    key: str,
    revision: Annotated[str, Form(max_length=100)],
    version: Annotated[str, Form()],
) -> Response:
    """Goes back to an earlier text."""
    here = Documents(workspace)
    revised = here.restore(key, revision, expected=version, author=author_of(request))
    return _revised(request, project, key, revised, restored=True)


@router.post("/{key}/delete")
def delete(
    project: ProjectHere,
    workspace: WorkspaceHere,
    key: str,
    version: Annotated[str, Form()],
    with_archive: Annotated[bool, Form()] = False,
) -> Response:
    """Deletes the file, unless it has changed since it was shown."""
    here = Documents(workspace)
    if here.get(key).version != version:
        raise Conflict(
            "this document has changed since the page was loaded", hint="Load the page again."
        )
    here.delete(key, with_archive=with_archive)
    return Response(headers={"HX-Location": f"/projects/{project.id}/documents"})


def _at(project: KnownProject, **shown: Any) -> dict[str, Any]:
    return {"page": "documents", "project": project, **shown}


def _page_of(project_id: str, documents: Documents, search: str, start: int) -> dict[str, Any]:
    """The lines of one page of the list, and the addresses of those beside it."""
    page = documents.page(search=search, start=start, limit=_ON_A_PAGE)
    start, end = page.start, page.start + len(page.documents)

    def query(at: int) -> str:
        chosen = {name: value for name, value in (("search", search), ("start", at)) if value}
        return f"?{urlencode(chosen)}" if chosen else ""

    table = f"/projects/{project_id}/documents/table"
    return {
        "listing": documents.folder(),
        "lines": page.documents,
        "search": search,
        "total": page.total,
        "per_page": _ON_A_PAGE,
        "first": start + 1,
        "last": end,
        "found": page.found,
        "query": query(start),
        "here": f"{table}{query(start)}",
        "previous": f"{table}{query(start - _ON_A_PAGE)}" if start else "",
        "next": f"{table}{query(start + _ON_A_PAGE)}" if end < page.found else "",
    }


def _chunking_form(request: Request, form: SettingsForm) -> dict[str, Any]:
    return {"form": form, "said": said_of(request), "faults": {}, "typed": {}}


def _chunking_faults(
    request: Request,
    project: KnownProject,
    workspace: WorkspaceHere,
    typed: Typed,
    submitted: Submission,
) -> Response:
    """Every fault in a line of its own, with the names of fields as they stand in the form."""
    said = said_of(request)
    fields = [*form_as_typed(workspace.recipe, typed, "chunking").fields()]
    labels = {field.path: said(field.label) for field in fields}
    faults = {
        path: fault._replace(message=_PATH.sub("", fault.message))
        for path, fault in submitted.faults.items()
    }
    lines = []
    for path, words in fault_texts(request, faults).items():
        for field in fields:
            words = re.sub(rf"\b{field.name}\b", f"“{labels[field.path]}”", words)
        lines.append(f"{labels[path]}: {words}" if path else words)
    return _chunking_refused(request, project, "\n".join(lines))


_PATH = re.compile(r"^chunking[\w.]*: ")


def _chunking_refused(request: Request, project: KnownProject, fault: str) -> Response:
    return render(
        request,
        "documents/_chunking.html",
        status=422,
        project=project,
        preview=None,
        fault=fault,
    )


def _progress(
    request: Request,
    project: KnownProject,
    workspace: WorkspaceHere,
    job_id: str,
    before: int | None = None,
) -> Response:
    job = Background(workspace).job(job_id)
    step = next((one for one in job.steps if one.name == job.current), None)
    written = None
    if job.state == "done" and before is not None:
        written = max(0, _rows_in(Documents(workspace)) - before)
    shown: dict[str, Any] = {"job": job, "step": step, "before": before, "written": written}
    reply = render(request, "documents/_progress.html", project=project, **shown)
    if job.is_over:
        reply.headers["HX-Trigger"] = "documents-changed"
    return reply


def _rows_in(documents: Documents) -> int:
    return documents.rows()


def _revised(
    request: Request,
    project: KnownProject,
    key: str,
    revised: Revised,
    *,
    start: int = 0,
    restored: bool = False,
) -> Response:
    shown: dict[str, Any] = {"key": key, "revised": revised, "start": start, "restored": restored}
    return render(request, "documents/_revised.html", project=project, **shown)


def _listed(ids: str) -> list[str]:
    return [one for one in ids.split(",") if one]
