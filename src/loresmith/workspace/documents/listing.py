"""The list of documents: what each is, and how far the work on it has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from loresmith.component import content_id
from loresmith.records import Chunk, Document, Outcome
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.documents.coverage import facts_by_chunk, rows_by_document
from loresmith.workspace.documents.folder import sources_today
from loresmith.workspace.documents.shown import (
    DocumentLine,
    DocumentListing,
    IgnoredFile,
)
from loresmith.workspace.documents.upload import SUPPORTED
from loresmith.workspace.places import document_key
from loresmith.workspace.steps.chunk import chunks_by_document
from loresmith.workspace.steps.parse import Source, passed_over


def listing(context: Context) -> DocumentListing:
    """Every document, in the order of their names, and the files that are not read."""
    known = _known(context)
    counts = _facts(context)
    rows = rows_by_document(context)
    return DocumentListing(
        documents=tuple(
            _line(source, known.get(source.key), counts, rows) for source in sources_today(context)
        ),
        ignored=tuple(
            IgnoredFile(name=one.name, reason=one.reason) for one in passed_over(context)
        ),
        supported=SUPPORTED,
        max_bytes=context.recipe.documents.max_bytes,
    )


def line_of(context: Context, source: Source) -> DocumentLine:
    """One document of the list."""
    known = _read(context, [source]).get(source.key)
    passages = [(one, known.document) for one in known.chunks if known.document] if known else []
    return _line(source, known, facts_by_chunk(context, passages), rows_by_document(context))


def read_line(
    context: Context,
    source: Source,
    document: Document,
    cut: list[Chunk],
    counts: Mapping[str, int],
) -> DocumentLine:
    """The line of a document whose chunks and facts are at hand."""
    return _line(source, _Known(document, cut, ""), counts, rows_by_document(context))


def version_of(source: Source) -> str:
    """Changes with the file and with every correction."""
    return content_id(source.sha256, source.revision)


class _Known(NamedTuple):
    """What is stored about a file."""

    document: Document | None
    chunks: list[Chunk]
    failure: str


@remembered
def _known(context: Context) -> Mapping[str, _Known]:
    return _read(context, sources_today(context))


def _read(context: Context, found: list[Source]) -> dict[str, _Known]:
    outcomes = context.store.get(Outcome, [source.key for source in found])
    made = [record_id for outcome in outcomes for record_id in outcome.made]
    documents = {document.id: document for document in context.store.get(Document, made)}
    cut = chunks_by_document(context, list(documents.values()))
    return {
        outcome.id: _Known(
            documents.get(outcome.made[0]) if outcome.made else None,
            [chunk for document_id in outcome.made for chunk in cut.get(document_id, ())],
            outcome.failure,
        )
        for outcome in outcomes
    }


def _facts(context: Context) -> Mapping[str, int]:
    passages = [
        (chunk, known.document)
        for known in _known(context).values()
        if known.document is not None
        for chunk in known.chunks
    ]
    return facts_by_chunk(context, passages)


def _line(
    source: Source,
    known: _Known | None,
    counts: Mapping[str, int],
    rows: Mapping[str, int],
) -> DocumentLine:
    plain = DocumentLine(
        key=document_key(source.name),
        name=source.name,
        state="new",
        bytes=source.bytes,
        archive=source.path.name if source.member is not None else "",
        revision=source.revision,
        version=version_of(source),
    )
    if known is None:
        return plain
    document = known.document
    if document is None:
        return plain.model_copy(update={"state": "failed", "failure": known.failure})
    return plain.model_copy(
        update={
            "state": "parsed",
            "title": document.title,
            "language": document.language,
            "media_type": document.media_type,
            "characters": len(document.text),
            "headings": len(document.headings),
            "chunks": len(known.chunks),
            "covered": sum(counts.get(chunk.id, 0) > 0 for chunk in known.chunks),
            "facts": sum(counts.get(chunk.id, 0) for chunk in known.chunks),
            "rows": rows.get(document.id, 0),
            "warnings": document.warnings,
        }
    )
