"""The queues that every test of jobs runs over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from loresmith.database import open_database, sqlite_url
from loresmith.jobs.queue import Queue
from postgres_server import new_database

NewQueue = Callable[..., Queue]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | URL]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "project.sqlite")
    else:
        with new_database() as new:
            yield new


@pytest.fixture
def new_queue(url: str | URL) -> Iterator[NewQueue]:
    """Makes queues on one database, each with a project and a lease of its own."""
    engine = open_database(url)

    def make(*, project_id: str = "project", lease_seconds: float = 60.0) -> Queue:
        return Queue(engine, project_id=project_id, lease_seconds=lease_seconds)

    yield make
    engine.dispose()


@pytest.fixture
def queue(new_queue: NewQueue) -> Queue:
    """The queue of one project with a long lease."""
    return new_queue()
