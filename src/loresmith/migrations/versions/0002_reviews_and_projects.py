"""What people decide about rows, documents and marks; rows that they bring; the known projects."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COUNT = sa.BigInteger().with_variant(sa.Integer, "sqlite")

_RECORDS = {
    "reviews": "subject_id",
    "document_revisions": "name",
    "regrades": "run_id",
    "imported_rows": "source",
}


def upgrade() -> None:
    for name, column in _RECORDS.items():
        op.create_table(
            name,
            sa.Column("sequence", _COUNT, nullable=False),
            sa.Column("project_id", sa.String, nullable=False),
            sa.Column("id", sa.String, nullable=False),
            sa.Column(column, sa.String, nullable=True),
            sa.Column("body", sa.Text, nullable=False),
            sa.PrimaryKeyConstraint("sequence", name=f"pk_{name}"),
            sa.UniqueConstraint("project_id", "id", name=f"uq_{name}_project_id_id"),
        )
    op.create_table(
        "projects",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("folder", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("folder", name="uq_projects_folder"),
    )
