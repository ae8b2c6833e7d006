"""Why: on a card, Liger's fused kernels (norms, rotary positions, gates) take less time and memory.

They replace parts of the model in place, so they are taken only where a layer of theirs works on
this card (tried in a process of its own), and a row has the same scores with them as without.
"""

from __future__ import annotations

import importlib.util
from typing import Any

from loresmith.errors import TrainingError
from loresmith.training.probing import probed_apart

_TOLERANCE = 0.05  # of the length of the scores, in bf16


def reason_against_fused_kernels(torch_device: str) -> str:
    """Why they cannot be used on this device; empty where they can."""
    if not torch_device.startswith("cuda"):
        return "they are for a card, and this is none"
    if importlib.util.find_spec("liger_kernel") is None:
        return "the package liger-kernel is not installed"
    fault = probed_apart(__name__, "probe_fused_kernels", torch_device)
    return fault.message if fault is not None else ""


def probe_fused_kernels(torch_device: str) -> None:
    """Takes one of their layers forward and back; raises whatever that raises."""
    import torch
    from liger_kernel.transformers import LigerRMSNorm  # type: ignore[import-not-found, unused-ignore]

    layer = LigerRMSNorm(64).to(torch_device)
    layer(torch.randn(4, 64, device=torch_device, requires_grad=True)).sum().backward()


def use_fused_kernels(model: Any, token_ids: list[int]) -> None:
    """Puts them into `model` (not wrapped by peft), which is on a card that they work on.

    Losses stay ours: theirs would want the whole vocabulary's scores of every token. Raises
    TrainingError where the scores of `token_ids` come out otherwise with them.
    """
    from liger_kernel.transformers import (  # type: ignore[import-not-found, unused-ignore]
        _apply_liger_kernel_to_instance,
    )

    before = _scores(model, token_ids)
    _apply_liger_kernel_to_instance(
        model=model, cross_entropy=False, fused_linear_cross_entropy=False
    )
    difference = (_scores(model, token_ids) - before).norm() / before.norm()
    if not bool(difference < _TOLERANCE):
        raise TrainingError(
            f"with fused kernels this model's scores are off by {float(difference):.0%}",
            hint="Set training.fused_kernels to off.",
        )


def _scores(model: Any, token_ids: list[int]) -> Any:
    import torch

    was_training = model.training
    model.eval()
    with torch.no_grad():
        ids = torch.tensor([token_ids], device=model.device)
        scores = model(ids, use_cache=False).logits.float()
    model.train(was_training)
    return scores
