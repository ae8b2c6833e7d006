"""What a judge said of rows; and stars, tags and subjects in the lists, which are built anew."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

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
    "subject": ["subject", "position"],
    "stars": ["stars", "position"],
    "facets": [
        *("use", "kind", "state", "verdict", "reason", "language", "evidence"),
        *("subject", "stars", "tags", "document"),
    ],
}
_WORDS = (
    *("document", "language", "use", "kind", "judgement", "objection", "state", "reason"),
    *("verdict", "reviewed_at", "question_key", "subject", "rating_id"),
)
_TEXTS = (
    *("objection_detail", "detail", "note", "question", "answer", "short_answer", "searched"),
    "tags",
)


def upgrade() -> None:
    op.create_table(
        "ratings",
        sa.Column("sequence", _COUNT, nullable=False),
        sa.Column("project_id", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("subject_id", sa.String, nullable=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_ratings"),
        sa.UniqueConstraint("project_id", "id", name="uq_ratings_project_id_id"),
    )
    op.execute(sa.text("DELETE FROM row_index_states"))
    op.drop_table("row_index")
    op.create_table(
        "row_index",
        sa.Column("project_id", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("position", _COUNT, nullable=False),
        *(sa.Column(n, sa.String, nullable=True) for n in ("fact_id", "document_id", "chunk_id")),
        *(sa.Column(name, sa.String, nullable=False) for name in _WORDS),
        *(sa.Column(name, sa.Text, nullable=False) for name in _TEXTS),
        sa.Column("evidence", sa.Boolean, nullable=False),
        sa.Column("length", sa.Integer, nullable=False),
        sa.Column("stars", sa.Integer, nullable=False),
        sa.Column("rating", sa.Float, nullable=True),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_row_index"),
    )
    for name, columns in _INDEXES.items():
        op.create_index(f"ix_row_index_{name}", "row_index", ["project_id", *columns])
