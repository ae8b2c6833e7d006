"""The dataset page: versions with their figures and rows, two compared, files in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response, UploadFile

from loresmith.api.dependencies import ProjectHere, WorkspaceHere
from loresmith.api.routes.datasets import ExportSettingsHere, download, handed_over
from loresmith.errors import DatasetError
from loresmith.web.i18n import gettext_of, language_of_request
from loresmith.web.rendering import render
from loresmith.workspace.background import Background
from loresmith.workspace.datasets import (
    EXPORT_FORMS,
    PARTS,
    VALUES,
    ChangeKind,
    ChosenFile,
    Datasets,
    ExportSettings,
    Folders,
    ImportPreview,
    Imports,
    RowFilter,
    RowMapping,
)
from loresmith.workspace.projects import KnownProject
from loresmith.workspace.report.phrases import reason_phrase
from loresmith.workspace.rows import Rows
from loresmith.workspace.workspace import Workspace

router = APIRouter(prefix="/projects/{project_id}/dataset")

_PAGE = 25
_BAD_ROWS = 100
Start = Annotated[int, Query(ge=0, le=2**53)]


class Share(NamedTuple):
    """A part of a bar, in hundredths of its length."""

    name: str
    rows: int
    start: float
    width: float


@router.get("")
def index(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    version: Annotated[int | None, Query(ge=1, le=2**31)] = None,
) -> Response:
    """All versions, and one of them (the newest, where none is asked for) in detail."""
    datasets = Datasets(workspace)
    versions = datasets.versions()
    chosen = None
    if versions:
        chosen = datasets.version(version) if version is not None else versions[0]
    shown: dict[str, Any] = {
        "versions": versions,
        "chosen": chosen,
        "dropped": _reasons(request, chosen.dropped) if chosen else [],
        "imports": Imports(workspace).all(),
        "bars": _bars(chosen.documents, chosen.languages, chosen.kinds) if chosen else {},
        "splits": _splits(chosen.rows, chosen.validation_rows) if chosen else [],
    }
    return render(request, "dataset/index.html", page="dataset", project=project, **shown)


def chosen_rows(
    split: Literal["train", "validation", ""] = "",
    language: Annotated[str, Query(max_length=20)] = "",
    document: Annotated[str, Query(max_length=500)] = "",
    search: Annotated[str, Query(max_length=500)] = "",
) -> RowFilter:
    """The filter as the form has it; an empty choice is none."""
    return RowFilter(
        split=split or None, language=language or None, document=document or None, search=search
    )


@router.get("/rows")
def rows(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    version: Annotated[int, Query(ge=1, le=2**31)],
    wanted: Annotated[RowFilter, Depends(chosen_rows)],
    start: Start = 0,
) -> Response:
    """One page of a version's rows."""
    found = Datasets(workspace).rows(version, wanted, start=start, limit=_PAGE)
    query = {"version": version, **wanted.model_dump(exclude_none=True)}
    pages = _pages(f"/projects/{project.id}/dataset/rows", query, start, found.total)
    these = f"/projects/{project.id}/dataset/export?{urlencode(query)}"
    narrowed = these if wanted != RowFilter() else ""
    return render(
        request, "dataset/_rows.html", rows=found.rows, total=found.total, these=narrowed, **pages
    )


@router.get("/next")
def next_version(request: Request, project: ProjectHere, workspace: WorkspaceHere) -> Response:
    """What freezing would bring."""
    told = Datasets(workspace).next_version()
    left_out = _reasons(request, told.left_out)
    return render(request, "dataset/_next.html", project=project, told=told, left_out=left_out)


@router.post("/freeze")
def freeze(request: Request, project: ProjectHere, workspace: WorkspaceHere) -> Response:
    """Starts the job and shows how far it is."""
    datasets = Datasets(workspace)
    newest = max((one.number for one in datasets.versions()), default=0)
    return _freezing(request, project, workspace, datasets.freeze(), newest)


@router.get("/freezing/{job_id}")
def freezing(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    job_id: str,
    newest: Annotated[int, Query(ge=0, le=2**31)] = 0,
) -> Response:
    """How far it is; when there is a version newer than `newest`, the page is loaded anew."""
    return _freezing(request, project, workspace, job_id, newest)


