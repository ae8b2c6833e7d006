"""Freezes rows one after the other: of any number, what is remembered of each is a few bytes, so
that later ones neither repeat it nor give away what is kept out of training.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from loresmith.datasets.build import FactRows, imported_example
from loresmith.datasets.frozen import ContentHash, FrozenDataset, KeptRows, RowsInMemory
from loresmith.datasets.written_rows import Apart, rows_of
from loresmith.records import (
    Document,
    Drop,
    Example,
    Fact,
    ImportedRow,
    Message,
    TrainingRow,
    WrittenRow,
)


class Freezing:
    """A dataset in the making: facts' rows come first, then rows of other kinds, then imported
    ones. Every row goes to `rows` at once."""

    def __init__(self, facts: FactRows, rows: KeptRows | None = None) -> None:
        self._rows = RowsInMemory() if rows is None else rows
        self._withheld = facts.withheld
        self._hash = ContentHash()
        self._count = 0
        self._said: set[bytes] = set()
        self._asked_of_apart: set[bytes] = set()
        self._facts_apart = set(facts.withheld)
        for example in facts.examples:
            self._keep(example)
            if example.split == "validation" and example.provenance.fact_id is not None:
                self._facts_apart.add(example.provenance.fact_id)

    def take_written(
        self, rows: Iterable[WrittenRow], facts: Iterable[Fact], documents: Iterable[Document]
    ) -> list[Drop]:
        """Takes rows of other kinds, in their order: conversations among the examples, all others
        beside them. Returns what was left out of them (see `written_rows.rows_of`)."""
        apart = Apart.of(frozenset(self._facts_apart), facts)
        drops: list[Drop] = []
        for row in rows_of(rows, apart, documents):
            if isinstance(row, Drop):
                drops.append(row)
            else:
                self._keep(row)
        return drops

    def take_imported(self, rows: Iterable[ImportedRow]) -> list[Drop]:
        """Takes imported rows to train on, in their order, and returns what was left out of them.

        A row that is there already is left out, and so is one that asks what is to be validated
        on: with it, the control would be none.
        """
        drops: list[Drop] = []
        for row in rows:
            if _hash(row.messages) in self._said:
                drops.append(_left_out(row, "already_there", "a row says the same"))
            elif _hash(row.messages[:-1]) in self._asked_of_apart:
                detail = "its question is that of a fact which is kept out of training"
                drops.append(_left_out(row, "withheld", detail))
            else:
                self._keep(imported_example(row))
        return drops

    def __len__(self) -> int:
        """How many examples were taken."""
        return self._count

    def dataset(self, version: int) -> FrozenDataset:
        """The dataset of all that was taken."""
        rows = self._rows
        dataset_id = self._hash.of(self._withheld, rows.others)
        return FrozenDataset(dataset_id, version, rows.examples, self._withheld, rows.others)

    def _keep(self, row: TrainingRow) -> None:
        self._rows.keep(row)
        if isinstance(row, Example):
            self._count += 1
            self._hash.add(row)
            self._said.add(_hash(row.messages))
            if row.split == "validation":
                self._asked_of_apart.add(_hash(row.messages[:-1]))


def _hash(messages: Sequence[Message]) -> bytes:
    """Equal for equal messages."""
    digest = hashlib.sha256()
    for message in messages:
        digest.update(message.model_dump_json().encode() + b"\n")
    return digest.digest()[:16]


def _left_out(row: ImportedRow, reason: str, detail: str) -> Drop:
    text = row.messages[-1].content[:200]
    return Drop(subject_id=row.id, subject="row", reason=reason, detail=detail, text=text)
