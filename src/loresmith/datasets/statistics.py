"""Counts what is in a dataset and what was left out of it, for people and for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from loresmith.datasets.other_files import files_of
from loresmith.records import Dataset, Drop, Example


def statistics(dataset: Dataset, drops: Sequence[Drop] = ()) -> dict[str, Any]:
    """What `statistics.json` holds; lengths are in characters, counts are of rows to train on."""
    train = [example for example in dataset.examples if example.split == "train"]
    counted = _counted(dataset, train)
    free = sum(not example.provenance.grounded for example in train)
    if free:
        counted["ungrounded_rows"] = free
    if dataset.others:
        counted["other_files"] = {file.name: len(file.rows) for file in files_of(dataset)}
    counted["dropped"] = _counts(drop.reason for drop in drops)
    return counted


def _counted(dataset: Dataset, train: Sequence[Example]) -> dict[str, Any]:
    return {
        "id": dataset.id,
        "version": dataset.version,
        "rows": len(train),
        "validation_rows": len(dataset.examples) - len(train),
        "facts": len(facts_of(train)),
        "withheld_facts": len(dataset.withheld),
        "documents": _counts(example.provenance.document or "" for example in train),
        "languages": _counts(example.language for example in train),
        "kinds": _counts(example.provenance.kind for example in train),
        "characters": {
            "prompts": _lengths(train, roles=("system", "user")),
            "answers": _lengths(train, roles=("assistant",)),
        },
    }


def facts_of(examples: Iterable[Example]) -> set[str]:
    """The ids of the facts that rows state."""
    found: set[str] = set()
    for example in examples:
        origin = example.provenance
        found |= {*origin.fact_ids, *([origin.fact_id] if origin.fact_id else [])}
    return found


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _lengths(examples: Iterable[Example], *, roles: tuple[str, ...]) -> dict[str, float]:
    lengths = sorted(sum(len(m.content) for m in e.messages if m.role in roles) for e in examples)
    if not lengths:
        return {"total": 0, "least": 0, "median": 0, "most": 0}
    middle = len(lengths) // 2
    median = lengths[middle] if len(lengths) % 2 else (lengths[middle - 1] + lengths[middle]) / 2
    return {"total": sum(lengths), "least": lengths[0], "median": median, "most": lengths[-1]}
