"""Opens the one database that a project's records and jobs share, at today's schema.

A SQLite file beside the project by default, or PostgreSQL for a team. Every table is declared in
`metadata`, and changes of the schema are Alembic scripts in `migrations/`.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    func,
    inspect,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from loresmith.errors import StoreBusy, StoreError

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_BUSY_SECONDS = 30
"""How long one writer of a SQLite file waits for another."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_version = Table("alembic_version", MetaData(), Column("version_num", String, primary_key=True))

_UPGRADE_LOCK = 7305_2024
"""Names, among PostgreSQL's advisory locks, the one that an upgrade of the schema holds."""


def sqlite_url(path: Path) -> URL:
    """The URL of a SQLite file, which need not exist yet; its path may hold any character."""
    return URL.create("sqlite", database=str(path.absolute()))


def open_database(url: str | URL) -> Engine:
    """An engine on `url`, its schema brought up to date; raises StoreError with a hint.

    On SQLite: WAL mode (readers never wait for a writer, and a killed process leaves no damage)
    and a busy time-out of 30 s. The upgrade is one transaction: it is done wholly or not at all,
    and of several processes that open a new database at once, one does it.
    """
    engine = _engine(_parsed(url))
    try:
        _upgrade(engine)
    except StoreError:
        engine.dispose()
        raise
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction on `engine`; whatever the database refuses is raised as StoreError.

    StoreBusy where another writer held a SQLite file for longer than the busy time-out.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        kind = StoreBusy if reason == "database is locked" else StoreError
        raise kind(
            f"the database {_shown(engine.url)} cannot be used: {reason}",
            hint="What was stored before is kept. " + _advice(engine.url),
        ) from error


def _parsed(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or "@" in (parsed.host or ""):
        # The text is not shown, even in part: it may hold a password.
        raise StoreError(
            "the database URL cannot be read",
            hint="It looks like sqlite:///folder/file.sqlite or "
            "postgresql+psycopg://user:password@host/name; write an @ in a password as %40.",
        ) from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(
            f"records cannot be kept in {parsed.get_backend_name()}",
            hint="Use SQLite (the default) or PostgreSQL.",
        )
    return parsed


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        _make_folder(url)
        engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return create_engine(url, pool_pre_ping=True)
    except (ModuleNotFoundError, SQLAlchemyError) as error:
        raise StoreError(
            f"there is no driver for {url.drivername}: {error}",
            hint="pip install 'psycopg[binary]', and let the URL begin with postgresql+psycopg://",
        ) from error


def _make_folder(url: URL) -> None:
    try:
        Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the folder of the database {_shown(url)} cannot be made: {error.strerror}",
            hint=_advice(url),
        ) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Takes the transactions from Python's driver, which lets each CREATE TABLE commit alone."""
    connection.isolation_level = None
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")


def _use_wal(connection: Any) -> None:
    """Turns a new file to WAL mode, which it keeps.

    Of several processes that try at once SQLite refuses all but one without the wait that its
    time-out asks for, since each holds what the other needs: so the waiting is done here.
    """
    if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
        return
    end = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
        time.sleep(random.uniform(0.005, 0.05))


def _begin_sqlite(connection: Connection) -> None:
    kind = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {kind}")


def _upgrade(engine: Engine) -> None:
    known = _known_revisions()
    with transaction(engine) as connection:
        stored = inspect(connection).has_table(_version.name)
        revisions = list(connection.scalars(select(_version))) if stored else []
    if revisions == known[-1:]:
        return  # the usual case, and alembic takes a third of a second to import
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    if not set(known).issuperset(revisions):
        raise StoreError(
            f"the database {_shown(engine.url)} was written by a newer version of Loresmith",
            hint="pip install --upgrade loresmith",
        )
    with transaction(engine.execution_options(sqlite_begin="IMMEDIATE")) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _known_revisions() -> list[str]:
    """The revisions that there are scripts for, oldest first: their files are named after them."""
    names = sorted(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
    return [name.partition("_")[0] for name in names]


def _shown(url: URL) -> str:
    """The file, or the server's address without its password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.set(query={}).render_as_string(hide_password=True)


def _advice(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return (
            "Check that the disk has room and that you may write there. A damaged file can be "
            "moved away and is built anew; replies that were paid for are kept in their own file."
        )
    return "Check that the server is reachable and that the user may create and write tables."
