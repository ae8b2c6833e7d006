"""What a store of records can do; the work steps know nothing more of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TypeVar

from loresmith.records import (
    Chunk,
    Curated,
    Dataset,
    DatasetPart,
    Document,
    DocumentRevision,
    ExamReply,
    Fact,
    FillRound,
    ImportedRow,
    Outcome,
    Rating,
    Regrade,
    Review,
    Run,
    StepLog,
    StoredRecord,
    TagTree,
    Wording,
    WrittenRow,
)

RecordT = TypeVar("RecordT", bound=StoredRecord)

KINDS: tuple[type[StoredRecord], ...] = (
    Document,
    Chunk,
    Fact,
    Wording,
    Outcome,
    StepLog,
    Curated,
    Dataset,
    DatasetPart,
    ExamReply,
    Run,
    Review,
    DocumentRevision,
    Regrade,
    ImportedRow,
    TagTree,
    WrittenRow,
    FillRound,
    Rating,
)
"""What every store keeps; other records travel inside these."""


class Store(ABC):
    """Keeps the records of one project. Safe to use from several threads and processes.

    Every method raises StoreError when the records cannot be read or written, and TypeError for a
    kind of record that is not among `KINDS`.
    """

    @abstractmethod
    def add(self, records: Iterable[StoredRecord]) -> int:
        """Stores all of `records` in one transaction; returns how many were new.

        A record whose id is known is left as it is (ids are content hashes).
        """

    @abstractmethod
    def put(self, record: StoredRecord) -> None:
        """Stores `record`, replacing what stood under its id (and keeping its place in order)."""

    def put_all(self, records: Iterable[StoredRecord]) -> None:
        """`put` for several records; durable stores write them in one transaction."""
        for record in records:
            self.put(record)

    @abstractmethod
    def get(self, kind: type[RecordT], ids: Sequence[str]) -> list[RecordT]:
        """The records with these ids, in the order asked; unknown ids are left out."""

    @abstractmethod
    def all(self, kind: type[RecordT]) -> list[RecordT]:
        """Every record of a kind, reachable today or not, in the order in which they came."""

    def one(self, kind: type[RecordT], record_id: str) -> RecordT | None:
        """The record with this id, or None."""
        found = self.get(kind, [record_id])
        return found[0] if found else None


def storable(kind: type[RecordT]) -> type[RecordT]:
    """`kind` itself; raises TypeError unless a store keeps such records."""
    if kind not in KINDS:
        raise TypeError(f"a store keeps no {kind.__name__}; it keeps {[k.__name__ for k in KINDS]}")
    return kind
