"""Documents: upload, preview, corrections, chunking, and asking the teacher about them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import Field, JsonValue

from loresmith.api.dependencies import WorkspaceHere, author_of
from loresmith.api.etags import IfMatch, etag_of, require_match
from loresmith.api.idempotency import OnceHere
from loresmith.api.paging import Page, PagingHere, cursor_of
from loresmith.records import Record
from loresmith.workspace.documents import (
    ChunkingPreview,
    Difference,
    DocumentLine,
    DocumentListing,
    Documents,
    Estimate,
    Outline,
    Revised,
    RevisionLine,
    TextPage,
    Uploaded,
)

router = APIRouter(prefix="/api/v1/projects/{project_id}", tags=["documents"])

Position = Annotated[int, Query(ge=0, le=2**53, description="Characters from the beginning.")]

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, streamed.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class UploadReport(Record):
    """What became of each uploaded file, in the order in which they were sent."""

    files: tuple[Uploaded, ...]


class DocumentText(Record):
    """A text in one piece."""

    text: str


class NewText(Record):
    """A corrected text."""

    text: str = Field(max_length=10_000_000, examples=["The lighthouse was lit in 1911."])
    note: str = Field(default="", max_length=500, examples=["a wrong date"])
    """Why it was corrected, for the history."""


class NewSpan(NewText):
    """A corrected passage."""

    start: int = Field(ge=0, le=2**53, examples=[120])
    """Where the passage begins, in characters of the document's text."""
    end: int = Field(ge=0, le=2**53, examples=[151])
    """Where it ends; not part of it."""


class Restoring(Record):
    """Which text is to be the document's again."""

    revision: str = Field(max_length=100, examples=["file"])
    """A revision's id; `file` for the text of the file."""


class ChunkingChanges(Record):
    """Changed settings of chunking."""

    settings: dict[str, JsonValue] = Field(examples=[{"chunking.max_length": 1200}])
    """By dotted path; null puts one back to its default."""
    document: str | None = None
    """The key of the document whose changes are listed; null for all."""


class Selection(Record):
    """What the teacher is to be asked about; with nothing named, everything."""

    documents: tuple[str, ...] = Field(default=(), max_length=10_000)
    """Keys of documents."""
    chunks: tuple[str, ...] = Field(default=(), max_length=100_000)
    """Ids of passages."""


class JobStarted(Record):
    """A job that was queued."""

    job_id: str


@router.get("/documents", summary="All documents")
def list_documents(workspace: WorkspaceHere, paging: PagingHere) -> Page[DocumentLine]:
    """In the order of their names, with how far the work on each has come."""
    start = paging.position if isinstance(paging.position, int) else 0
    shown = Documents(workspace).page(start=start, limit=paging.limit)
    items = shown.documents if start < shown.found else ()
    end = start + paging.limit
    return Page(
        items=items,
        next_cursor=cursor_of(end) if end < shown.found else None,
        total=shown.total,
    )


@router.get("/documents-folder", summary="What can be uploaded, and what is passed over")
def describe_folder(workspace: WorkspaceHere) -> DocumentListing:
    """The whole folder at once, with the files in it that are not read and why."""
    return Documents(workspace).all()


@router.post("/documents", summary="Upload files")
def upload_documents(
    workspace: WorkspaceHere,
    files: Annotated[list[UploadFile], File(description="One or more files.")],
    replace: Annotated[bool, Query(description="Replace documents of the same name.")] = False,
) -> UploadReport:
    """Each file is taken or refused by itself: a refused one has `outcome` `refused` and a reason.

    Only the last part of a name is used. Contents must be what the name's ending promises.
    """
    documents = Documents(workspace)
    return UploadReport(
        files=tuple(
            documents.upload(one.filename or "", one.file, replace=replace) for one in files
        )
    )


@router.get("/documents/{key}", summary="One document")
def get_document(workspace: WorkspaceHere, key: str, response: Response) -> DocumentLine:
    """Its ETag is what an edit of it sends as `If-Match`."""
    line = Documents(workspace).get(key)
    response.headers["ETag"] = etag_of(line.version)
    return line


@router.delete("/documents/{key}", status_code=204, summary="Delete a document")
def delete_document(
    workspace: WorkspaceHere,
    key: str,
    request: Request,
    with_archive: Annotated[
        bool, Query(description="Of a document in a zip archive: delete the archive, whole.")
    ] = False,
    _: IfMatch = None,
) -> None:
    """Deletes the file; what was written about it is no longer part of the project.

    A document in a zip archive goes only with all that is in it: 409 without `with_archive`.
    """
    documents = Documents(workspace)
    require_match(request, etag_of(documents.get(key).version))
    documents.delete(key, with_archive=with_archive)


@router.get(
    "/documents/{key}/file",
    summary="Download the file",
    response_class=FileResponse,
    responses=_FILE,
)
def download_document(workspace: WorkspaceHere, key: str) -> FileResponse:
    """The file as it was uploaded, whole if it is an archive; corrections are not in it."""
    path = Documents(workspace).file(key)
    return FileResponse(path, filename=path.name, media_type="application/octet-stream")


