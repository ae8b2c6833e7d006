"""The durable store: records in SQLite or PostgreSQL through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, Engine, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from loresmith.database import transaction
from loresmith.errors import StoreError
from loresmith.records import StoredRecord
from loresmith.store.base import RecordT, Store, storable
from loresmith.store.tables import OWN_COLUMNS, TABLES

_IDS_AT_ONCE = 500


class SqlStore(Store):
    """The records of one project in the tables that `engine` leads to."""

    def __init__(self, engine: Engine, *, project_id: str) -> None:
        self._engine = engine
        self._project_id = project_id

    def add(self, records: Iterable[StoredRecord]) -> int:
        rows: dict[Table, list[dict[str, object]]] = {}
        for record in records:
            rows.setdefault(_table(type(record)), []).append(self._row(record))
        with transaction(self._engine) as connection:
            self._one_writer(connection)
            return sum(self._insert(connection, table, rows[table]) for table in rows)

    def put(self, record: StoredRecord) -> None:
        self.put_all([record])

    def put_all(self, records: Iterable[StoredRecord]) -> None:
        rows: dict[Table, list[dict[str, object]]] = {}
        for record in records:
            rows.setdefault(_table(type(record)), []).append(self._row(record))
        with transaction(self._engine) as connection:
            if sum(map(len, rows.values())) > 1:
                self._one_writer(connection)
            for table, written in rows.items():
                connection.execute(self._upsert(table), written)

    def get(self, kind: type[RecordT], ids: Sequence[str]) -> list[RecordT]:
        table = _table(kind)
        bodies: dict[str, str] = {}
        with transaction(self._engine) as connection:
            for start in range(0, len(ids), _IDS_AT_ONCE):
                wanted = table.c.id.in_(ids[start : start + _IDS_AT_ONCE])
                query = select(table.c.id, table.c.body).where(self._mine(table), wanted)
                bodies.update((row.id, row.body) for row in connection.execute(query))
        return [_decode(kind, bodies[record_id]) for record_id in ids if record_id in bodies]

    def all(self, kind: type[RecordT]) -> list[RecordT]:
        table = _table(kind)
        query = select(table.c.body).where(self._mine(table)).order_by(table.c.sequence)
        with transaction(self._engine) as connection:
            bodies = connection.scalars(query).all()
        return [_decode(kind, body) for body in bodies]

    def _insert(self, connection: Connection, table: Table, rows: list[dict[str, object]]) -> int:
        insert = self._insert_into(table).on_conflict_do_nothing().returning(table.c.id)
        return len(connection.execute(insert, rows).all())

    def _upsert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        insert = self._insert_into(table)
        kept = ("project_id", "id", "sequence")
        changed = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in kept}
        return insert.on_conflict_do_update(
            index_elements=[table.c.project_id, table.c.id], set_=changed
        )

    def _insert_into(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        if self._engine.dialect.name == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)

    def _one_writer(self, connection: Connection) -> None:
        """Lets writers of a project follow one another on PostgreSQL, as they do on SQLite.

        Two that add the same records in another order would else wait for each other.
        """
        if self._engine.dialect.name == "postgresql":
            key = func.hashtext(self._project_id)
            connection.execute(select(func.pg_advisory_xact_lock(key)))

    def _row(self, record: StoredRecord) -> dict[str, object]:
        table = _table(type(record))
        fields = [column.name for column in table.columns if column.name not in OWN_COLUMNS]
        return {
            "project_id": self._project_id,
            "id": record.id,
            "body": record.model_dump_json(),
            **{name: getattr(record, name) for name in fields},
        }

    def _mine(self, table: Table) -> ColumnElement[bool]:
        return table.c.project_id == self._project_id


def _table(kind: type[StoredRecord]) -> Table:
    return TABLES[storable(kind)]


def _decode(kind: type[RecordT], body: str) -> RecordT:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise StoreError(
            f"a stored {kind.__name__} was written by another version of Loresmith, or is damaged",
            hint="Use the version that wrote it, or move the database away to build the records "
            "anew; replies that were paid for are kept in their own file.",
        ) from error
