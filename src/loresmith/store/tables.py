"""The tables of records: the whole record as JSON, beside columns that queries can filter by.

`sequence` is the database's own count, so that the order in which records came does not hang on
a clock. The JSON is plain text: SQLite and PostgreSQL keep it byte for byte.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

from loresmith.database import metadata
from loresmith.records import (
    Chunk,
    Curated,
    Dataset,
    DatasetPart,
    Document,
    DocumentRevision,
    ExamReply,
    Fact,
    FillRound,
    ImportedRow,
    Outcome,
    Rating,
    Regrade,
    Review,
    Run,
    StepLog,
    StoredRecord,
    TagTree,
    Wording,
    WrittenRow,
)

OWN_COLUMNS = frozenset({"sequence", "project_id", "id", "body"})
"""The columns that every table has; the others are fields of its record."""


def _records(table_name: str, /, **columns: type[String | Integer]) -> Table:
    return Table(
        table_name,
        metadata,
        Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("project_id", String, nullable=False),
        Column("id", String, nullable=False),
        *(Column(key, kind, nullable=True) for key, kind in columns.items()),
        Column("body", Text, nullable=False),
        UniqueConstraint("project_id", "id"),
    )


TABLES: dict[type[StoredRecord], Table] = {
    Document: _records("documents", name=String, language=String),
    Chunk: _records("chunks", document_id=String, start=Integer),
    Fact: _records("facts", document_id=String, chunk_id=String, language=String),
    Wording: _records("wordings", document_id=String, fact_id=String, use=String, kind=String),
    Outcome: _records("outcomes", step=String),
    StepLog: _records("step_logs", step=String),
    Curated: _records("curations"),
    Dataset: _records("datasets", version=Integer),
    DatasetPart: _records("dataset_parts", dataset_id=String),
    ExamReply: _records("exam_replies"),
    Run: _records("runs", dataset_id=String),
    Review: _records("reviews", subject_id=String),
    DocumentRevision: _records("document_revisions", name=String),
    Regrade: _records("regrades", run_id=String),
    ImportedRow: _records("imported_rows", source=String),
    TagTree: _records("tag_trees"),
    WrittenRow: _records("written_rows", kind=String),
    FillRound: _records("fill_rounds"),
    Rating: _records("ratings", subject_id=String),
}

_OUTCOMES = TABLES[Outcome]
Index("ix_outcomes_step", _OUTCOMES.c.project_id, _OUTCOMES.c.step, _OUTCOMES.c.sequence)
