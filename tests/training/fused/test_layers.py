from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from loresmith.devices import Device
from loresmith.training import Lora
from loresmith.training.forward import Forward
from loresmith.training.fused.layers import fused_layers, taken
from loresmith.training.method import Precision
from loresmith.training.rows import Row

ROWS = [Row([*range(n, n + 5 * n)], [*[False] * n, *[True] * 4 * n]) for n in (3, 6, 4)]


def adapted(base: Path, device: Device, precision: Precision) -> Any:
    torch.manual_seed(6)
    method = Lora(rank=4)
    model = method.load(base, device=device, precision=precision).model
    model = method.prepare(model, base=base)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:  # begins as zero: nothing of the adapter would be seen
            parameter.data.normal_(0, 0.1)
    return model.train()


def learned(model: Any, precision: str, *, fused: bool, packing: str) -> tuple[float, Any]:
    way = Forward(model, device="cpu", precision=precision, pad_id=2, pass_tokens=4096, fused=fused)
    way.choose(ROWS, packing)  # type: ignore[arg-type]
    model.zero_grad(set_to_none=True)
    with way.ready():
        loss = way.backward(ROWS)
    gradients = [p.grad.flatten() for p in model.parameters() if p.grad is not None]
    return loss, torch.cat(gradients)


@pytest.mark.parametrize("packing", ["on", "off"])
@pytest.mark.parametrize(("precision", "apart"), [("fp32", 1e-5), ("bf16", 0.03)])
def test_a_step_is_the_same_with_and_without(
    base: Path, device: Device, precision: Precision, apart: float, packing: str
) -> None:
    model = adapted(base, device, precision)
    ours, ours_gradients = learned(model, precision, fused=True, packing=packing)
    plain, plain_gradients = learned(model, precision, fused=False, packing=packing)
    assert ours == pytest.approx(plain, rel=apart)
    assert (ours_gradients - plain_gradients).norm() < apart * plain_gradients.norm()


def test_a_model_is_its_own_again_after_a_step(base: Path, device: Device) -> None:
    model = adapted(base, device, "fp32")
    fused = fused_layers(model)
    assert len(fused) == 2 * 7 + 5  # of two blocks the linear layers, and all norms
    with pytest.raises(KeyError), taken(fused), taken(fused):
        assert all("forward" in vars(layer) for layer in fused)
        raise KeyError
    assert not any("forward" in vars(layer) for layer in model.modules())


def test_a_layer_that_somebody_else_has_changed_is_left_alone(base: Path, device: Device) -> None:
    model = adapted(base, device, "fp32")
    norm = next(m for m in model.modules() if type(m).__name__.endswith("RMSNorm"))
    norm.forward = norm.forward
    assert norm not in fused_layers(model)
