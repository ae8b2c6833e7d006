"""The titles of documents, apart from their texts: a search looks through thousands of them.

All that is in the table follows from the documents, and what is missing is filled in by whoever
looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Column, String, Table, Text, select
from sqlalchemy.dialects import postgresql, sqlite

from loresmith.database import metadata, transaction
from loresmith.records import Document
from loresmith.store.tables import TABLES
from loresmith.workspace.context import Context

TITLES = Table(
    "document_titles",
    metadata,
    Column("project_id", String, primary_key=True),
    Column("document_id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
)
_documents = TABLES[Document]
_AT_ONCE = 200


def titles_by_name(context: Context) -> Mapping[str, set[str]]:
    """The titles that documents of a name have, or had before they were changed."""
    fill_titles(context)
    mine = TITLES.c.project_id == context.project_id
    found: dict[str, set[str]] = {}
    with transaction(context.engine) as connection:
        for name, title in connection.execute(select(TITLES.c.name, TITLES.c.title).where(mine)):
            found.setdefault(name, set()).add(title)
    return found


def fill_titles(context: Context) -> None:
    """Adds those of documents that have come since; cheap where there are none."""
    missing = _without_title(context)
    for start in range(0, len(missing), _AT_ONCE):
        some = context.store.get(Document, missing[start : start + _AT_ONCE])
        values = [
            {
                "project_id": context.project_id,
                "document_id": document.id,
                "name": document.name,
                "title": document.title,
            }
            for document in some
        ]
        kind = postgresql if context.engine.dialect.name == "postgresql" else sqlite
        with transaction(context.engine) as connection:
            connection.execute(kind.insert(TITLES).on_conflict_do_nothing(), values)


def _without_title(context: Context) -> Sequence[str]:
    known = select(TITLES.c.document_id).where(
        TITLES.c.project_id == context.project_id, TITLES.c.document_id == _documents.c.id
    )
    query = select(_documents.c.id).where(
        _documents.c.project_id == context.project_id, ~known.exists()
    )
    with transaction(context.engine) as connection:
        return connection.scalars(query).all()