@router.get("/compare")
def compare(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    older: Annotated[int, Query(ge=1, le=2**31)],
    newer: Annotated[int, Query(ge=1, le=2**31)],
    kind: ChangeKind | Literal[""] = "",
    start: Start = 0,
) -> Response:
    """Two versions: the counts, and the rows in which they differ."""
    datasets = Datasets(workspace)
    changes = datasets.changes(older, newer, kind=kind or None, start=start, limit=_PAGE)
    here = f"/projects/{project.id}/dataset/compare"
    query = {"older": older, "newer": newer, "kind": kind}
    return render(
        request,
        "dataset/compare.html",
        page="dataset",
        project=project,
        told=datasets.compare(older, newer),
        versions=datasets.versions(),
        changes=changes.rows,
        kind=kind,
        here=here,
        **_pages(here, query, start, changes.total),
        total=changes.total,
    )


@router.get("/export")
def export(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    version: Annotated[int, Query(ge=1, le=2**31)],
    chosen: Annotated[RowFilter, Depends(chosen_rows)],
) -> Response:
    """The choice of a file's form, beside how it begins; of some rows, where a list was narrowed
    before."""
    datasets = Datasets(workspace)
    return render(
        request,
        "dataset/export.html",
        page="dataset",
        project=project,
        version=datasets.version(version),
        forms=EXPORT_FORMS,
        values=tuple(VALUES),
        chosen=chosen,
        subjects=Rows(workspace).facets().subject,
    )


@router.get("/export/preview")
def export_preview(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    version: Annotated[int, Query(ge=1, le=2**31)],
    wanted: ExportSettingsHere,
    system: Literal["own", "none", "add"] = "own",
    without_reasoning: bool = False,
) -> Response:
    """How the file begins, and the link to it."""
    wanted = wanted.model_copy(update={"reasoning": not without_reasoning})
    settings = wanted.model_copy(update={"system_prompt": _system(system, wanted.system_prompt)})
    shown = Datasets(workspace).preview_export(version, settings)
    query = _export_query(settings)
    address = f"/projects/{project.id}/dataset/export/file?"
    return render(
        request,
        "dataset/_export_preview.html",
        preview=shown,
        left_out=_reasons(request, shown.left_out),
        address=address + urlencode({"version": version, **query}, doseq=True),
    )


@router.get("/export/file")
def export_file(
    workspace: WorkspaceHere,
    version: Annotated[int, Query(ge=1, le=2**31)],
    wanted: ExportSettingsHere,
) -> Response:
    """The file itself."""
    return download(Datasets(workspace).export(version, wanted))


@router.get("/import")
def import_page(request: Request, project: ProjectHere) -> Response:
    """Where a file is handed over."""
    return render(request, "dataset/import.html", page="dataset", project=project)


@router.post("/import")
def hand_over(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, file: list[UploadFile]
) -> Response:
    """What the file holds and how it would be read, or why it cannot be; of several, or a zip,
    which of them hold rows."""
    imports = Imports(workspace)
    try:
        if len(file) > 1 or (file[0].filename or "").lower().endswith(".zip"):
            seen = Folders(imports).look_at(handed_over(file))
            return render(request, "dataset/_folder.html", project=project, files=seen)
        preview = imports.preview(imports.hand_over(file[0].filename or "", file[0].file).id)
    except DatasetError as error:
        return render(request, "dataset/_refused.html", status=422, error=error)
    return _previewed(request, project, preview)


def chosen_mapping(
    messages: Annotated[str, Form()] = "",
    instruction: Annotated[str, Form()] = "",
    input: Annotated[str, Form()] = "",
    output: Annotated[str, Form()] = "",
    reasoning: Annotated[str, Form()] = "",
    system: Annotated[str, Form()] = "",
    history: Annotated[str, Form()] = "",
    tags: Annotated[str, Form()] = "",
) -> RowMapping:
    """The mapping as the form has it; an empty choice is no column."""
    columns = (messages, instruction, input, output, reasoning, system, history, tags)
    named = zip(PARTS, columns, strict=True)
    return RowMapping.model_validate({part: column or None for part, column in named})


MappingHere = Annotated[RowMapping, Depends(chosen_mapping)]


@router.post("/import/preview")
def preview_import(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    upload: Annotated[str, Form()],
    mapping: MappingHere,
) -> Response:
    """The first rows under another mapping."""
    return _previewed(request, project, Imports(workspace).preview(upload, mapping))


@router.post("/import/rows")
def import_rows(
    project: ProjectHere,
    workspace: WorkspaceHere,
    upload: Annotated[str, Form()],
    mapping: MappingHere,
) -> Response:
    """Imports the file; the report of it comes next."""
    report = Imports(workspace).import_rows(upload, mapping)
    address = f"/projects/{project.id}/dataset/imports/{report.id}"
    return Response(headers={"HX-Redirect": address})


