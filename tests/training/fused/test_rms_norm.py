from __future__ import annotations

from typing import Any

import pytest
import torch

from loresmith.training.fused.rms_norm import fused_rms_norm


def norm(dtype: torch.dtype = torch.float32) -> Any:
    from transformers.models.llama.modeling_llama import LlamaRMSNorm

    layer = LlamaRMSNorm(48).to(dtype)
    torch.manual_seed(2)
    layer.weight.data.uniform_(0.5, 1.5)
    return layer


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_outputs_and_gradients_are_those_of_the_models_own_layer(dtype: torch.dtype) -> None:
    layer = norm(dtype)
    fused = fused_rms_norm(layer)
    assert fused is not None
    numbers, into = (torch.randn(2, 7, 48, dtype=dtype) for _ in range(2))
    results = []
    for way in (layer, fused):
        layer.zero_grad()
        tokens = numbers.clone().requires_grad_()
        output = way(tokens)
        output.backward(into)
        results.append((output, tokens.grad, layer.weight.grad))
    for ours, expected in zip(*results[::-1], strict=True):
        exact = dtype == torch.float32
        rtol, atol = (1e-4, 1e-5) if exact else (0.03, 0.03)
        torch.testing.assert_close(ours, expected, rtol=rtol, atol=atol)


def test_a_norm_that_computes_something_else_is_left_alone() -> None:
    from transformers.models.gemma.modeling_gemma import GemmaRMSNorm

    assert fused_rms_norm(GemmaRMSNorm(48)) is None  # scales by 1 + weight
    assert fused_rms_norm(torch.nn.LayerNorm(48)) is None
