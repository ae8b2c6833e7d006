"""Two versions of a dataset side by side, without holding either in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from loresmith.datasets.comparing import (
    Change,
    ChangeKind,
    Placed,
    counts_by_document,
    match_rows,
)
from loresmith.records import Example, Record
from loresmith.workspace.frozen_rows import FrozenRows


class Comparison(Record):
    """How a newer version differs from an older one, in figures."""

    older: int
    newer: int
    added: int
    removed: int
    changed: int
    """Rows that ask the same, or word the same fact, in another way or with another answer."""
    moved: int
    """Rows that were to be trained on and are now to be validated on, or the other way round."""
    unchanged: int
    documents: dict[str, dict[str, int]]
    """The changes of each document, by kind."""


class ChangedRow(Record):
    """One difference; `before` is missing for what was added, `after` for what was removed."""

    kind: ChangeKind
    document: str
    before: Example | None = None
    after: Example | None = None


class Difference(NamedTuple):
    """All changes, and how many rows did not change."""

    changes: Sequence[Change]
    unchanged: int

    def of(self, kind: ChangeKind | None) -> Sequence[Change]:
        """The changes of one kind, or all."""
        return [change for change in self.changes if kind in (None, change.kind)]

    def compared(self, older: int, newer: int) -> Comparison:
        kinds = [change.kind for change in self.changes]
        documents = counts_by_document(self.changes)
        return Comparison(
            older=older,
            newer=newer,
            added=kinds.count("added"),
            removed=kinds.count("removed"),
            changed=kinds.count("changed"),
            moved=kinds.count("moved"),
            unchanged=self.unchanged,
            documents={name: dict(counts) for name, counts in documents.items()},
        )


@lru_cache(maxsize=4)
def difference(older: Path, newer: Path) -> Difference:
    """What changed between two files of frozen rows; they never change, so it is kept."""
    before, after = _places(FrozenRows(older)), _places(FrozenRows(newer))
    shared = before.keys() & after.keys()
    moved = [
        Change("moved", "", before=before[one].place, after=after[one].place)
        for one in shared
        if before[one].trained != after[one].trained
    ]
    moved.sort(key=lambda change: change.after or 0)
    changes = match_rows(
        _only(FrozenRows(older), [row.place for one, row in before.items() if one not in shared]),
        _only(FrozenRows(newer), [row.place for one, row in after.items() if one not in shared]),
    )
    named = [_named(change, FrozenRows(newer)) for change in moved]
    return Difference([*changes, *named], len(shared) - len(moved))


class _Seen(NamedTuple):
    place: int
    trained: bool


def _places(rows: FrozenRows) -> dict[bytes, _Seen]:
    """Where each row stands, by its id; the lines are not parsed."""
    return {
        line[7:31]: _Seen(place, b'"split":"train"' in line)
        for place, line in enumerate(rows.lines())
    }


def _only(rows: FrozenRows, places: list[int]) -> Iterator[Placed]:
    places.sort()
    for start in range(0, len(places), 1000):
        some = places[start : start + 1000]
        yield from map(Placed, some, rows.at(some))


def _named(change: Change, newer: FrozenRows) -> Change:
    (example,) = newer.at([change.after or 0])
    return change._replace(document=example.provenance.document or "")
