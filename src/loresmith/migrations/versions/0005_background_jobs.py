"""Jobs that outlive whoever submitted them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column(
        "jobs", sa.Column("background", sa.Boolean, nullable=False, server_default=sa.false())
    )
