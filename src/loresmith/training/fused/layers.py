"""Why: which of a model's layers ours can stand in for, and the moment when they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from loresmith.training.fused.lora_linear import fused_lora_linear
from loresmith.training.fused.rms_norm import fused_rms_norm

FUSED = (fused_lora_linear, fused_rms_norm)
"""Each gives what computes the same as a layer; None where it does not know the layer."""

Fused = Mapping[Any, Callable[[Any], Any]]


def fused_layers(model: Any) -> Fused:
    """The layers of `model` that can be computed otherwise, and how."""
    return {
        layer: forward
        for layer in model.modules()
        if "forward" not in vars(layer)  # changed by somebody else
        for forward in (fuse(layer) for fuse in FUSED)
        if forward is not None
    }


@contextmanager
def taken(fused: Fused) -> Iterator[None]:
    """Within this, the layers compute so."""
    changed = [layer for layer in fused if "forward" not in vars(layer)]
    for layer in changed:
        layer.forward = fused[layer]
    try:
        yield
    finally:
        for layer in changed:
            del layer.forward
