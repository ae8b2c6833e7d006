"""Why: how the learning rate falls after its peak, by the names that transformers gives the ways.

The formulas are those of transformers with its own defaults (one cycle of restarts, power 1 down to
1e-7, a time scale of the warm-up), so that a rate here is what the same name gives there.
"""

from __future__ import annotations

import difflib
import math
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator

SchedulerName = Literal[
    "cosine",
    "linear",
    "constant",
    "constant_with_warmup",
    "cosine_with_restarts",
    "polynomial",
    "inverse_sqrt",
]

_LOWEST_RATE = 1e-7  # where `polynomial` ends
_TIME_SCALE = 10_000  # steps of `inverse_sqrt` without a warm-up
_NEEDS_SETTINGS = ("cosine_with_min_lr", "cosine_warmup_with_min_lr", "warmup_stable_decay")
_BY_LOSS = ("reduce_lr_on_plateau", "greedy")


def _explained(value: Any) -> Any:
    """Says of a name that is not offered why, and what to take; the rest is left to the type."""
    if value in _NEEDS_SETTINGS:
        raise ValueError(f"{value} is not offered: it needs settings of its own; take cosine")
    if value in _BY_LOSS:
        raise ValueError(
            f"{value} is not offered: here a learning rate depends on the step alone; take cosine"
        )
    close = difflib.get_close_matches(str(value), get_args(SchedulerName), n=1)
    if close and close[0] != value:
        raise ValueError(f"unknown; did you mean {close[0]}?")
    return value


Scheduler = Annotated[SchedulerName, BeforeValidator(_explained)]
"""The name of a way, as recipes give it."""


def rate_after_peak(
    scheduler: SchedulerName, *, peak: float, step: int, warmup_steps: int, total_steps: int
) -> float:
    """The learning rate of the step with this index, from 0, once the warm-up is over."""
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    if scheduler == "polynomial":
        lowest = min(_LOWEST_RATE, peak)
        return (peak - lowest) * (1 - progress) + lowest
    if scheduler == "inverse_sqrt":
        scale = warmup_steps or _TIME_SCALE
        return peak / math.sqrt((step + scale - warmup_steps) / scale)
    if scheduler == "linear":
        return peak * (1 - progress)
    if scheduler in ("cosine", "cosine_with_restarts"):
        return peak * (0.5 * (1 + math.cos(math.pi * progress)))
    return peak
