"""Why: which rows a step learns depends on seed and step alone, so that a resume needs no more."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from loresmith.training.rows import Row


class HasRows(Protocol):
    """What goes through a model together: a row, or a pair of them."""

    @property
    def rows(self) -> Sequence[Row]:
        """Its rows, one at least."""


ItemT = TypeVar("ItemT", bound=HasRows)

_MUCH_PADDING = 1.25  # tokens with padding to tokens without


class Order(Generic[ItemT]):
    """Each epoch goes through all rows once, in an order of its own. Steps of an epoch differ by
    one row at most: no step is left with a lone, noisy row."""

    def __init__(self, rows: Sequence[ItemT], *, steps_per_epoch: int, seed: int) -> None:
        self._rows = rows
        self._steps_per_epoch = steps_per_epoch
        self._seed = seed
        self._epoch = -1
        self._shuffled: list[int] = []

    def rows_of_step(self, step: int) -> list[ItemT]:
        """What the optimizer step with this index, from 0, learns."""
        epoch, position = divmod(step, self._steps_per_epoch)
        if epoch != self._epoch:
            self._shuffled = list(range(len(self._rows)))
            random.Random(f"{self._seed}/{epoch}").shuffle(self._shuffled)
            self._epoch = epoch
        start = position * len(self._rows) // self._steps_per_epoch
        end = (position + 1) * len(self._rows) // self._steps_per_epoch
        return [self._rows[index] for index in self._shuffled[start:end]]


def split_into_passes(
    items: Sequence[ItemT], *, tokens: int, packed: bool, worth_a_pass: int
) -> list[list[ItemT]]:
    """Items of like length together, rows or pairs of them, at most `tokens` at once (a longer one
    goes alone).

    Where rows are not packed, padding counts, and a pass of `worth_a_pass` tokens or more ends
    where the next item would make much of it padding.
    """
    passes: list[list[ItemT]] = []
    rows = own = 0
    for item in sorted(items, key=_longest):
        more = sum(len(row.input_ids) for row in item.rows)
        padded = _longest(item) * (rows + len(item.rows))
        full = own + more > tokens if packed else padded > tokens
        wasteful = not packed and own >= worth_a_pass and padded > _MUCH_PADDING * (own + more)
        if not passes or full or wasteful:
            passes.append([])
            rows = own = 0
        passes[-1].append(item)
        rows += len(item.rows)
        own += more
    return passes


def _longest(item: HasRows) -> int:
    return max(len(row.input_ids) for row in item.rows)
