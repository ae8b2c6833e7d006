"""The versions of a project's dataset as lists show them; no dataset is loaded for that."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import select

from loresmith.database import transaction
from loresmith.errors import NotFound
from loresmith.json_files import read_object
from loresmith.records import Dataset, Record, Run
from loresmith.store.tables import TABLES
from loresmith.workspace.context import Context
from loresmith.workspace.dataset_parts import stored_dataset


class RunOfVersion(Record):
    """A training on a version."""

    id: str
    name: str
    """As the folder of the run is called."""
    base_model: str
    created_at: str
    """ISO 8601, UTC."""


class DatasetVersion(Record):
    """A frozen dataset in figures."""

    id: str
    number: int
    """1 for the first version of the project."""
    created_at: str
    """ISO 8601, UTC; empty where its files are gone."""
    rows: int
    """Rows to train on."""
    validation_rows: int
    facts: int
    """Facts that are trained on."""
    withheld: int
    """Facts that are kept out of training as a control."""
    documents: dict[str, int]
    """Rows to train on by the name of their document or imported file."""
    languages: dict[str, int]
    kinds: dict[str, int]
    dropped: dict[str, int]
    """Rows that were left out, by reason."""
    runs: tuple[RunOfVersion, ...] = ()
    """What was trained on it, oldest first."""


def versions(context: Context) -> tuple[DatasetVersion, ...]:
    """All versions, the newest first."""
    table = TABLES[Dataset]
    query = (
        select(table.c.id, table.c.version)
        .where(table.c.project_id == context.project_id)
        .order_by(table.c.version.desc(), table.c.sequence.desc())
    )
    with transaction(context.engine) as connection:
        found = [(str(row.id), int(row.version)) for row in connection.execute(query)]
    runs = _runs(context)
    return tuple(
        _version(context, dataset_id, number, tuple(runs.get(dataset_id, ())))
        for dataset_id, number in found
    )


def version(context: Context, number: int) -> DatasetVersion:
    """One version; raises NotFound."""
    for found in versions(context):
        if found.number == number:
            return found
    raise NotFound(f"there is no version {number} of the dataset")


def _version(
    context: Context, dataset_id: str, number: int, runs: tuple[RunOfVersion, ...]
) -> DatasetVersion:
    path = context.project.datasets / f"v{number}" / "statistics.json"
    counted = _statistics(context, dataset_id, path)
    return DatasetVersion(
        id=dataset_id,
        number=number,
        created_at=_written_at(path),
        rows=counted["rows"],
        validation_rows=counted["validation_rows"],
        facts=counted["facts"],
        withheld=counted["withheld_facts"],
        documents=counted["documents"],
        languages=counted["languages"],
        kinds=counted["kinds"],
        dropped=counted["dropped"],
        runs=runs,
    )


def _statistics(context: Context, dataset_id: str, path: Path) -> dict[str, Any]:
    """From the version's own file, or counted once and kept where that is gone or another's."""
    cached = context.project.state / "datasets" / f"{dataset_id}.json"
    for source in (path, cached):
        counted = read_object(source)
        if counted.get("id") == dataset_id:
            return counted
    return _counted(context, dataset_id, cached)


def _counted(context: Context, dataset_id: str, cached: Path) -> dict[str, Any]:
    from loresmith.datasets import statistics

    if context.store.one(Dataset, dataset_id) is None:
        raise NotFound("this version of the dataset has just been deleted")
    counted = statistics(stored_dataset(context, dataset_id))
    cached.parent.mkdir(parents=True, exist_ok=True)
    cached.write_text(json.dumps(counted, ensure_ascii=False), encoding="utf-8")
    return counted


def _written_at(path: Path) -> str:
    try:
        moment = path.stat().st_mtime
    except OSError:
        return ""
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="seconds")


def _runs(context: Context) -> dict[str, list[RunOfVersion]]:
    """The runs by the dataset that they were trained on."""
    found: dict[str, list[RunOfVersion]] = {}
    for run in context.store.all(Run):
        shown = RunOfVersion(
            id=run.id,
            name=Path(run.folder).name,
            base_model=run.base_model,
            created_at=run.created_at,
        )
        found.setdefault(run.dataset_id, []).append(shown)
    return found
