"""Puts the rows of several datasets into one order: one after the other, or in turns."""

from __future__ import annotations

import bisect
import itertools
import math
import random
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeVar, get_args

Mix = Literal["concat", "interleave_under", "interleave_over", "interleave_once"]
"""How datasets are mixed. `concat`: one after the other. The others take turns, or draw whose turn
it is with `probs`: `interleave_under` until the first dataset is used up (the rest of the others
is left out), `interleave_over` until all are (those used up begin again, so rows repeat),
`interleave_once` until all are, each row once."""

_T = TypeVar("_T")


class _Pick(NamedTuple):
    """The row that is next: which of the datasets, and which of its rows."""

    source: int
    row: int


def mixed(
    sources: Sequence[Sequence[_T]], mix: Mix, *, probs: Sequence[float] | None, seed: int
) -> list[_T]:
    """The rows in their order. One dataset alone stays as it is; none may be empty.

    Equal arguments give equal rows on every machine.
    """
    if mix == "concat" or len(sources) == 1:
        return [row for source in sources for row in source]
    lengths = [len(source) for source in sources]
    picks = _drawn(lengths, mix, probs, seed) if probs else _in_turn(lengths, mix)
    return [sources[pick.source][pick.row] for pick in picks]


def mix_faults(mix: str, probs: Sequence[float] | None, count: int) -> list[str]:
    """What is wrong with a wish to mix `count` datasets so."""
    faults: list[str] = []
    if mix not in get_args(Mix):
        faults.append(f"mix_strategy: {mix!r} is unknown; it can be {', '.join(get_args(Mix))}")
    if probs is None:
        return faults
    if mix == "concat":
        faults.append("interleave_probs: is of no use with mix_strategy concat")
    if len(probs) != count:
        faults.append(f"interleave_probs: has {len(probs)} for {count} datasets")
    elif not all(math.isfinite(prob) and prob > 0 for prob in probs):
        faults.append("interleave_probs: each should be greater than 0")
    elif abs(sum(probs) - 1) > _ROUNDED:
        faults.append(f"interleave_probs: should add up to 1, and add up to {sum(probs):.4g}")
    return faults


_ROUNDED = 1e-3
"""How far from 1 rounded shares such as 0.333 may add up."""


def _in_turn(lengths: Sequence[int], mix: Mix) -> Iterator[_Pick]:
    """Whole rounds, in each of which every dataset has its turn."""
    rounds = min(lengths) if mix == "interleave_under" else max(lengths)
    for number in range(rounds):
        for source, length in enumerate(lengths):
            if number < length or mix == "interleave_over":
                yield _Pick(source, number % length)


def _drawn(lengths: Sequence[int], mix: Mix, probs: Sequence[float], seed: int) -> Iterator[_Pick]:
    """Whose turn it is by chance; `random.random` draws the same on every version of Python."""
    chance = random.Random(seed)
    bounds = list(itertools.accumulate(probs))
    taken = [0] * len(lengths)
    while True:
        drawn = bisect.bisect_right(bounds, chance.random() * bounds[-1])
        source = min(drawn, len(lengths) - 1)
        if mix == "interleave_once" and taken[source] >= lengths[source]:
            continue
        yield _Pick(source, taken[source] % lengths[source])
        taken[source] += 1
        used_up = [count >= length for count, length in zip(taken, lengths, strict=True)]
        if any(used_up) if mix == "interleave_under" else all(used_up):
            return
