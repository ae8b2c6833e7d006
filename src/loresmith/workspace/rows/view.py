"""Puts together what a reviewer sees of one row."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from loresmith.curation import Claim, Kept, Source
from loresmith.curation.curation import with_evidence
from loresmith.curation.reviewing import reviewed_fact
from loresmith.records import (
    Chunk,
    Document,
    Fact,
    ImportedRow,
    Rating,
    Review,
    Span,
    Wording,
    WrittenRow,
)
from loresmith.store.review_log import ReviewLog
from loresmith.store.row_index import IndexedRow, RowIndex
from loresmith.workspace.context import Context
from loresmith.workspace.places import places_of
from loresmith.workspace.report.passages import Block, marked_blocks
from loresmith.workspace.reviews import latest
from loresmith.workspace.rows.conversations import LISTED, shown_written
from loresmith.workspace.rows.figures import answer_parts
from loresmith.workspace.rows.model import (
    AnswerPart,
    AsWritten,
    JudgedRating,
    RowView,
    SourceText,
    version_of,
)


def view_of(context: Context, index: RowIndex, connection: Connection, row: IndexedRow) -> RowView:
    """One row with its source, its siblings and its history."""
    family = index.families(connection, [row.fact_id]) if row.fact_id else []
    log = ReviewLog(connection, project_id=context.project_id)
    history = log.history([row.id, row.fact_id or row.id])
    record = _record(context, row)
    shown = _Shown(None, ())
    if isinstance(record, WrittenRow):
        shown = _beside_conversation(context, record)
    elif not isinstance(record, ImportedRow):
        shown = _shown(
            context, row, record, latest(history.get(row.fact_id or "", ())).get(row.fact_id or "")
        )
    return RowView(
        row=row,
        as_written=_as_written(record),
        fact_question=next((one.question for one in family if one.id == one.fact_id), ""),
        source=shown.source,
        answer_parts=shown.parts or (AnswerPart(text=row.answer),),
        model="" if isinstance(record, ImportedRow) else record.model,
        prompt_version="" if isinstance(record, ImportedRow) else record.prompt_version,
        rating=_rating(context, row),
        siblings=tuple(one for one in family if one.id != row.id),
        history=tuple(history.get(row.id, ())),
        version=version_of(row),
    )


def _rating(context: Context, row: IndexedRow) -> JudgedRating | None:
    found = context.store.one(Rating, row.rating_id) if row.rating_id else None
    if found is None or row.rating is None:
        return None
    return JudgedRating(overall=row.rating, scores=found.scores, model=found.model)


class _Shown(NamedTuple):
    source: SourceText | None
    parts: tuple[AnswerPart, ...]


def _record(context: Context, row: IndexedRow) -> Fact | Wording | WrittenRow | ImportedRow:
    store = context.store
    record: Fact | Wording | WrittenRow | ImportedRow | None
    if row.kind in LISTED:
        record = store.one(WrittenRow, row.id)
    elif row.kind == "imported":
        record = store.one(ImportedRow, row.id)
    elif row.kind == "pair":
        record = store.one(Fact, row.id)
    else:
        record = store.one(Wording, row.id)
    assert record is not None  # the index holds only rows of stored records
    return record


def _shown(
    context: Context, row: IndexedRow, record: Fact | Wording, fact_review: Review | None
) -> _Shown:
    (chunk,) = context.store.get(Chunk, [record.chunk_id])
    (document,) = context.store.get(Document, [record.document_id])
    source = Source(document, chunk)
    fact = context.store.one(Fact, row.fact_id) if row.fact_id else None
    if fact is not None:
        fact = with_evidence(reviewed_fact(fact, fact_review), source)
    parts = tuple(answer_parts(_claim(row, fact, source))) if fact is not None else ()
    return _Shown(_source_text(source, fact.evidence if fact is not None else ()), parts)


def _beside_conversation(context: Context, record: WrittenRow) -> _Shown:
    """The first passage of a conversation, with the evidence of its facts there; facts of other
    passages are quoted."""
    chunks = context.store.get(Chunk, record.chunk_ids)
    if not chunks:
        return _Shown(None, ())
    ids = sorted({chunk.document_id for chunk in chunks})
    documents = {one.id: one for one in context.store.get(Document, ids)}
    sources = {chunk.id: Source(documents[chunk.document_id], chunk) for chunk in chunks}
    facts = context.store.get(Fact, record.fact_ids)
    first = sources[record.chunk_ids[0]]
    spans = [
        span
        for fact in facts
        if fact.chunk_id in sources
        for span in with_evidence(fact, sources[fact.chunk_id]).evidence
    ]
    here = [span for span in spans if span.document_id == first.document.id]
    quoted = [
        f"{documents[fact.document_id].name}: {quote}"
        for fact in facts
        if fact.document_id != first.document.id
        for quote in fact.quotes
    ]
    shown = _source_text(first, tuple(dict.fromkeys(here)))
    added = {
        "elsewhere": (*shown.elsewhere, *quoted),
        "places": places_of(spans, documents),
    }
    return _Shown(shown.model_copy(update=added), ())


def _source_text(source: Source, evidence: tuple[Span, ...]) -> SourceText:
    document, chunk = source.document, source.chunk
    return SourceText(
        document=document.name,
        document_id=document.id,
        start=chunk.start,
        end=chunk.end,
        context=chunk.context,
        text=chunk.text,
        evidence=evidence,
        elsewhere=tuple(
            document.text[span.start : span.end]
            for span in evidence
            if span.end <= chunk.start or span.start >= chunk.end
        ),
        sections=document.sections_of(chunk.start, chunk.end),
        places=places_of(evidence, {document.id: document}),
    )


def source_blocks(source: SourceText) -> tuple[Block, ...]:
    """The passage as running text and tables, with the evidence marked."""
    length = len(source.text)
    spans = (
        (min(max(span.start - source.start, 0), length), min(span.end - source.start, length))
        for span in source.evidence
    )
    return marked_blocks(source.text, spans)


def _claim(row: IndexedRow, fact: Fact, source: Source) -> Claim:
    return Claim(
        id=row.id,
        question=row.question,
        answer=row.answer,
        short_answer=row.short_answer,
        kind="pair",  # so that no figure counts as found because the fact says it too
        language=row.language,
        source=source,
        fact=fact,
        earlier=Kept(),
    )


def _as_written(record: Fact | Wording | WrittenRow | ImportedRow) -> AsWritten:
    if isinstance(record, WrittenRow):
        shown = shown_written(record)
        return AsWritten(question=shown.question, answer=shown.answer, short_answer="")
    if isinstance(record, ImportedRow):
        question, answer = (message.content for message in record.messages[-2:])
        return AsWritten(question=question, answer=answer, short_answer="")
    return AsWritten(
        question=record.question, answer=record.answer, short_answer=record.short_answer
    )
