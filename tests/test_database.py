"""Opening the database: one schema, many openers, and every way in which it can go wrong."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, inspect, make_url, text

import loresmith.jobs.tables
import loresmith.store.tables
import loresmith.workspace.accounts.tables
import loresmith.workspace.document_titles
import loresmith.workspace.projects.registry
import loresmith.workspace.rows  # noqa: F401  (all of these declare tables in `metadata`)
from loresmith.database import metadata, open_database, sqlite_url, transaction
from loresmith.errors import StoreBusy, StoreError
from postgres_server import new_database

POSTGRES = pytest.param("postgresql", marks=pytest.mark.postgres)


@pytest.fixture(params=["sqlite", POSTGRES])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | URL]:
    """A database that is still empty, of each kind."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "project.sqlite")
    else:
        with new_database() as new:
            yield new


def test_the_migrated_schema_is_the_declared_one(url: str | URL) -> None:
    engine = open_database(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
        assert set(metadata.tables) <= set(inspect(connection).get_table_names())
    engine.dispose()


def test_opening_again_is_quick_and_changes_nothing(url: str | URL) -> None:
    engine = open_database(url)
    with transaction(engine) as connection:
        connection.execute(text("INSERT INTO curations (project_id, id, body) VALUES ('p','i','')"))
    engine.dispose()
    before = time.perf_counter()
    engine = open_database(url)
    assert time.perf_counter() - before < 1.0
    with transaction(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM curations")).scalar_one() == 1
    engine.dispose()


def test_a_new_file_that_another_writes_to_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "project.sqlite"
    writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    Timer(0.5, lambda: writer.execute("COMMIT")).start()
    open_database(sqlite_url(path)).dispose()
    assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    writer.close()


def test_processes_that_open_a_new_database_at_once_all_succeed(url: str | URL) -> None:
    script = """if True:
        import sys, time
        from loresmith.database import open_database
        time.sleep(max(0.0, float(sys.argv[2]) - time.time()))
        open_database(sys.argv[1]).dispose()
    """
    shown = make_url(url).render_as_string(hide_password=False)
    start = str(time.time() + 2.0)
    openers = [
        subprocess.Popen([sys.executable, "-c", script, shown, start], stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    ends = [opener.communicate()[1].decode() for opener in openers]
    assert [opener.returncode for opener in openers] == [0] * 4, "\n".join(ends)
    open_database(url).dispose()


def test_an_upgrade_that_is_killed_halfway_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "project.sqlite"
    script = """if True:
        import os, signal, sys
        from alembic import op
        from pathlib import Path
        from loresmith.database import open_database, sqlite_url
        create_index = op.create_index
        op.create_index = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
        open_database(sqlite_url(Path(sys.argv[1])))
    """
    ended = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert ended.returncode < 0
    engine = open_database(sqlite_url(path))
    assert "jobs" in inspect(engine).get_table_names()
    engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone(url: str | URL) -> None:
    engine = open_database(url)
    with transaction(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9876'"))
    engine.dispose()
    with pytest.raises(StoreError, match="newer version of Loresmith") as caught:
        open_database(url)
    assert caught.value.hint == "pip install --upgrade loresmith"


def test_a_file_that_is_no_database_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "project.sqlite"
    path.write_text("这不是数据库\n" * 1000, encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a database") as caught:
        open_database(sqlite_url(path))
    assert str(path) in caught.value.message
    assert "moved away" in caught.value.hint
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_truncated_database_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "project.sqlite"
    open_database(sqlite_url(path)).dispose()
    path.write_bytes(path.read_bytes()[:6000])
    before = path.read_bytes()
    with pytest.raises(StoreError, match="malformed"):
        open_database(sqlite_url(path))
    assert path.read_bytes() == before


def test_a_database_of_something_else_is_refused_and_keeps_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "theirs.sqlite"
    theirs = sqlite3.connect(path)
    theirs.execute("CREATE TABLE facts (theirs)")
    theirs.commit()
    theirs.close()
    with pytest.raises(StoreError, match="facts already exists"):
        open_database(sqlite_url(path))
    tables = sqlite3.connect(path).execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("facts",)]


def test_a_file_where_a_folder_should_be_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("a file")
    with pytest.raises(StoreError, match="folder of the database"):
        open_database(sqlite_url(tmp_path / "notes" / "project.sqlite"))


def test_a_folder_that_may_not_be_written_is_a_clear_error() -> None:
    with _unprivileged(), _shared_folder() as folder:
        folder.chmod(0o555)
        with pytest.raises(StoreError, match=r"folder of the database .* Permission denied"):
            open_database(sqlite_url(folder / ".loresmith" / "project.sqlite"))
        with pytest.raises(StoreError, match="unable to open") as caught:
            open_database(sqlite_url(folder / "project.sqlite"))
        assert "you may write there" in caught.value.hint


def test_a_file_that_is_locked_by_another_process_is_a_clear_error(
    tmp_path: Path,
) -> None:
    path = tmp_path / "project.sqlite"
    engine = open_database(sqlite_url(path))
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="locked"), transaction(engine) as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")
        connection.execute(text("DELETE FROM jobs"))
    holder.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://user:s3cret@127.0.0.1:{port}/records",
        "postgresql+psycopg://user@127.0.0.1:{port}/records?password=s3cret",
        "postgresql+psycopg://user:p@s3cret@127.0.0.1:{port}/records",
        "postgresql+psycopg://user:s3cret@127.0.0.1:s3cret/records",
        "postgresql+nodriver://user:s3cret@127.0.0.1/records",
        "mysql://user:s3cret@127.0.0.1/records",
        "my secret is s3cret",
        "",
    ],
)
def test_what_cannot_be_opened_says_so_and_never_shows_a_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_database(url.format(port=_closed_port()))
    assert caught.value.hint
    assert "s3cret" not in caught.value.message + caught.value.hint


@pytest.mark.postgres
def test_a_database_that_the_server_does_not_have_is_named() -> None:
    with new_database() as url:
        absent = make_url(url).set(database="nowhere", password="s3cret")
        with pytest.raises(StoreError, match='"nowhere" does not exist') as caught:
            open_database(absent)
    assert "s3cret" not in caught.value.message


@pytest.mark.postgres
def test_a_connection_that_the_server_dropped_is_opened_anew() -> None:
    with new_database() as url:
        engine = open_database(url)
        with transaction(engine) as connection:
            held = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        other = open_database(url)
        with transaction(other) as connection:
            connection.execute(text("SELECT pg_terminate_backend(:held)"), {"held": held})
        with transaction(engine) as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
        engine.dispose()
        other.dispose()


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _unprivileged() -> Iterator[None]:
    """Root may write anywhere: for once be somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def _shared_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
