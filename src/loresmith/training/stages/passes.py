"""Why: processes that go through shards of a model in step all take equally many passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from loresmith.training.stages.stage import Item

if TYPE_CHECKING:
    from loresmith.training.forward import Forward

ItemT = TypeVar("ItemT", bound=Item)


def own_passes(items: Sequence[ItemT], forward: Forward) -> list[list[ItemT]]:
    """The passes of what this process learns. Where all processes go through the model in step,
    empty ones make up for those that another has more."""
    passes = forward.split(items)
    if forward.in_step:
        passes += [[]] * (forward.ranks.most(len(passes)) - len(passes))
    return passes
