"""Which passages have facts, counted without reading a single row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import column, func, select, table

from loresmith.database import transaction
from loresmith.records import Chunk, Document, Fact, Outcome
from loresmith.store.tables import TABLES
from loresmith.workspace.context import Context
from loresmith.workspace.writing import opening_task

_facts = TABLES[Fact]
_row_index = table("row_index", column("project_id"), column("document_id"))


def facts_by_chunk(
    context: Context, passages: Sequence[tuple[Chunk, Document]]
) -> Mapping[str, int]:
    """How many facts today's recipe has had written about each of these passages."""
    keys = [opening_task(context, chunk, document).key for chunk, document in passages]
    written = {
        record_id
        for outcome in context.store.get(Outcome, keys)
        if not outcome.failure
        for record_id in outcome.made
    }
    if not written:
        return {}
    documents = {document.id for _, document in passages}
    query = select(_facts.c.id, _facts.c.chunk_id).where(_facts.c.project_id == context.project_id)
    if len(documents) == 1:
        query = query.where(_facts.c.document_id.in_(documents))
    with transaction(context.engine) as connection:
        rows = connection.execute(query).all()
    return Counter(row.chunk_id for row in rows if row.id in written)


def rows_by_document(context: Context) -> Mapping[str, int]:
    """How many rows the list of questions holds of each document, by the document's id."""
    query = (
        select(_row_index.c.document_id, func.count().label("rows"))
        .where(_row_index.c.project_id == context.project_id)
        .group_by(_row_index.c.document_id)
    )
    with transaction(context.engine) as connection:
        return {row.document_id: row.rows for row in connection.execute(query)}
