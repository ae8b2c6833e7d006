"""What only the durable store can promise: projects apart, processes, full disks, damage."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import event, text

from loresmith.database import open_database, sqlite_url
from loresmith.errors import StoreError
from loresmith.records import Chunk, Outcome
from loresmith.store.base import KINDS
from loresmith.store.sql import SqlStore
from loresmith.store.tables import OWN_COLUMNS, TABLES


def chunk(number: int, text: str = "渔港") -> Chunk:
    return Chunk(id=f"c{number}", document_id="d", index=number, start=3, end=5, text=text)


def test_there_is_a_table_for_every_kind_and_its_columns_are_fields() -> None:
    assert tuple(TABLES) == KINDS
    for kind, table in TABLES.items():
        assert {c.name for c in table.columns} - OWN_COLUMNS <= set(kind.model_fields)


def test_projects_in_one_database_do_not_see_each_other(sql_store: SqlStore) -> None:
    other = SqlStore(sql_store._engine, project_id="另一个项目")
    sql_store.add([chunk(1)])
    assert other.all(Chunk) == []
    assert other.add([chunk(1, "its own")]) == 1
    other.put(Outcome(id="o", step="s", subject="x"))
    assert sql_store.all(Chunk) == [chunk(1)]
    assert sql_store.all(Outcome) == []


def test_the_columns_can_be_queried(sql_store: SqlStore) -> None:
    sql_store.add([chunk(1)])
    with sql_store._engine.connect() as connection:
        row = connection.execute(text('SELECT document_id, "start", body FROM chunks')).one()
    assert (row.document_id, row.start) == ("d", 3)
    assert "渔港" in row.body


def test_an_id_of_any_length_is_stored(sql_store: SqlStore) -> None:
    record = Outcome(id="x" * 300, step="s" * 300, subject="")
    sql_store.add([record])
    assert sql_store.all(Outcome) == [record]


def test_a_record_that_another_version_wrote_is_a_clear_error(sql_store: SqlStore) -> None:
    sql_store.add([chunk(1)])
    with sql_store._engine.begin() as connection:
        connection.execute(text("""UPDATE chunks SET body = '{"id": "c1", "colour": 3}'"""))
    with pytest.raises(StoreError, match="stored Chunk was written by another version") as caught:
        sql_store.all(Chunk)
    assert "replies that were paid for are kept" in caught.value.hint


def test_what_was_added_outlives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "项目 50%? #1" / "project.sqlite"
    script = """if True:
        import os, signal, sys
        from pathlib import Path
        from loresmith.database import open_database, sqlite_url
        from loresmith.records import Chunk
        from loresmith.store.sql import SqlStore
        store = SqlStore(open_database(sqlite_url(Path(sys.argv[1]))), project_id="p")
        for n in range(50):
            store.add([Chunk(id=f"c{n}", document_id="d", index=n, start=0, end=0, text="")])
        os.kill(os.getpid(), signal.SIGKILL)
    """
    ended = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(SqlStore(open_database(sqlite_url(path)), project_id="p").all(Chunk)) == 50


def test_a_full_disk_is_a_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    engine = open_database(sqlite_url(tmp_path / "project.sqlite"))
    store = SqlStore(engine, project_id="p")
    store.add([chunk(1)])
    engine.dispose()

    @event.listens_for(engine, "connect")
    def _small_disk(connection: object, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 60")  # type: ignore[attr-defined]

    with pytest.raises(StoreError, match="full") as caught:
        store.add([chunk(n, "x" * 5000) for n in range(2, 200)])
    assert "the disk has room" in caught.value.hint
    assert str(tmp_path) in caught.value.message
    assert store.all(Chunk) == [chunk(1)]
    store.put(Outcome(id="o", step="s", subject="small things still fit"))


def test_a_database_that_may_only_be_read_is_a_clear_error(tmp_path: Path) -> None:
    engine = open_database(sqlite_url(tmp_path / "project.sqlite"))
    store = SqlStore(engine, project_id="p")
    store.add([chunk(1)])
    engine.dispose()

    @event.listens_for(engine, "connect")
    def _read_only(connection: object, _record: object) -> None:
        connection.execute("PRAGMA query_only = ON")  # type: ignore[attr-defined]

    with pytest.raises(StoreError, match="readonly"):
        store.add([chunk(2)])
    assert store.all(Chunk) == [chunk(1)]


def test_pages_destroyed_inside_the_file_are_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "project.sqlite"
    engine = open_database(sqlite_url(path))
    SqlStore(engine, project_id="p").add(chunk(n, "x" * 3000) for n in range(100))
    engine.dispose()
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(len(content) // 2)
        file.write(b"\xff" * (len(content) // 2))
    store = SqlStore(open_database(sqlite_url(path)), project_id="p")
    with pytest.raises(StoreError, match="malformed") as caught:
        store.all(Chunk)
    assert "moved away" in caught.value.hint
