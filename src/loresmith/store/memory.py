"""A store that lives as long as the process, for tests and scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from loresmith.records import StoredRecord
from loresmith.store.base import KINDS, RecordT, Store, storable


class MemoryStore(Store):
    """Keeps records in dictionaries, with the same promises as the durable store."""

    def __init__(self) -> None:
        self._records: dict[type[StoredRecord], dict[str, Any]] = {kind: {} for kind in KINDS}
        self._lock = threading.Lock()

    def add(self, records: Iterable[StoredRecord]) -> int:
        given = [(storable(type(record)), record) for record in records]
        with self._lock:
            before = self._count()
            for kind, record in given:
                self._records[kind].setdefault(record.id, record)
            return self._count() - before

    def put(self, record: StoredRecord) -> None:
        with self._lock:
            self._records[storable(type(record))][record.id] = record

    def get(self, kind: type[RecordT], ids: Sequence[str]) -> list[RecordT]:
        kept = self._records[storable(kind)]
        with self._lock:
            return [kept[record_id] for record_id in ids if record_id in kept]

    def all(self, kind: type[RecordT]) -> list[RecordT]:
        kept = self._records[storable(kind)]
        with self._lock:
            return list(kept.values())

    def _count(self) -> int:
        return sum(len(kept) for kept in self._records.values())
