"""Tells in a few milliseconds whether anything has changed that today's rows follow from."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from loresmith.component import content_id
from loresmith.database import transaction
from loresmith.errors import DocumentError
from loresmith.records import (
    Chunk,
    Curated,
    Document,
    DocumentRevision,
    Fact,
    ImportedRow,
    Rating,
    StoredRecord,
    Wording,
    WrittenRow,
)
from loresmith.store.tables import TABLES
from loresmith.workspace.context import Context
from loresmith.workspace.imported_rows import live_imports

_KINDS: tuple[type[StoredRecord], ...] = (
    Document,
    DocumentRevision,
    Chunk,
    Fact,
    Wording,
    Curated,
    ImportedRow,
    WrittenRow,
    Rating,
)


def stamp_of(context: Context) -> str:
    """Equal as long as files, settings and records are; reviews are not part of it."""
    recipe = context.recipe
    settings = (recipe.documents, recipe.chunking, recipe.teacher)
    more_settings = (recipe.generation, recipe.curation)
    with transaction(context.engine) as connection:
        records = [_last(connection, kind, context.project_id) for kind in _KINDS]
    return content_id(
        "rows 5",
        [one.fingerprint() for one in (*settings, *more_settings)],
        _files(context),
        live_imports(context),
        records,
    )


def written_rows(context: Context) -> int:
    """How many rows are stored, whether they are of today or not."""
    total = 0
    with transaction(context.engine) as connection:
        for kind in (Fact, Wording, WrittenRow, ImportedRow):
            table = TABLES[kind]
            query = select(func.count()).where(table.c.project_id == context.project_id)
            total += connection.scalar(query) or 0
    return total


def _last(connection: Connection, kind: type[StoredRecord], project_id: str) -> int:
    """The sequence number of the newest record of a kind.

    Nearly always that is the newest of the table, which is found at once; to look for the
    project's own, SQLite would sort them all.
    """
    table = TABLES[kind]
    newest = select(table.c.sequence, table.c.project_id).order_by(table.c.sequence.desc()).limit(1)
    found = connection.execute(newest).first()
    if found is None or found.project_id == project_id:
        return int(found.sequence) if found is not None else 0
    query = select(func.max(table.c.sequence)).where(table.c.project_id == project_id)
    return int(connection.scalar(query) or 0)


def _files(context: Context) -> list[list[str | int]]:
    try:
        listing = context.recipe.documents.listing(context.project.folder)
    except DocumentError:
        return []
    return [[*look] for look in listing.looks()]
