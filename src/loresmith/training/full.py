"""Why: with a small model, learning with all weights is as quick and holds the most."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

from loresmith.models.quiet import without_progress_bars
from loresmith.training.method import TrainingMethod

_WEIGHTS = "model.safetensors"


class Full(TrainingMethod):
    """All weights are learned, in fp32. Needs 16 bytes of memory a parameter, and activations."""

    type: Literal["full"] = "full"

    def default_learning_rate(self, parameters: int) -> float:
        """1.5e-4 for 135M (measured by us), about 3e-5 for 3B and 2e-5 for 8B (usual choices)."""
        return learning_rate_of_whole_weights(parameters)

    @property
    def default_epochs(self) -> float:
        return 2.0

    @property
    def delivery(self) -> Literal["adapter", "model"]:
        return "model"

    def prepare(self, model: Any, *, base: Path) -> Any:  # noqa: ARG002
        return model.requires_grad_(True)

    def save_weights(self, model: Any, folder: Path) -> None:
        from safetensors.torch import save_model

        folder.mkdir(parents=True, exist_ok=True)
        save_model(model, str(folder / _WEIGHTS), metadata={"format": "pt"})
        model.config.save_pretrained(folder)

    def load_weights(self, model: Any, folder: Path) -> None:
        from safetensors.torch import load_model

        load_model(model, folder / _WEIGHTS)

    def deliver(self, model: Any, folder: Path, *, dtype: str) -> None:
        """Writes whole weights; turns `model` itself into `dtype`, so it is the last thing done."""
        write_whole_model(model, folder, dtype=dtype)


def learning_rate_of_whole_weights(parameters: int) -> float:
    """The peak for weights that are learned themselves, in a model with so many of them."""
    return min(1e-3, 1.5e-4 * math.pow(135e6 / max(parameters, 1), 0.5))


def write_whole_model(model: Any, folder: Path, *, dtype: str) -> None:
    """Writes all weights as transformers loads them; turns `model` itself into `dtype`."""
    import torch

    with without_progress_bars():
        model.to(getattr(torch, dtype)).save_pretrained(folder)
