"""Records of a project, and the queue of jobs on them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_COUNT = sa.BigInteger().with_variant(sa.Integer, "sqlite")

_RECORDS: dict[str, dict[str, type[sa.String | sa.Integer]]] = {
    "documents": {"name": sa.String, "language": sa.String},
    "chunks": {"document_id": sa.String, "start": sa.Integer},
    "facts": {"document_id": sa.String, "chunk_id": sa.String, "language": sa.String},
    "wordings": {
        "document_id": sa.String,
        "fact_id": sa.String,
        "use": sa.String,
        "kind": sa.String,
    },
    "outcomes": {"step": sa.String},
    "step_logs": {"step": sa.String},
    "curations": {},
    "datasets": {"version": sa.Integer},
    "exam_replies": {},
    "runs": {"dataset_id": sa.String},
}


def upgrade() -> None:
    for name, columns in _RECORDS.items():
        op.create_table(
            name,
            sa.Column("sequence", _COUNT, nullable=False),
            sa.Column("project_id", sa.String, nullable=False),
            sa.Column("id", sa.String, nullable=False),
            *(sa.Column(key, kind, nullable=True) for key, kind in columns.items()),
            sa.Column("body", sa.Text, nullable=False),
            sa.PrimaryKeyConstraint("sequence", name=f"pk_{name}"),
            sa.UniqueConstraint("project_id", "id", name=f"uq_{name}_project_id_id"),
        )
    op.create_table(
        "jobs",
        sa.Column("sequence", _COUNT, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("project_id", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("worker", sa.String, nullable=False),
        sa.Column("lease_until", sa.Float, nullable=False),
        sa.Column("cancel_requested", sa.Boolean, nullable=False),
        sa.Column("progress", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("finished_at", sa.Float, nullable=True),
        sa.PrimaryKeyConstraint("sequence", name="pk_jobs"),
        sa.UniqueConstraint("id", name="uq_jobs_id"),
    )
    op.create_index("ix_jobs_project_id_state", "jobs", ["project_id", "state"])
    op.create_table(
        "attempts",
        sa.Column("job_id", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("worker", sa.String, nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("finished_at", sa.Float, nullable=True),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_attempts"),
    )
