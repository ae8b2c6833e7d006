"""Why: who writes a model wants it whole, and in shards it is nowhere: a twin takes what is brought
together, in the first process's main memory."""

from __future__ import annotations

import copy
from typing import Any


def empty_twin(model: Any) -> Any:
    """The same modules with weights that hold nothing yet; what is tied stays tied."""
    import torch

    empty: dict[int, Any] = {
        id(parameter): torch.nn.Parameter(
            torch.empty(0, dtype=parameter.dtype), requires_grad=parameter.requires_grad
        )
        for parameter in model.parameters()
    }
    return copy.deepcopy(model, empty)


class KeptState:
    """Takes an optimizer's state as an optimizer would, and keeps it."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Keeps `state`."""
        self.state = state
