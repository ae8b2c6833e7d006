"""Keeps some rows out of training, to validate on them."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from loresmith.errors import DatasetError
from loresmith.records import Example, FeedbackExample, PreferenceExample, StoredRecord, TextExample

RowT = TypeVar("RowT", bound=StoredRecord)


@dataclass(frozen=True)
class ValidationSplit(Generic[RowT]):
    """The rows to train on and those to validate on, each in their old order."""

    train: tuple[RowT, ...]
    validation: tuple[RowT, ...]


def split_validation(
    rows: Sequence[RowT], val_size: float, *, seed: int = 42
) -> ValidationSplit[RowT]:
    """Keeps `val_size` rows for validation: a share if it is below 1, else a number of rows.

    Rows that say the same stay together, so that none is validated on that was trained on; where
    they do not fit, a few less are kept. Equal arguments give equal rows on every machine.
    Raises DatasetError where the size is neither, or leaves nothing to train on.
    """
    count = _count(val_size, len(rows))
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        groups[_content(row)].append(index)
    chance = random.Random(seed)
    order = sorted(groups.values(), key=lambda _: chance.random())
    kept_out: set[int] = set()
    for group in order:
        if len(kept_out) + len(group) <= count:
            kept_out.update(group)
    return ValidationSplit(
        tuple(row for index, row in enumerate(rows) if index not in kept_out),
        tuple(
            row.model_copy(update={"split": "validation"})
            for index, row in enumerate(rows)
            if index in kept_out
        ),
    )


def _count(val_size: float, rows: int) -> int:
    whole = val_size >= 1 and val_size == int(val_size) if math.isfinite(val_size) else False
    if not whole and not 0 <= val_size < 1:
        raise DatasetError(
            f"val_size: {val_size} is neither a share below 1 nor a whole number of rows"
        )
    count = int(val_size) if whole else math.ceil(round(val_size * rows, 6))
    if count and count >= rows:
        raise DatasetError(
            f"val_size: {count} rows to validate on leave none of {rows} to train on",
            hint="Give a smaller val_size, or 0.",
        )
    return count


def _content(row: StoredRecord) -> Hashable:
    """What makes two rows the same."""
    if isinstance(row, Example):
        return (row.messages, row.tools)
    if isinstance(row, PreferenceExample):
        return (row.prompt, row.chosen, row.rejected)
    if isinstance(row, FeedbackExample):
        return (row.prompt, row.completion)
    return row.text if isinstance(row, TextExample) else row.id
