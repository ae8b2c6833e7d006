"""How the weights of a model lie on the processes that train it: copied, or cut into shards."""

from __future__ import annotations

from loresmith.training.placement.copies import Copies
from loresmith.training.placement.place import (
    keeps_whole,
    place,
    placement_notes,
    placement_obstacles,
)
from loresmith.training.placement.shares import Shares, shares_of

__all__ = [
    "Copies",
    "Shares",
    "keeps_whole",
    "place",
    "placement_notes",
    "placement_obstacles",
    "shares_of",
]
