from __future__ import annotations

from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from loresmith.training.fused.lora_linear import fused_lora_linear


class One(torch.nn.Module):
    def __init__(self, *, bias: bool, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(24, 40, bias=bias, dtype=dtype)

    def forward(self, tokens: Any) -> Any:
        return self.layer(tokens)


def adapted(
    *, bias: bool = False, dtype: torch.dtype = torch.float32, **settings: Any
) -> tuple[Any, Any]:
    """A model, and its only layer."""
    torch.manual_seed(4)
    config = LoraConfig(r=4, lora_alpha=12, target_modules=["layer"], **settings)
    model = get_peft_model(One(bias=bias, dtype=dtype), config)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = torch.randn_like(parameter, dtype=torch.float32) * 0.3
    return model, model.base_model.model.layer


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_outputs_and_gradients_are_those_of_peft(bias: bool, dtype: torch.dtype) -> None:
    model, layer = adapted(bias=bias, dtype=dtype)
    fused = fused_lora_linear(layer)
    assert fused is not None
    numbers, into = torch.randn(2, 5, 24, dtype=dtype), torch.randn(2, 5, 40, dtype=dtype)
    results = []
    for way in (layer, fused):
        model.zero_grad()
        tokens = numbers.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            output = way(tokens)
        output.backward(into)
        learned = [parameter.grad for parameter in model.parameters() if parameter.requires_grad]
        results.append([output, tokens.grad, *learned])
    for ours, expected in zip(*results[::-1], strict=True):
        length = (ours.float() - expected.float()).norm() / expected.float().norm()
        assert length < (1e-5 if dtype == torch.float32 else 0.01)


def test_what_is_more_than_one_plain_adapter_is_left_to_peft() -> None:
    for settings in ({"use_dora": True}, {"lora_dropout": 0.1}, {"lora_bias": True}):
        model, layer = adapted(**settings)
        assert fused_lora_linear(layer) is None, settings
    model, layer = adapted()
    model.add_adapter("second", LoraConfig(r=2, target_modules=["layer"]))
    model.base_model.set_adapter(["default", "second"])
    assert fused_lora_linear(layer) is None
    model, layer = adapted()
    layer.base_layer.weight.requires_grad_(True)
    assert fused_lora_linear(layer) is None
    model, layer = adapted()
    layer.lora_A["default"].register_forward_hook(lambda *_: None)
    assert fused_lora_linear(layer) is None
    model, layer = adapted()
    layer.merge()
    assert fused_lora_linear(layer) is None
    assert fused_lora_linear(torch.nn.Linear(3, 3)) is None