@router.post("/import/files")
def import_files(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    chosen: Annotated[list[str], Form()],
) -> Response:
    """Imports the chosen files of a folder, and says what each brought."""
    wanted = [ChosenFile.model_validate_json(one) for one in chosen]
    done = Folders(Imports(workspace)).import_files(wanted)
    return render(request, "dataset/_folder_done.html", project=project, done=done)


@router.get("/imports/{import_id}")
def import_report(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    import_id: str,
    start: Start = 0,
) -> Response:
    """What an import brought, and the rows that it did not take."""
    imports = Imports(workspace)
    report = imports.one(import_id)
    total = sum(report.bad.values())
    here = f"/projects/{project.id}/dataset/imports/{import_id}"
    return render(
        request,
        "dataset/imported.html",
        page="dataset",
        project=project,
        report=report,
        bad=imports.bad_rows(import_id, start=start, limit=_BAD_ROWS),
        total=total,
        here=here,
        **_pages(here, {}, start, total, size=_BAD_ROWS),
    )


@router.post("/imports/{import_id}/take-back")
def take_back(project: ProjectHere, workspace: WorkspaceHere, import_id: str) -> Response:
    """Its rows no longer count."""
    Imports(workspace).take_back(import_id)
    return Response(headers={"HX-Redirect": f"/projects/{project.id}/dataset"})


def _freezing(
    request: Request, project: KnownProject, workspace: Workspace, job_id: str, newest: int
) -> Response:
    job = Background(workspace).job(job_id)
    if job.state == "done" and not job.failure_count:
        numbers = [one.number for one in Datasets(workspace).versions()]
        if max(numbers, default=0) > newest:
            return Response(headers={"HX-Redirect": f"/projects/{project.id}/dataset"})
    step = next((one for one in job.steps if one.name == job.current), None)
    return render(
        request, "dataset/_freezing.html", project=project, job=job, step=step, newest=newest
    )


def _previewed(request: Request, project: KnownProject, preview: ImportPreview) -> Response:
    return render(request, "dataset/_preview.html", project=project, preview=preview, parts=PARTS)


def _reasons(request: Request, counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Why rows were left out, in words, the commonest first."""
    _ = gettext_of(request)
    words = {
        "unconfirmed": _("not confirmed by a person yet"),
        "already_there": _("a row of the documents says the same"),
        "withheld": _("asks for a withheld fact"),
    }
    language = language_of_request(request)
    in_order = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [(words.get(name) or reason_phrase(name, language), n) for name, n in in_order]


def _system(choice: str, text: str | None) -> str | None:
    """The system prompt of the settings: None leaves the rows' own."""
    return {"own": None, "none": ""}.get(choice, text or None)


def _export_query(settings: ExportSettings) -> dict[str, Any]:
    """The settings as the address of the file has them."""
    query = settings.model_dump(mode="json", exclude_none=True, exclude={"form", "rows"})
    form = settings.form.model_dump(mode="json")
    fields = [f"{name}={value}" for name, value in form.get("fields", {}).items()]
    named: dict[str, Any] = {"form": form["type"], "split": settings.split or "all"}
    return {**query, **named, "fields": fields, "row": list(settings.rows)}


def _pages(
    address: str, query: Mapping[str, object], start: int, total: int, *, size: int = _PAGE
) -> dict[str, Any]:
    """Where the pages before and after are; empty where there is none."""

    def at(place: int) -> str:
        return f"{address}?{urlencode({**query, 'start': place})}"

    return {
        "start": start,
        "previous": at(max(0, start - size)) if start > 0 else "",
        "next": at(start + size) if start + size < total else "",
    }


def _bars(*counts: dict[str, int]) -> dict[str, list[Share]]:
    names = ("documents", "languages", "kinds")
    return {name: _shares(one) for name, one in zip(names, counts, strict=True)}


def _splits(trained: int, validated: int) -> list[Share]:
    return _shares({"train": trained, "validation": validated}, ordered=True)


def _shares(counts: dict[str, int], *, ordered: bool = False) -> list[Share]:
    """The parts of a whole, the largest first."""
    whole = sum(counts.values()) or 1
    parts = list(counts.items())
    if not ordered:
        parts.sort(key=lambda part: (-part[1], part[0]))
    found, at = [], 0.0
    for name, count in parts:
        width = 100 * count / whole
        found.append(Share(name, count, round(at, 3), round(width, 3)))
        at += width
    return found
