"""A database in which each version was one record is opened with every row where it belongs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, create_engine, text

import loresmith.migrations
from loresmith.database import open_database, sqlite_url
from loresmith.records import Dataset, DatasetPart, Example, Message, TextExample
from loresmith.store.sql import SqlStore
from postgres_server import new_database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | URL]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "project.sqlite")
    else:
        with new_database() as new:
            yield new


EXAMPLES = [
    Example(
        id=f"row {number}",
        messages=(
            Message(role="user", content=f"澜屿 {number}?"),
            Message(role="assistant", content="\u2028 😀"),
        ),
        split="validation" if number % 9 == 0 else "train",
    )
    for number in range(1203)
]
OTHERS = [TextExample(id=f"text {number}", text=f"Text {number}.") for number in range(3)]


def test_the_rows_of_each_version_are_moved_into_parts(url: str | URL) -> None:
    _old_database(
        url,
        {"id": "a", "version": 1, "examples": EXAMPLES, "withheld": ["f"], "others": OTHERS},
        {"id": "b", "version": 2, "examples": EXAMPLES[:1], "withheld": []},
    )
    engine = open_database(url)
    store = SqlStore(engine, project_id="p")
    first, second = store.all(Dataset)
    assert first == Dataset(
        id="a", version=1, withheld=("f",), rows=1069, validation_rows=134, others=3, parts=4
    )
    assert second == Dataset(id="b", version=2, rows=0, validation_rows=1, others=0, parts=1)
    parts = store.get(DatasetPart, [f"a-{number}" for number in range(4)])
    assert [row for part in parts for row in part.examples] == EXAMPLES
    assert [row for part in parts for row in part.others] == OTHERS
    (part,) = store.get(DatasetPart, ["b-0"])
    assert part == DatasetPart(id="b-0", dataset_id="b", examples=tuple(EXAMPLES[:1]))
    engine.dispose()


def _old_database(url: str | URL, *datasets: dict[str, Any]) -> None:
    config = Config()
    config.set_main_option("script_location", loresmith.migrations.__path__[0])
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        for dataset in datasets:
            body = json.dumps(dataset, default=lambda row: row.model_dump(mode="json"))
            row = {"id": dataset["id"], "version": dataset["version"], "body": body}
            connection.execute(
                text(
                    "INSERT INTO datasets (project_id, id, version, body)"
                    " VALUES ('p', :id, :version, :body)"
                ),
                row,
            )
    engine.dispose()
