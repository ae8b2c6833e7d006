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
_row_index = table("row_index", column("project_id"), column("document_id"), column("document"))


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
    query = select(_facts.c.id, _facts.c.chunk_id).where(_facts.c.project_id == context.project_id)
    asked = [query]
    if len(written) <= _FEW:  # each is looked up, else all are read
        ids = sorted(written)
        parts = (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
        asked = [query.where(_facts.c.id.in_(part)) for part in parts]
    with transaction(context.engine) as connection:
        rows = [row for one in asked for row in connection.execute(one)]
    return Counter(row.chunk_id for row in rows if row.id in written)


_FEW = 10_000
_AT_ONCE = 500


def rows_by_document(
    context: Context, documents: Sequence[Document] | None = None
) -> Mapping[str, int]:
    """How many rows the list of questions holds of each document, or of each of these, by the
    document's id."""
    query = (
        select(_row_index.c.document_id, func.count().label("rows"))
        .where(_row_index.c.project_id == context.project_id)
        .group_by(_row_index.c.document_id)
    )
    if documents is not None:  # the list is in the order of their names
        query = query.where(_row_index.c.document.in_([one.name for one in documents]))
    with transaction(context.engine) as connection:
        return {row.document_id: row.rows for row in connection.execute(query)}
