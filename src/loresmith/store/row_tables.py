"""The tables of the row index: the rows of today, their passages, and what they were built from."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text

from loresmith.database import metadata

_COUNT = BigInteger().with_variant(Integer, "sqlite")
FACETS = (
    *("use", "kind", "state", "verdict", "reason", "language", "evidence"),
    *("subject", "stars", "tags", "document"),
)
"""The columns of `row_index` by which rows are counted for a filter. That of most values is last:
the index which counts all others together is read in its order."""

ROWS = Table(
    "row_index",
    metadata,
    Column("project_id", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("position", _COUNT, nullable=False),
    Column("fact_id", String, nullable=True),
    Column("document_id", String, nullable=True),
    Column("chunk_id", String, nullable=True),
    Column("document", String, nullable=False),
    Column("language", String, nullable=False),
    Column("use", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("evidence", Boolean, nullable=False),
    Column("judgement", String, nullable=False),
    Column("objection", String, nullable=False),
    Column("objection_detail", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("verdict", String, nullable=False),
    Column("reviewed_at", String, nullable=False),
    Column("note", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("short_answer", Text, nullable=False),
    Column("question_key", String, nullable=False),
    Column("length", Integer, nullable=False),
    Column("searched", Text, nullable=False),
    Column("subject", String, nullable=False),
    Column("stars", Integer, nullable=False),
    Column("tags", Text, nullable=False),
    Column("rating", Float, nullable=True),
    Column("rating_id", String, nullable=False),
    Index("ix_row_index_position", "project_id", "position"),
    Index("ix_row_index_fact", "project_id", "fact_id"),
    Index("ix_row_index_passage", "project_id", "chunk_id", "state"),
    Index("ix_row_index_question", "project_id", "question_key", "position"),
    Index("ix_row_index_length", "project_id", "length", "position"),
    Index("ix_row_index_reviewed", "project_id", "reviewed_at", "position"),
    Index("ix_row_index_document", "project_id", "document", "position"),
    Index("ix_row_index_reason", "project_id", "reason", "position"),
    Index("ix_row_index_verdict", "project_id", "verdict", "position"),
    Index("ix_row_index_subject", "project_id", "subject", "position"),
    Index("ix_row_index_stars", "project_id", "stars", "position"),
    Index("ix_row_index_facets", "project_id", *FACETS),
)

PASSAGES = Table(
    "row_passages",
    metadata,
    Column("project_id", String, primary_key=True),
    Column("chunk_id", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("document_id", String, nullable=False),
    Column("document", String, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Index("ix_row_passages_document", "project_id", "document", "position"),
)

STATES = Table(
    "row_index_states",
    metadata,
    Column("project_id", String, primary_key=True),
    Column("stamp", String, nullable=False),
    Column("curation", String, nullable=False),
    Column("reviews", _COUNT, nullable=False),
)
