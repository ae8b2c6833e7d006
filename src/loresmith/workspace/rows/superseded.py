"""Rows about a text that its document does not have any more: shown as stale, never lost.

Where a passage was corrected (or its file replaced), the teacher is asked about the new text. What
was written about the old one stays in the list, apart: nobody's rows vanish without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select

from loresmith.curation import Source
from loresmith.curation.filters.evidence import find_evidence
from loresmith.database import transaction
from loresmith.records import Chunk, Document, Fact, Wording
from loresmith.store.row_index import Judgement
from loresmith.store.tables import TABLES
from loresmith.workspace.context import Context
from loresmith.workspace.rows.standing import place_in_family
from loresmith.workspace.writing import made, tasks_for

EVIDENCE_GONE = "evidence_gone"
"""The quotations of a fact are not in the text of today."""
PASSAGE_CHANGED = "passage_changed"
"""They are, but in a passage that reads otherwise: the teacher is asked about that one anew."""


class Superseded(NamedTuple):
    """A fact of an earlier text with its wordings, or an abstention, and what is said of it."""

    records: tuple[Fact | Wording, ...]
    said: Judgement


def superseded(
    context: Context, today: Iterable[Document], written: Iterable[Fact | Wording]
) -> Mapping[str, list[Superseded]]:
    """What today's recipe has had written about earlier texts of `today`'s documents, by the name
    of the document. What was taken over into `written`, the facts and abstentions of today, is
    left out."""
    now = {document.name: document for document in today}
    earlier = _earlier(context, now)
    if not earlier:
        return {}
    names = {document.id: document.name for document in now.values()}
    known = {_content(names[one.document_id], one) for one in written}
    found: dict[str, list[Superseded]] = {}
    for document in earlier:
        for records in _families(context, document):
            content = _content(document.name, records[0])
            if content not in known:
                known.add(content)
                said = _said(records[0], now[document.name])
                found.setdefault(document.name, []).append(Superseded(records, said))
    return found


def _earlier(context: Context, now: Mapping[str, Document]) -> list[Document]:
    """The documents of today's names that are not today's and have facts, the newest first."""
    table = TABLES[Document]
    mine = table.c.project_id == context.project_id
    query = select(table.c.id, table.c.name).where(mine).order_by(table.c.sequence.desc())
    with transaction(context.engine) as connection:
        stored = connection.execute(query).all()
    today = {document.id for document in now.values()}
    older = [one.id for one in stored if one.name in now and one.id not in today]
    asked = _asked_about(context) if older else frozenset()
    by_id = {one.id: one for one in context.store.get(Document, [i for i in older if i in asked])}
    return [by_id[one] for one in older if one in by_id]


def _asked_about(context: Context) -> frozenset[str]:
    """The ids of all documents, of today or not, that have facts."""
    table = TABLES[Fact]
    query = select(table.c.document_id).distinct().where(table.c.project_id == context.project_id)
    with transaction(context.engine) as connection:
        return frozenset(connection.scalars(query))


def _families(context: Context, document: Document) -> Iterator[tuple[Fact | Wording, ...]]:
    """The facts about one document with their wordings, and its abstentions, passage by passage."""
    asked = _chunk_ids(context, document)
    for chunk in sorted(context.store.get(Chunk, asked), key=lambda one: one.start):
        ids = [one for task in tasks_for(context, chunk, document) for one in made(context, task)]
        wordings = context.store.get(Wording, ids)
        for fact in sorted(context.store.get(Fact, ids), key=lambda one: one.index):
            own = [one for one in wordings if one.fact_id == fact.id]
            yield fact, *sorted(own, key=place_in_family)
        yield from ((one,) for one in wordings if one.fact_id is None)


def _said(record: Fact | Wording, today: Document) -> Judgement:
    """Whether the evidence of a fact is still to be found, anywhere in the document."""
    if isinstance(record, Wording):
        return Judgement("stale", PASSAGE_CHANGED)
    whole = Chunk(
        id="", document_id=today.id, index=0, start=0, end=len(today.text), text=today.text
    )
    missing = find_evidence(record, Source(today, whole)).missing
    if missing or not record.quotes:
        return Judgement("stale", EVIDENCE_GONE, " … ".join(missing))
    return Judgement("stale", PASSAGE_CHANGED)


def _content(name: str, record: Fact | Wording) -> tuple[str, str, str]:
    return name, record.question, record.answer


def _chunk_ids(context: Context, document: Document) -> Sequence[str]:
    table = TABLES[Fact]
    query = (
        select(table.c.chunk_id)
        .distinct()
        .where(table.c.project_id == context.project_id, table.c.document_id == document.id)
    )
    with transaction(context.engine) as connection:
        return list(connection.scalars(query))
