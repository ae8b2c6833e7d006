"""The rows of a project as lists show them: filtered, searched, sorted and paged by the database."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COUNT = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "row_index",
        sa.Column("project_id", sa.String, nullable=False),
        sa.Column("position", _COUNT, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("fact_id", sa.String, nullable=True),
        sa.Column("document_id", sa.String, nullable=True),
        sa.Column("chunk_id", sa.String, nullable=True),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("use", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("verdict", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("searched", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_row_index"),
    )
    op.create_index("ix_row_index_position", "row_index", ["project_id", "position"])
    for column in ("document_id", "verdict", "reason", "use"):
        op.create_index(f"ix_row_index_{column}", "row_index", ["project_id", column, "position"])
