"""The list of documents: what each is, and how far the work on it has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from loresmith.component import content_id
from loresmith.records import Chunk, Document, Outcome
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.document_titles import titles_by_name
from loresmith.workspace.documents.coverage import facts_by_chunk, rows_by_document
from loresmith.workspace.documents.folder import sources_today
from loresmith.workspace.documents.shown import (
    DocumentLine,
    DocumentListing,
    DocumentPage,
    IgnoredFile,
)
from loresmith.workspace.documents.upload import SUPPORTED
from loresmith.workspace.places import document_key
from loresmith.workspace.steps.chunk import chunks_by_document
from loresmith.workspace.steps.parse import (
    FoundFile,
    Source,
    found_files,
    passed_over,
    source_of,
)
from loresmith.workspace.steps.seen_pages import vision_of, waiting


def listing(context: Context) -> DocumentListing:
    """Every document, in the order of their names, and the files that are not read."""
    known = _known(context)
    counts = _facts(context)
    rows = rows_by_document(context)
    lines = (_line(one, known.get(one.key), counts, rows) for one in sources_today(context))
    return folder(context).model_copy(update={"documents": tuple(lines)})


def folder(context: Context) -> DocumentListing:
    """What can be uploaded, and the files that are not read; without the documents."""
    return DocumentListing(
        documents=(),
        ignored=tuple(
            IgnoredFile(name=one.name, reason=one.reason) for one in passed_over(context)
        ),
        supported=SUPPORTED,
        max_bytes=context.recipe.documents.max_bytes,
        waiting=len(waiting(context, sources_today(context))) if vision_of(context) else 0,
    )


def page(context: Context, *, search: str = "", start: int = 0, limit: int) -> DocumentPage:
    """Some of the documents whose name or title has all words of `search`, in the order of their
    names; of all others nothing is read. A `start` beyond the end is that of the last page."""
    everything = found_files(context)
    found = _matching(context, everything, search.casefold().split())
    if start >= len(found):
        start = max(0, len(found) - 1) // limit * limit
    shown = [source_of(context, one) for one in found[start : start + limit]]
    return DocumentPage(
        documents=lines_of(context, shown), start=start, found=len(found), total=len(everything)
    )


def _matching(
    context: Context, everything: Sequence[FoundFile], words: Sequence[str]
) -> Sequence[FoundFile]:
    if not words:
        return everything
    titles = titles_by_name(context)

    def matches(name: str, title: str) -> bool:
        text = f"{name}\n{title}".casefold()
        return all(word in text for word in words)

    possible = [
        one
        for one in everything
        if any(matches(one.name, title) for title in ("", *titles.get(one.name, ())))
    ]
    changed = [
        one
        for one in possible
        if titles.get(one.name) and not matches(one.name, "")
        if len(titles[one.name]) > 1
    ]
    if not changed:
        return possible
    lines = lines_of(context, [source_of(context, one) for one in changed])
    gone = {line.name for line in lines if not matches(line.name, line.title)}
    return [one for one in possible if one.name not in gone]


def lines_of(context: Context, found: list[Source]) -> tuple[DocumentLine, ...]:
    """These documents as the list shows them; no other is read."""
    known = _read(context, found)
    passages = [
        (chunk, one.document) for one in known.values() if one.document for chunk in one.chunks
    ]
    counts = facts_by_chunk(context, passages)
    rows = rows_by_document(context, [one.document for one in known.values() if one.document])
    return tuple(_line(source, known.get(source.key), counts, rows) for source in found)


def line_of(context: Context, source: Source) -> DocumentLine:
    """One document of the list."""
    return lines_of(context, [source])[0]


def read_line(
    context: Context,
    source: Source,
    document: Document,
    cut: list[Chunk],
    counts: Mapping[str, int],
) -> DocumentLine:
    """The line of a document whose chunks and facts are at hand."""
    rows = rows_by_document(context, [document])
    return _line(source, _Known(document, cut, ""), counts, rows)


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
