"""Why: settings say how a model lies on its processes; here they become the one that does it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loresmith.devices import Device
from loresmith.errors import TrainingError
from loresmith.training.method import TrainingMethod
from loresmith.training.placement.copies import Copies
from loresmith.training.ranks import Ranks


def place(model: Any, method: TrainingMethod, ranks: Ranks, *, device: Device) -> Copies:
    """Puts `model` on the processes as `method` says, with its optimizer."""
    ranks.copy_from_first(p for p in model.parameters() if p.requires_grad)
    if method.fsdp != "off" and ranks.world_size > 1:
        from loresmith.training.placement.fsdp import FullyShardedCopies

        return FullyShardedCopies(model, method, ranks, device)
    return Copies(model, method, ranks)


def placement_obstacles(method: TrainingMethod) -> Iterator[TrainingError]:
    """Why the model cannot lie on this machine's processes as `method` says, if so."""
    if method.fsdp != "off" and getattr(method, "quantization", None) is not None:
        yield TrainingError(
            "training.fsdp does not go with training.quantization",
            hint="Leave one of them out.",
        )
