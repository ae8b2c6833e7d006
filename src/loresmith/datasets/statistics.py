"""Counts what is in a dataset and what was left out of it, for people and for the report."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from loresmith.datasets.frozen import FrozenDataset
from loresmith.datasets.other_files import files_of
from loresmith.records import Drop, Example


def statistics(dataset: FrozenDataset, drops: Sequence[Drop] = ()) -> dict[str, Any]:
    """What `statistics.json` holds; lengths are in characters, counts are of rows to train on."""
    train, validation_rows = _Counting(), 0
    for example in dataset.examples:
        if example.split == "train":
            train.add(example)
        else:
            validation_rows += 1
    counted: dict[str, Any] = {
        "id": dataset.id,
        "version": dataset.version,
        "rows": len(train.answers),
        "validation_rows": validation_rows,
        "facts": len(train.facts),
        "withheld_facts": len(dataset.withheld),
        "documents": _in_order(train.documents),
        "languages": _in_order(train.languages),
        "kinds": _in_order(train.kinds),
        "characters": {"prompts": _lengths(train.prompts), "answers": _lengths(train.answers)},
    }
    if train.ungrounded:
        counted["ungrounded_rows"] = train.ungrounded
    others = {file.name: file.row_count for file in files_of(dataset)}
    if others:
        counted["other_files"] = others
    counted["dropped"] = _in_order(Counter(drop.reason for drop in drops))
    return counted


class _Counting:
    """What is counted of rows while they go by; of each row, its lengths are remembered."""

    def __init__(self) -> None:
        self.facts: set[str] = set()
        self.documents: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.ungrounded = 0
        self.prompts = array("Q")
        self.answers = array("Q")

    def add(self, example: Example) -> None:
        origin = example.provenance
        self.facts |= facts_of(example)
        self.documents[origin.document or ""] += 1
        self.languages[example.language] += 1
        self.kinds[origin.kind] += 1
        self.ungrounded += not origin.grounded
        self.prompts.append(_characters(example, ("system", "user")))
        self.answers.append(_characters(example, ("assistant",)))


def facts_of(example: Example) -> set[str]:
    """The ids of the facts that a row states."""
    origin = example.provenance
    return {*origin.fact_ids, *([origin.fact_id] if origin.fact_id else [])}


def _in_order(counted: Counter[str]) -> dict[str, int]:
    return dict(sorted(counted.items()))


def _characters(example: Example, roles: tuple[str, ...]) -> int:
    return sum(len(message.content) for message in example.messages if message.role in roles)


def _lengths(of_rows: Iterable[int]) -> dict[str, float]:
    lengths = sorted(of_rows)
    if not lengths:
        return {"total": 0, "least": 0, "median": 0, "most": 0}
    middle = len(lengths) // 2
    median = lengths[middle] if len(lengths) % 2 else (lengths[middle - 1] + lengths[middle]) / 2
    return {"total": sum(lengths), "least": lengths[0], "median": median, "most": lengths[-1]}
