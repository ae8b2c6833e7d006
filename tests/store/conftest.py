"""The stores that every contract test runs over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from loresmith.database import open_database, sqlite_url
from loresmith.store import MemoryStore, Store
from loresmith.store.sql import SqlStore
from postgres_server import new_database

POSTGRES = pytest.param("postgresql", marks=pytest.mark.postgres)


@pytest.fixture(params=["sqlite", POSTGRES])
def sql_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    """A durable store on a database of its own."""
    if request.param == "sqlite":
        yield from _opened(sqlite_url(tmp_path / "project.sqlite"))
    else:
        with new_database() as url:
            yield from _opened(url)


@pytest.fixture(params=["memory", "sqlite", POSTGRES])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each kind of store: what holds for one holds for all."""
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "sqlite":
        yield from _opened(sqlite_url(tmp_path / "project.sqlite"))
    else:
        with new_database() as url:
            yield from _opened(url)


def _opened(url: object) -> Iterator[SqlStore]:
    engine = open_database(url)  # type: ignore[arg-type]
    yield SqlStore(engine, project_id="project")
    engine.dispose()
