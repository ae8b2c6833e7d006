"""What changed from one version of a dataset to another: rows added, removed, and changed.

A row is known again by its id (its wording and text). Of the others, one is the changed form of
another when both ask the same, or when both word the same fact in the same way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from loresmith.records import Example

ChangeKind = Literal["added", "removed", "changed", "moved"]


class Change(NamedTuple):
    """One difference; `before` and `after` are places of rows in the older and newer version."""

    kind: ChangeKind
    document: str
    before: int | None = None
    after: int | None = None


class Placed(NamedTuple):
    """A row that only one of the versions has, and its place there."""

    place: int
    example: Example


def match_rows(removed: Iterable[Placed], added: Iterable[Placed]) -> list[Change]:
    """The changes between rows that only the older and rows that only the newer version has.

    The order is that of the newer version, with what is gone after it.
    """
    old, new = list(removed), list(added)
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for key in (_asked, _worded):
        waiting: dict[object, list[int]] = defaultdict(list)
        for row in old:
            if row.place not in taken:
                waiting[key(row.example)].append(row.place)
        for row in new:
            same = waiting.get(key(row.example)) if row.place not in pairs else None
            if same:
                pairs[row.place] = same.pop(0)
                taken.add(pairs[row.place])
    return [*_of_new(new, pairs), *_of_old(old, taken)]


def counts_by_document(changes: Sequence[Change]) -> dict[str, dict[ChangeKind, int]]:
    """How many changes of each kind a document has, by its name."""
    counted: dict[str, dict[ChangeKind, int]] = {}
    for change in changes:
        kinds = counted.setdefault(change.document, {})
        kinds[change.kind] = kinds.get(change.kind, 0) + 1
    return dict(sorted(counted.items()))


def _of_new(new: Iterable[Placed], pairs: dict[int, int]) -> Iterator[Change]:
    for row in new:
        document = row.example.provenance.document or ""
        if row.place in pairs:
            yield Change("changed", document, before=pairs[row.place], after=row.place)
        else:
            yield Change("added", document, after=row.place)


def _of_old(old: Iterable[Placed], taken: set[int]) -> Iterator[Change]:
    for row in old:
        if row.place not in taken:
            yield Change("removed", row.example.provenance.document or "", before=row.place)


def _asked(example: Example) -> object:
    """Where it comes from and all that is said before the last reply."""
    provenance = example.provenance
    return provenance.document, provenance.kind, example.messages[:-1]


def _worded(example: Example) -> object:
    """The fact and the way of asking; for a row without a fact, nothing that another has."""
    provenance = example.provenance
    if provenance.fact_id is None:
        return example.id
    return provenance.fact_id, provenance.kind
