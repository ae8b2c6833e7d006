"""Why: rows of tokens become the tensors that a model takes, packed or padded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from loresmith.training.attention import PackedLayout, Table
from loresmith.training.rows import Row

_WORTH_SHARING = 4  # tokens
_PAIRS_WASTED = 2000  # of tokens that attend to padding, a row: dearer than a table of its own


class Batch(NamedTuple):
    """What goes through a model at once. Tensors; a token's place counts over all rows."""

    inputs: dict[str, Any]
    """Arguments of the model's forward."""
    places: Any
    """Where the model predicts a token that is to be learned."""
    targets: Any
    """The tokens to be learned there."""


def padded_batch(rows: Sequence[Row], *, pad_id: int, device: str) -> Batch:
    """Rows side by side, filled up on the right to the longest; masked by length, never by id."""
    import torch

    width = max(len(row.input_ids) for row in rows)
    ids = [row.input_ids + [pad_id] * (width - len(row.input_ids)) for row in rows]
    mask = [[1] * len(row.input_ids) + [0] * (width - len(row.input_ids)) for row in rows]
    places, targets = [], []
    for number, row in enumerate(rows):
        for position in _learned(row):
            places.append(number * width + position - 1)
            targets.append(row.input_ids[position])
    return Batch(
        {
            "input_ids": torch.tensor(ids, device=device),
            "attention_mask": torch.tensor(mask, device=device),
        },
        torch.tensor(places, dtype=torch.long, device=device),
        torch.tensor(targets, dtype=torch.long, device=device),
    )


def packed_batch(
    rows: Sequence[Row], *, device: str, share: bool = True, by_length: bool = False
) -> Batch:
    """Rows end to end, after what all of them begin with; positions restart for each row.

    There is no mask: see `attention`. Nothing that is to be learned is ever shared, and with
    `share` off, or `by_length` (for variable-length attention), nothing at all is.
    """
    import torch

    shared = _shared_start(rows) if share and not by_length else 0
    ids, positions = list(rows[0].input_ids[:shared]), list(range(shared))
    places: list[int] = []
    targets: list[int] = []
    for row in rows:
        before = len(ids) - shared  # own tokens of earlier rows
        for position in _learned(row):
            # The first own token is predicted where the shared ones end.
            at = position - 1
            places.append(at if at < shared else at + before)
            targets.append(row.input_ids[position])
        ids += row.input_ids[shared:]
        positions += range(shared, len(row.input_ids))
    layout = PackedLayout(
        shared=shared,
        longest=max(len(row.input_ids) for row in rows),
        tables=tuple(_tables(rows, shared, device=device)),
        starts=_starts(rows, device=device) if by_length else None,
    )
    return Batch(
        {
            "input_ids": torch.tensor([ids], device=device),
            "position_ids": torch.tensor([positions], device=device),
            "layout": layout,
        },
        torch.tensor(places, dtype=torch.long, device=device),
        torch.tensor(targets, dtype=torch.long, device=device),
    )


def _tables(rows: Sequence[Row], shared: int, *, device: str) -> Iterator[Table]:
    """Rows of like length in one table, so that little is computed for padding. On a card, where a
    small product takes as long as a large one, all rows."""
    lengths: list[int] = []
    for row in rows:
        grown = [*lengths, len(row.input_ids) - shared]
        widest = max(grown)
        wasted = sum(widest * (widest + shared) - own * (own + shared) for own in grown)
        if lengths and device == "cpu" and wasted > _PAIRS_WASTED * len(grown):
            yield _table(lengths, device=device)
            grown = grown[-1:]
        lengths = grown
    yield _table(lengths, device=device)


def _table(lengths: Sequence[int], *, device: str) -> Table:
    """Of rows with so many own tokens each."""
    import torch

    rows, widest, tokens = len(lengths), max(lengths), sum(lengths)
    if rows * widest == tokens:
        return Table(rows, widest, tokens)
    gather: list[int] = []
    scatter: list[int] = []
    before = 0
    for number, own in enumerate(lengths):
        gather += [*range(before, before + own), *[0] * (widest - own)]
        scatter += range(number * widest, number * widest + own)
        before += own
    return Table(
        rows,
        widest,
        tokens,
        gather=torch.tensor(gather, device=device),
        scatter=torch.tensor(scatter, device=device),
    )


def _learned(row: Row) -> list[int]:
    """Positions to be learned; the first token of a row has nothing to be predicted from."""
    return [position for position, learn in enumerate(row.labels_mask) if learn and position > 0]


def _starts(rows: Sequence[Row], *, device: str) -> Any:
    import torch

    ends = list(accumulate(len(row.input_ids) for row in rows))
    return torch.tensor([0, *ends], dtype=torch.int32, device=device)


def _shared_start(rows: Sequence[Row]) -> int:
    """How many tokens all rows begin with, before the first that one of them learns."""
    if len(rows) < 2:
        return 0
    # Each row keeps a token of its own: that which is learned first is one.
    limit = min(_learned(row)[0] for row in rows)
    columns = zip(*(row.input_ids[:limit] for row in rows), strict=True)
    shared = next((i for i, column in enumerate(columns) if len(set(column)) > 1), limit)
    return shared if shared >= _WORTH_SHARING else 0
