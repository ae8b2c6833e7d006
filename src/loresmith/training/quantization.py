"""Why: a base model held in 4 or 8 bits leaves room for a larger one (QLoRA, arXiv 2305.14314).

That is bitsandbytes' work, and whether it does it on this machine (its card, its driver, a CPU)
shows only when it is tried: so it is, in a process of its own and before anything is loaded.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any, Literal

from loresmith.errors import TrainingError
from loresmith.models.loading import keep_gradients
from loresmith.training.probing import probed_apart

Bits = Literal[4, 8]

_INSTEAD = (
    "Set training.quantization to null: then the base is held in bf16, in two bytes a parameter."
)


def quantization_obstacles(bits: Bits) -> Iterator[TrainingError]:
    """Why a base model cannot be quantized on this machine, if so."""
    if importlib.util.find_spec("bitsandbytes") is None:
        yield TrainingError(
            f"training.quantization {bits} needs the package bitsandbytes, which is not installed",
            hint=f"pip install bitsandbytes, where there is a build for this machine's card. "
            f"{_INSTEAD}",
        )
        return
    fault = probed_apart("loresmith.training.quantization", "probe_quantization", str(bits))
    if fault:
        yield TrainingError(
            f"bitsandbytes cannot hold a model in {bits} bits on this machine: {fault.message}",
            hint=f"On some cards, a DCU among them, it needs a build of its own. {_INSTEAD}",
        )


def probe_quantization(bits: str) -> None:
    """Takes a tiny quantized layer forward and back on this machine's device; raises what that
    raises, and RuntimeError when the result is far from that of the layer as it was."""
    import torch

    from loresmith.devices import detect_device

    device = detect_device()
    torch.manual_seed(0)
    plain = torch.nn.Linear(256, 256, bias=False)
    layer = _quantized(plain, bits=int(bits)).to(device.torch_device)
    keep_gradients(layer)
    dtype = torch.bfloat16 if device.bf16 else torch.float32
    given = torch.randn(8, 256, device=device.torch_device, dtype=dtype, requires_grad=True)
    with torch.autocast(torch.device(device.torch_device).type, dtype, enabled=device.bf16):
        layer.eval()(given.detach())  # as practice does between steps
        result = layer.train()(given)
    result.float().sum().backward()
    if given.grad is None:
        raise RuntimeError("no gradient comes back through a layer")
    of_plain = plain.weight.detach()
    _compare("results", result, given.detach().float().cpu() @ of_plain.T)
    _compare("gradients", given.grad, of_plain.sum(0).expand(8, -1))


def _compare(what: str, given: Any, expected: Any) -> None:
    off = (given.detach().float().cpu() - expected).norm() / expected.norm()
    if not bool(off < 0.2):
        raise RuntimeError(f"a layer's {what} are off by {float(off):.0%}")


def _quantized(plain: Any, *, bits: int) -> Any:
    import bitsandbytes  # type: ignore[import-not-found, unused-ignore]

    if bits == 4:
        layer = bitsandbytes.nn.Linear4bit(256, 256, bias=False, quant_type="nf4")
    else:
        layer = bitsandbytes.nn.Linear8bitLt(256, 256, bias=False, has_fp16_weights=False)
    layer.load_state_dict(plain.state_dict())
    return layer
