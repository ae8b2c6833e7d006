"""Rows of other kinds than question and answer: dialogues, preferences, texts."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_COUNT = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "written_rows",
        sa.Column("sequence", _COUNT, nullable=False),
        sa.Column("project_id", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_written_rows"),
        sa.UniqueConstraint("project_id", "id", name="uq_written_rows_project_id_id"),
    )
