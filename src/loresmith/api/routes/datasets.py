"""Versions of the dataset, what changed between them, and files of rows out and in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Annotated, Any, BinaryIO, Literal, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import Field

from loresmith.api.dependencies import WorkspaceHere
from loresmith.api.idempotency import OnceHere
from loresmith.api.paging import Page, Paging, PagingHere, cursor_of, page_of
from loresmith.records import Example, Record, SplitName
from loresmith.workspace.datasets import (
    EXPORT_FORMS,
    BadRow,
    ChangedRow,
    ChangeKind,
    ChosenFile,
    Comparison,
    Datasets,
    DatasetVersion,
    ExportedFile,
    ExportPreview,
    ExportSettings,
    FileKind,
    FolderFile,
    FolderImport,
    Folders,
    ImportPreview,
    ImportReport,
    Imports,
    NamedFile,
    NextVersion,
    RowFilter,
    RowMapping,
    export_settings_of,
    plain_name,
    unpacked,
)

router = APIRouter(prefix="/api/v1/projects/{project_id}", tags=["datasets"])

ItemT = TypeVar("ItemT")

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, streamed.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in (
                "application/jsonl",
                "application/json",
                "text/csv",
                "application/vnd.apache.parquet",
                "application/zip",
            )
        },
    }
}


class FreezeStarted(Record):
    """The job that freezes a version."""

    job_id: str


def row_filter(
    split: Annotated[SplitName | None, Query(description="Trained on, or validated on.")] = None,
    language: Annotated[
        str | None, Query(max_length=20, description="Its code.", examples=["zh"])
    ] = None,
    document: Annotated[
        str | None, Query(max_length=500, description="The name of a document.")
    ] = None,
    search: Annotated[str, Query(max_length=500, description="A piece of the text.")] = "",
) -> RowFilter:
    """Which rows are asked for."""
    return RowFilter(split=split, language=language, document=document, search=search)


def export_settings(
    form: Annotated[
        str,
        Query(
            description="`llamafactory` is a zip to train on as it stands.",
            json_schema_extra={"enum": list(EXPORT_FORMS)},
        ),
    ] = "llamafactory",
    split: Annotated[
        Literal["train", "validation", "all"],
        Query(description="With `all`, a folder keeps both apart."),
    ] = "train",
    confirmed_only: Annotated[
        bool, Query(description="Only rows that a person has confirmed or edited.")
    ] = False,
    system_prompt: Annotated[
        str | None,
        Query(
            max_length=20_000,
            description="Absent: as the rows have it; empty: none; a text: for rows without one.",
        ),
    ] = None,
    file: Annotated[
        FileKind | Literal[""], Query(description="The kind of file; empty: as the form has it.")
    ] = "",
    folder: Annotated[
        bool, Query(description="A zip with the file, a card and LLaMA Factory's dataset_info.json")
    ] = False,
    fields: Annotated[
        list[str] | None,
        Query(
            max_length=100,
            description="Of `custom`: what each field is called and what it holds.",
            examples=["instruction=question", "output=answer"],
        ),
    ] = None,
    row: Annotated[
        list[str] | None,
        Query(max_length=1000, description="Only these rows, by id; can be given several times."),
    ] = None,
    language: Annotated[str | None, Query(max_length=20, description="Only rows in it.")] = None,
    document: Annotated[
        str | None, Query(max_length=500, description="Only rows of this document.")
    ] = None,
    search: Annotated[str, Query(max_length=500, description="Only rows with this text.")] = "",
    reasoning: Annotated[
        bool, Query(description="With the chain of thought of answers that have one.")
    ] = True,
    min_stars: Annotated[
        int, Query(ge=0, le=5, description="Only rows with at least so many stars.")
    ] = 0,
    subjects: Annotated[
        list[str] | None,
        Query(max_length=200, description="Only rows about these, such as `Cargo / Fish`."),
    ] = None,
    per_subject: Annotated[
        str,
        Query(max_length=20, description="At most so many rows of each subject; or `evenly`."),
    ] = "",
) -> ExportSettings:
    """What of a version goes into a file, and how. Raises RecipeError (422)."""
    return export_settings_of(
        form,
        fields or (),
        split=None if split == "all" else split,
        confirmed_only=confirmed_only,
        system_prompt=system_prompt,
        file=file or None,
        folder=folder,
        rows=tuple(row or ()),
        language=language or None,
        document=document or None,
        search=search,
        reasoning=reasoning,
        min_stars=min_stars,
        subjects=tuple(one for one in subjects or () if one),
        per_subject=per_subject or None,
    )


RowFilterHere = Annotated[RowFilter, Depends(row_filter)]
ExportSettingsHere = Annotated[ExportSettings, Depends(export_settings)]


class ImportWanted(Record):
    """An upload, and which column holds what."""

    upload_id: str = Field(examples=["1584b5ad8059f0fb3692887c"])
    mapping: RowMapping | None = None
    """Null takes the mapping that the preview proposes."""


class FolderWanted(Record):
    """Uploads, and which column of each holds what."""

    files: tuple[ChosenFile, ...] = Field(min_length=1, max_length=1000)


@router.get("/datasets", summary="All versions of the dataset")
def list_versions(workspace: WorkspaceHere, asked: PagingHere) -> Page[DatasetVersion]:
    """In figures, the newest first, with the runs that were trained on each."""
    return page_of(Datasets(workspace).versions(), asked)


@router.post("/datasets", status_code=202, summary="Freeze a version")
def freeze(workspace: WorkspaceHere, once: OnceHere) -> FreezeStarted:
    """Starts a job that makes a version of what is kept today, and what is missing before that."""
    return once.answer(FreezeStarted, lambda: FreezeStarted(job_id=Datasets(workspace).freeze()))


@router.get("/datasets/next", summary="What the next version would hold")
def get_next_version(workspace: WorkspaceHere) -> NextVersion:
    """What would go in and what not, with reasons; nothing is begun."""
    return Datasets(workspace).next_version()


@router.get("/datasets/{number}", summary="A version in figures")
def get_version(workspace: WorkspaceHere, number: int) -> DatasetVersion:
    """Rows, facts, languages and documents of a version."""
    return Datasets(workspace).version(number)


@router.get("/datasets/{number}/rows", summary="Rows of a version")
def list_rows(
    workspace: WorkspaceHere,
    number: int,
    wanted: RowFilterHere,
    asked: PagingHere,
) -> Page[Example]:
    """In the order in which they are trained on, with where each came from."""
    start = _start(asked)
    found = Datasets(workspace).rows(number, wanted, start=start, limit=asked.limit)
    return _page(found.rows, found.total, start)


@router.get("/datasets/{older}/compare/{newer}", summary="Two versions in figures")
def compare(workspace: WorkspaceHere, older: int, newer: int) -> Comparison:
    """How many rows were added, removed and changed, in all and by document."""
    return Datasets(workspace).compare(older, newer)


@router.get("/datasets/{older}/compare/{newer}/rows", summary="The rows in which versions differ")
def list_changes(
    workspace: WorkspaceHere,
    older: int,
    newer: int,
    asked: PagingHere,
    kind: Annotated[ChangeKind | None, Query(description="Only such rows.")] = None,
) -> Page[ChangedRow]:
    """Each with the row before and after."""
    start = _start(asked)
    found = Datasets(workspace).changes(older, newer, kind=kind, start=start, limit=asked.limit)
    return _page(found.rows, found.total, start)


@router.get(
    "/datasets/{number}/export",
    summary="A version as a file",
    response_class=StreamingResponse,
    responses=_FILE,
)
def export(workspace: WorkspaceHere, number: int, wanted: ExportSettingsHere) -> Response:
    """The same version and settings give the same bytes."""
    return download(Datasets(workspace).export(number, wanted))


@router.get("/datasets/{number}/export/preview", summary="How that file begins")
def preview_export(
    workspace: WorkspaceHere,
    number: int,
    wanted: ExportSettingsHere,
    lines: Annotated[int, Query(ge=1, le=200, description="How many.")] = 40,
) -> ExportPreview:
    """The first lines, and how many rows the whole file has."""
    return Datasets(workspace).preview_export(number, wanted, lines=lines)


@router.post("/imports/uploads", status_code=201, summary="Hand over a file of rows")
def upload(workspace: WorkspaceHere, file: UploadFile) -> ImportPreview:
    """Alpaca, sharegpt, OpenAI messages, CSV or JSON lines; kept for a day. Nothing is imported
    yet: the reply shows the first rows and which columns are taken for what."""
    imports = Imports(workspace)
    return imports.preview(imports.hand_over(file.filename or "", file.file).id)


@router.post("/imports/uploads/folder", status_code=201, summary="Hand over a folder of rows")
def upload_folder(workspace: WorkspaceHere, file: list[UploadFile]) -> tuple[FolderFile, ...]:
    """Several files, or a zip, such as an export of Easy Dataset or LLaMA Factory: each with its
    first rows, or why it is left out. Nothing is imported yet."""
    return Folders(Imports(workspace)).look_at(handed_over(file))


@router.post("/imports/folder", status_code=201, summary="Import several uploads")
def import_folder(workspace: WorkspaceHere, wanted: FolderWanted) -> FolderImport:
    """In their order. A file whose every row another one has is named, and brings none."""
    return Folders(Imports(workspace)).import_files(wanted.files)


@router.post("/imports/preview", summary="Look at an upload under another mapping")
def preview_import(workspace: WorkspaceHere, wanted: ImportWanted) -> ImportPreview:
    """The first rows, each with its conversation or with what is wrong with it."""
    return Imports(workspace).preview(wanted.upload_id, wanted.mapping)


@router.post("/imports", status_code=201, summary="Import an upload")
def import_rows(workspace: WorkspaceHere, wanted: ImportWanted) -> ImportReport:
    """Good rows go into the next version; bad ones are counted and can be listed with reasons."""
    return Imports(workspace).import_rows(wanted.upload_id, wanted.mapping)


@router.get("/imports", summary="All imports")
def list_imports(workspace: WorkspaceHere, asked: PagingHere) -> Page[ImportReport]:
    """The newest first, with those that were taken back."""
    return page_of(Imports(workspace).all(), asked)


@router.get("/imports/{import_id}", summary="One import")
def get_import(workspace: WorkspaceHere, import_id: str) -> ImportReport:
    """What it brought."""
    return Imports(workspace).one(import_id)


@router.get("/imports/{import_id}/bad-rows", summary="Rows that an import did not take")
def list_bad_rows(workspace: WorkspaceHere, import_id: str, asked: PagingHere) -> Page[BadRow]:
    """By number, each with its reason."""
    imports, start = Imports(workspace), _start(asked)
    total = sum(imports.one(import_id).bad.values())
    return _page(imports.bad_rows(import_id, start=start, limit=asked.limit), total, start)


@router.delete("/imports/{import_id}", summary="Take an import back")
def take_back(workspace: WorkspaceHere, import_id: str) -> ImportReport:
    """Its rows are not in the next version; versions that are there stay as they are."""
    return Imports(workspace).take_back(import_id)


def handed_over(files: Sequence[UploadFile]) -> tuple[NamedFile, ...]:
    """The files; of those that are zips, what they hold. Raises DatasetError."""
    found: list[NamedFile] = []
    for file in files:
        name = plain_name(file.filename or "")
        if name.lower().endswith(".zip"):
            found += unpacked(file.file, name)
        else:
            found.append(NamedFile(name, partial(_open, file)))
    return tuple(found)


def _open(file: UploadFile) -> AbstractContextManager[BinaryIO]:
    return nullcontext(file.file)


def download(file: ExportedFile) -> Response:
    """The file as a download under its name, sent while it is made."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}"}
    return StreamingResponse(file.pieces, media_type=file.media_type, headers=headers)


def _start(asked: Paging) -> int:
    return asked.position if isinstance(asked.position, int) else 0


def _page(items: Iterable[ItemT], total: int, start: int) -> Page[ItemT]:
    found = tuple(items)
    end = start + len(found)
    following = cursor_of(end) if found and end < total else None
    return Page(items=found, next_cursor=following, total=total)
