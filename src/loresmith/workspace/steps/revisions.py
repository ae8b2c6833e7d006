"""Which correction of each document holds: the latest one made to the file as it is now."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from loresmith.component import content_id
from loresmith.database import transaction
from loresmith.records import DocumentRevision
from loresmith.store.tables import TABLES
from loresmith.workspace.context import Context, remembered

_revisions = TABLES[DocumentRevision]


def revision_id(name: str, source_sha256: str, number: int) -> str:
    """The id of the `number`-th correction, from 1, of the document in a file with this content."""
    return f"{content_id('revision', name, source_sha256)}-{number:06d}"


@remembered
def revision_counts(context: Context) -> Mapping[str, int]:
    """How many corrections there are, by `revision_id` without its number. Reads no text."""
    query = select(_revisions.c.id).where(_revisions.c.project_id == context.project_id)
    counts: dict[str, int] = {}
    with transaction(context.engine) as connection:
        for record_id in connection.scalars(query):
            stem, _, number = record_id.rpartition("-")
            counts[stem] = max(counts.get(stem, 0), int(number))
    return counts


def current_revision_id(context: Context, name: str, source_sha256: str) -> str:
    """The correction that holds for a file; empty where it is read as it stands."""
    stem = content_id("revision", name, source_sha256)
    number = revision_counts(context).get(stem, 0)
    return revision_id(name, source_sha256, number) if number else ""


def all_revision_ids(context: Context, name: str, source_sha256: str) -> list[str]:
    """All corrections made to a file as it is now, oldest first."""
    stem = content_id("revision", name, source_sha256)
    count = revision_counts(context).get(stem, 0)
    return [revision_id(name, source_sha256, number) for number in range(1, count + 1)]
