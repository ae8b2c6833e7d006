"""What the teacher's calls were, and what they cost: each call, each job, and all together."""

from loresmith.models.prices import Price, in_words
from loresmith.workspace.costs.calls import Calls, CallSeen, WholeCallSeen
from loresmith.workspace.costs.pricing import KnownPrices
from loresmith.workspace.costs.spending import Spent, SpentBy

__all__ = [
    "CallSeen",
    "Calls",
    "KnownPrices",
    "Price",
    "Spent",
    "SpentBy",
    "WholeCallSeen",
    "in_words",
]
