"""What the teacher was asked again about, to fill what no row said."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_COUNT = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "fill_rounds",
        sa.Column("sequence", _COUNT, nullable=False),
        sa.Column("project_id", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_fill_rounds"),
        sa.UniqueConstraint("project_id", "id", name="uq_fill_rounds_project_id_id"),
    )
