"""Why: what belongs together (a pair of answers) goes through the model together, and no more at
once than fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from loresmith.training.stages.stage import Item

if TYPE_CHECKING:
    from loresmith.training.forward import Forward

ItemT = TypeVar("ItemT", bound=Item)


def passes_of(items: Sequence[ItemT], *, tokens: int, packed: bool) -> Iterator[list[ItemT]]:
    """Items of like length together, at most `tokens` at once (a longer one goes alone).

    Where rows are not packed, padding counts.
    """
    part: list[ItemT] = []
    for item in sorted(items, key=_longest):
        if part and _cost([*part, item], packed=packed) > tokens:
            yield part
            part = []
        part.append(item)
    if part:
        yield part


def own_passes(items: Sequence[ItemT], forward: Forward) -> list[list[ItemT]]:
    """The passes of what this process learns. Where all processes go through the model in step,
    empty ones make up for those that another has more."""
    passes = [*passes_of(items, tokens=forward.pass_tokens, packed=forward.packed)]
    if forward.in_step:
        passes += [[]] * (forward.ranks.most(len(passes)) - len(passes))
    return passes


def _cost(items: Sequence[Item], *, packed: bool) -> int:
    lengths = [len(row.input_ids) for item in items for row in item.rows]
    return sum(lengths) if packed else max(lengths) * len(lengths)


def _longest(item: Item) -> int:
    return max(len(row.input_ids) for row in item.rows)
