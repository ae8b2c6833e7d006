"""The rows of frozen datasets, some hundreds a record; before, one record had them all. And the
titles of documents, apart from their texts; and outcomes are found by their step."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_COUNT = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_ROWS_A_PART = 500


def upgrade() -> None:
    op.create_index("ix_outcomes_step", "outcomes", ["project_id", "step", "sequence"])
    op.create_table(
        "document_titles",
        sa.Column("project_id", sa.String, nullable=False),
        sa.Column("document_id", sa.String, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "document_id", name="pk_document_titles"),
    )
    parts = op.create_table(
        "dataset_parts",
        sa.Column("sequence", _COUNT, nullable=False),
        sa.Column("project_id", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("dataset_id", sa.String, nullable=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_dataset_parts"),
        sa.UniqueConstraint("project_id", "id", name="uq_dataset_parts_project_id_id"),
    )
    datasets = sa.table(
        "datasets", sa.column("sequence"), sa.column("project_id"), sa.column("body")
    )
    connection = op.get_bind()
    places = list(connection.execute(sa.select(datasets.c.sequence, datasets.c.project_id)))
    for sequence, project_id in places:  # one after the other: each may be large
        here = datasets.c.sequence == sequence
        whole = json.loads(connection.scalars(sa.select(datasets.c.body).where(here)).one())
        made = list(_parts(whole))
        for number, part in enumerate(made):
            part_id = f"{whole['id']}-{number}"
            body = {"id": part_id, "dataset_id": whole["id"], **part}
            row = {"project_id": project_id, "id": part_id, "dataset_id": whole["id"]}
            connection.execute(parts.insert(), [{**row, "body": _json(body)}])
        connection.execute(
            sa.update(datasets).where(here).values(body=_json(_head(whole, len(made))))
        )


def _parts(whole: dict[str, Any]) -> Iterator[dict[str, list[Any]]]:
    for name in ("examples", "others"):
        rows = whole.get(name, [])
        for start in range(0, len(rows), _ROWS_A_PART):
            yield {name: rows[start : start + _ROWS_A_PART]}


def _head(whole: dict[str, Any], parts: int) -> dict[str, Any]:
    kept = {name: whole[name] for name in ("id", "version", "withheld")}
    trained = sum(row["split"] == "train" for row in whole["examples"])
    counts = {"rows": trained, "validation_rows": len(whole["examples"]) - trained}
    return {**kept, **counts, "others": len(whole.get("others", [])), "parts": parts}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
