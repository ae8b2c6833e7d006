"""Why: what a process holds of a model in shards is told before it is loaded.

By the layout of torch's FSDP2 (https://docs.pytorch.org/docs/stable/distributed.fsdp.fully_shard.html):
a layer is brought together before it is computed, the next one while it is, and what belongs to no
layer (embeddings, head) from the beginning of a pass to its end.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from loresmith.training.method import TrainingMethod


class Shares(NamedTuple):
    """What one process holds of weights, gradients and optimizer between two steps, and what of
    the weights is brought together within one."""

    kept: float = 1.0
    """Share of each, from 0 (all of it lies in main memory) to 1."""
    together: Literal["nothing", "two layers", "all"] = "nothing"
    """Weights that a process holds whole while it computes, beside its own share."""

    @property
    def in_shards(self) -> bool:
        """Whether the model is called as a whole: scores of the vocabulary for all tokens too."""
        return self.together != "nothing"


def shares_of(method: TrainingMethod, *, processes: int, on_card: bool) -> Shares:
    """Each process's share, by `method`. DeepSpeed's stages are not counted: all is held whole."""
    if method.fsdp == "off" or processes == 1:
        return Shares()
    kept = 0.0 if method.fsdp_offload and on_card else 1 / processes
    return Shares(kept, "two layers" if method.fsdp == "full_shard" else "all")