@router.get("/documents/{key}/outline", summary="Headings and passages")
def get_outline(workspace: WorkspaceHere, key: str) -> Outline:
    """Without the text. Reads and cuts the document if that is not done yet."""
    return Documents(workspace).outline(key)


@router.get("/documents/{key}/text", summary="A part of the text, with its passages")
def get_text(
    workspace: WorkspaceHere,
    key: str,
    response: Response,
    start: Position = 0,
    length: Annotated[
        int, Query(ge=1, le=60_000, description="About how many characters.")
    ] = 12_000,
) -> TextPage:
    """Ends with a whole passage where one is near; ask again from `end` until it is `total`."""
    page = Documents(workspace).text(key, start=start, length=length)
    response.headers["ETag"] = etag_of(page.document.version)
    return page


@router.put("/documents/{key}/text", summary="Correct the text")
def revise_text(
    workspace: WorkspaceHere,
    key: str,
    new: NewText,
    request: Request,
    response: Response,
    _: IfMatch = None,
) -> Revised:
    """Makes a revision; the file stays as it is."""
    documents = Documents(workspace)
    version = _matched(documents, key, request)
    revised = documents.revise(
        key, new.text, expected=version, note=new.note, author=author_of(request)
    )
    response.headers["ETag"] = etag_of(revised.version)
    return revised


@router.patch("/documents/{key}/text", summary="Correct a passage")
def revise_passage(
    workspace: WorkspaceHere,
    key: str,
    new: NewSpan,
    request: Request,
    response: Response,
    _: IfMatch = None,
) -> Revised:
    """Puts a text in place of a span. Makes a revision; the file stays as it is."""
    documents = Documents(workspace)
    version = _matched(documents, key, request)
    revised = documents.revise_span(
        key,
        new.start,
        new.end,
        new.text,
        expected=version,
        note=new.note,
        author=author_of(request),
    )
    response.headers["ETag"] = etag_of(revised.version)
    return revised


@router.get("/documents/{key}/revisions", summary="The history of a text")
def list_revisions(workspace: WorkspaceHere, key: str) -> tuple[RevisionLine, ...]:
    """The newest first; the last one is the text of the file."""
    return Documents(workspace).history(key)


@router.get("/documents/{key}/revisions/{revision}", summary="The text of a revision")
def get_revision(workspace: WorkspaceHere, key: str, revision: str) -> DocumentText:
    """`file` names the text of the file."""
    return DocumentText(text=Documents(workspace).revision_text(key, revision))


@router.get("/documents/{key}/difference", summary="What differs between two revisions")
def compare_revisions(
    workspace: WorkspaceHere,
    key: str,
    older: Annotated[
        str, Query(max_length=100, description="A revision's id, or `file`.", examples=["file"])
    ],
    newer: Annotated[
        str, Query(max_length=100, description="The same.", examples=["3f9c0a1b2d4e"])
    ],
) -> Difference:
    """Line by line, and within a changed line character by character."""
    return Documents(workspace).compare(key, older, newer)


@router.post("/documents/{key}/restore", summary="Go back to an earlier text")
def restore_revision(
    workspace: WorkspaceHere,
    key: str,
    wanted: Restoring,
    request: Request,
    response: Response,
    _: IfMatch = None,
) -> Revised:
    """Makes a new revision with that text: the history only ever grows."""
    documents = Documents(workspace)
    version = _matched(documents, key, request)
    revised = documents.restore(key, wanted.revision, expected=version, author=author_of(request))
    response.headers["ETag"] = etag_of(revised.version)
    return revised


@router.post("/chunking/preview", summary="What other settings of chunking would do")
def preview_chunking(workspace: WorkspaceHere, changes: ChunkingChanges) -> ChunkingPreview:
    """Counts, lengths and the passages that would change. Nothing is stored."""
    return Documents(workspace).preview_chunking(changes.settings, key=changes.document)


@router.post("/chunking", status_code=202, summary="Cut all documents anew")
def apply_chunking(
    workspace: WorkspaceHere, changes: ChunkingChanges, once: OnceHere
) -> JobStarted:
    """Writes the settings into the project's recipe and starts a job."""
    documents = Documents(workspace)
    return once.answer(
        JobStarted, lambda: JobStarted(job_id=documents.apply_chunking(changes.settings))
    )


@router.post("/estimate", summary="What writing questions would take")
def estimate(workspace: WorkspaceHere, selection: Selection) -> Estimate:
    """Calls, tokens and time for a selection, and what would stand in the way. Asks no model."""
    documents = Documents(workspace)
    scope = documents.selection(keys=selection.documents, chunks=selection.chunks)
    return documents.estimate(scope)


@router.post("/generate", status_code=202, summary="Write questions for a selection")
def generate(workspace: WorkspaceHere, selection: Selection, once: OnceHere) -> JobStarted:
    """Starts a job that asks the teacher for what is missing."""
    documents = Documents(workspace)
    scope = documents.selection(keys=selection.documents, chunks=selection.chunks)
    return once.answer(JobStarted, lambda: JobStarted(job_id=documents.generate(scope)))


def _matched(documents: Documents, key: str, request: Request) -> str:
    """Today's version of a document; raises unless the request is an edit of it."""
    version = documents.get(key).version
    require_match(request, etag_of(version))
    return version
