"""The rows of a project as lists show them: filtered, searched, sorted and paged by the database;
and who reviewed them at which stroke."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COUNT = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_INDEXES = {
    "position": ["position"],
    "fact": ["fact_id"],
    "passage": ["chunk_id", "state"],
    "question": ["question_key", "position"],
    "length": ["length", "position"],
    "reviewed": ["reviewed_at", "position"],
    "document": ["document", "position"],
    "reason": ["reason", "position"],
    "verdict": ["verdict", "position"],
    "facets": [
        *("document", "use", "kind", "state", "verdict", "reason", "language", "evidence"),
    ],
}


def upgrade() -> None:
    op.create_table(
        "row_index",
        sa.Column("project_id", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("position", _COUNT, nullable=False),
        sa.Column("fact_id", sa.String, nullable=True),
        sa.Column("document_id", sa.String, nullable=True),
        sa.Column("chunk_id", sa.String, nullable=True),
        sa.Column("document", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("use", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("evidence", sa.Boolean, nullable=False),
        sa.Column("judgement", sa.String, nullable=False),
        sa.Column("objection", sa.String, nullable=False),
        sa.Column("objection_detail", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("verdict", sa.String, nullable=False),
        sa.Column("reviewed_at", sa.String, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("short_answer", sa.Text, nullable=False),
        sa.Column("question_key", sa.String, nullable=False),
        sa.Column("length", sa.Integer, nullable=False),
        sa.Column("searched", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_row_index"),
    )
    for name, columns in _INDEXES.items():
        op.create_index(f"ix_row_index_{name}", "row_index", ["project_id", *columns])
    op.create_table(
        "row_passages",
        sa.Column("project_id", sa.String, nullable=False),
        sa.Column("chunk_id", sa.String, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("document_id", sa.String, nullable=False),
        sa.Column("document", sa.String, nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "chunk_id", name="pk_row_passages"),
    )
    op.create_index(
        "ix_row_passages_document", "row_passages", ["project_id", "document", "position"]
    )
    op.create_table(
        "row_index_states",
        sa.Column("project_id", sa.String, nullable=False),
        sa.Column("stamp", sa.String, nullable=False),
        sa.Column("curation", sa.String, nullable=False),
        sa.Column("reviews", _COUNT, nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_row_index_states"),
    )
    op.create_table(
        "review_acts",
        sa.Column("sequence", _COUNT, nullable=False),
        sa.Column("project_id", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("undone", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_review_acts"),
    )
    op.create_index("ix_review_acts_author", "review_acts", ["project_id", "author", "sequence"])
    op.create_index("ix_reviews_subject_id", "reviews", ["project_id", "subject_id"])
